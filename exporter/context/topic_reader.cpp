#include "exporter/context/topic_reader.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "exporter/delay_histogram.h"
#include "exporter/kafka/kafka_config.h"

namespace hostscope::context {
namespace {

using exporter::KafkaConf;
using exporter::KafkaRole;
using exporter::SecretFiles;

constexpr int kPollMs = 200;
constexpr std::int64_t kNsPerMs = 1'000'000;

struct MessageDeleter {
  void operator()(rd_kafka_message_t* message) const noexcept { rd_kafka_message_destroy(message); }
};
struct TopicsDeleter {
  void operator()(rd_kafka_topic_partition_list_t* topics) const noexcept {
    rd_kafka_topic_partition_list_destroy(topics);
  }
};

}  // namespace

struct TopicReader::Client {
  struct Deleter {
    void operator()(rd_kafka_t* client) const noexcept {
      rd_kafka_consumer_close(client);
      rd_kafka_destroy(client);
    }
  };

  /// Partitions that a rebalance gives back go on where they were. Nothing is committed, so they would else
  /// begin again, and what was counted would be counted twice. In the thread that polls or closes.
  static void Rebalance(rd_kafka_t* handle, rd_kafka_resp_err_t event,
                        rd_kafka_topic_partition_list_t* partitions, void* client);

  // Where to go on, by topic and partition. Of a topic that was made anew the broker has no such offset, and
  // auto.offset.reset leads to its beginning.
  std::map<std::pair<std::string, std::int32_t>, std::int64_t> next_offsets;
  std::unique_ptr<rd_kafka_t, Deleter> consumer;  // last: closing it calls Rebalance()
};

void TopicReader::Client::Rebalance(rd_kafka_t* handle, rd_kafka_resp_err_t event,
                                    rd_kafka_topic_partition_list_t* partitions, void* client) {
  const bool is_assigned = event == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
  const auto& next_offsets = static_cast<const Client*>(client)->next_offsets;
  for (int i = 0; is_assigned && i < partitions->cnt; ++i) {
    rd_kafka_topic_partition_t& partition = partitions->elems[i];
    const auto next = next_offsets.find({partition.topic, partition.partition});
    if (next != next_offsets.end()) partition.offset = next->second;
  }
  if (rd_kafka_rebalance_protocol(handle) == std::string_view("COOPERATIVE")) {
    rd_kafka_error_t* const error = is_assigned ? rd_kafka_incremental_assign(handle, partitions)
                                                : rd_kafka_incremental_unassign(handle, partitions);
    if (error != nullptr) rd_kafka_error_destroy(error);
  } else {
    rd_kafka_assign(handle, is_assigned ? partitions : nullptr);
  }
}

TopicReader::TopicReader() = default;
TopicReader::~TopicReader() {
  Stop();
}

std::unique_ptr<TopicReader> TopicReader::Make(const exporter::KafkaOptions& kafka, const std::string& group,
                                               std::vector<std::string> topics, Take take,
                                               exporter::LogFunction log, std::string& problem) {
  std::vector<std::string> problems;
  KafkaConf conf =
      exporter::MakeKafkaConf(kafka, SecretFiles::kMustBeThere, problems, nullptr, KafkaRole::kConsumer);
  std::array<char, 512> reason{};
  for (const auto& [name, value] :
       {std::pair("bootstrap.servers", &kafka.brokers), std::pair("group.id", &group)}) {
    if (name == std::string_view("group.id") && kafka.properties.contains(name)) continue;
    if (rd_kafka_conf_set(conf.get(), name, value->c_str(), reason.data(), reason.size()) != RD_KAFKA_CONF_OK)
      problems.emplace_back(reason.data());
  }
  for (const std::string& each : problems) problem += (problem.empty() ? "" : "; ") + each;
  if (!problem.empty()) return nullptr;
  // What librdkafka has to say comes as errors of the consumer too.
  rd_kafka_conf_set_log_cb(conf.get(), [](const rd_kafka_t*, int, const char*, const char*) {});
  std::unique_ptr<TopicReader> reader(new TopicReader());
  reader->client_ = std::make_unique<Client>();
  rd_kafka_conf_set_opaque(conf.get(), reader->client_.get());
  rd_kafka_conf_set_rebalance_cb(conf.get(), Client::Rebalance);
  reader->client_->consumer.reset(rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), reason.data(), reason.size()));
  rd_kafka_t* const consumer = reader->client_->consumer.get();
  if (consumer == nullptr) {
    problem = reason.data();
    return nullptr;
  }
  static_cast<void>(conf.release());  // the consumer's now
  rd_kafka_poll_set_consumer(consumer);
  const std::unique_ptr<rd_kafka_topic_partition_list_t, TopicsDeleter> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(topics.size())));
  for (const std::string& topic : topics)
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  if (const auto error = rd_kafka_subscribe(consumer, list.get()); error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    problem = rd_kafka_err2str(error);
    return nullptr;
  }
  reader->topics_ = std::move(topics);
  reader->take_ = std::move(take);
  reader->log_ = std::move(log);
  return reader;
}

void TopicReader::Start() {
  thread_ = std::thread([this] { Run(); });
}

void TopicReader::Stop() {
  is_stopping_.store(true, std::memory_order_relaxed);
  if (thread_.joinable()) thread_.join();
}

void TopicReader::Run() {
  while (!is_stopping_.load(std::memory_order_relaxed)) {
    const std::unique_ptr<rd_kafka_message_t, MessageDeleter> message(
        rd_kafka_consumer_poll(client_->consumer.get(), kPollMs));
    if (message == nullptr) continue;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      Note(rd_kafka_message_errstr(message.get()));
      continue;
    }
    last_trouble_.clear();
    const char* const name = rd_kafka_topic_name(message->rkt);
    client_->next_offsets[{name, message->partition}] = message->offset + 1;
    const auto topic = std::find(topics_.begin(), topics_.end(), name);
    if (topic == topics_.end()) continue;
    const std::int64_t now = exporter::WallClock().ns;
    const std::int64_t written_ms = rd_kafka_message_timestamp(message.get(), nullptr);
    const bool is_past = written_ms >= 0 && written_ms <= now / kNsPerMs;
    take_(static_cast<std::size_t>(topic - topics_.begin()),
          {static_cast<const char*>(message->payload), message->len}, is_past ? written_ms * kNsPerMs : now);
  }
}

// Said once, until there is a message again or another trouble.
void TopicReader::Note(const std::string& trouble) {
  errors_.fetch_add(1, std::memory_order_relaxed);
  if (trouble == last_trouble_) return;
  last_trouble_ = trouble;
  log_("kafka: " + trouble);
}

std::vector<std::string> CheckReaderOptions(const exporter::KafkaOptions& kafka, bool with_secrets) {
  std::vector<std::string> problems;
  const auto files = with_secrets ? SecretFiles::kMayBeElsewhere : SecretFiles::kAreNotRead;
  exporter::MakeKafkaConf(kafka, files, problems, nullptr, KafkaRole::kConsumer);
  return problems;
}

}  // namespace hostscope::context
