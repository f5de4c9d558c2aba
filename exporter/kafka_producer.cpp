#include "exporter/kafka_producer.h"

#include <array>
#include <bit>
#include <vector>

#include "exporter/kafka_config.h"

namespace hostscope::exporter {
namespace {

constexpr int kPollMs = 100;

// librdkafka carries a pointer with each record, which is a number here.
void* ToOpaque(std::size_t record) noexcept {
  return std::bit_cast<void*>(record);
}
std::size_t FromOpaque(void* opaque) noexcept {
  return std::bit_cast<std::size_t>(opaque);
}

// The record itself is at fault. With everything else it is the broker, the topic, the rights or the network,
// which someone can mend.
bool IsRefusal(rd_kafka_resp_err_t error) noexcept {
  switch (error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::unique_ptr<KafkaProducer> KafkaProducer::Make(const KafkaOptions& options, KafkaListener& listener,
                                                   const LogFunction& log, std::string& problem) {
  std::unique_ptr<KafkaProducer> made(new KafkaProducer(listener, log));
  std::vector<std::string> problems;
  KafkaConf conf = MakeKafkaConf(options, problems);
  std::array<char, 512> reason{};
  if (problems.empty() && rd_kafka_conf_set(conf.get(), "bootstrap.servers", options.brokers.c_str(),
                                            reason.data(), reason.size()) != RD_KAFKA_CONF_OK) {
    problems.emplace_back(reason.data());
  }
  if (!problems.empty()) {
    problem = problems.front();
    return nullptr;
  }
  rd_kafka_conf_set_opaque(conf.get(), made.get());
  rd_kafka_conf_set_dr_msg_cb(conf.get(), &OnDelivery);
  rd_kafka_conf_set_error_cb(conf.get(), &OnError);
  rd_kafka_conf_set_log_cb(conf.get(), &OnLog);
  made->producer_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), reason.data(), reason.size()));
  if (made->producer_ == nullptr) {
    problem = reason.data();
    return nullptr;
  }
  static_cast<void>(conf.release());  // the producer's now
  const std::array<const std::string*, kKafkaTopics> names = {&options.hosts_topic, &options.networks_topic,
                                                              &options.windows_topic};
  for (std::size_t i = 0; i < kKafkaTopics; ++i) {
    made->topics_[i].reset(rd_kafka_topic_new(made->producer_.get(), names[i]->c_str(), nullptr));
    if (made->topics_[i] != nullptr) continue;
    problem = rd_kafka_err2str(rd_kafka_last_error());
    return nullptr;
  }
  return made;
}

KafkaProducer::~KafkaProducer() {
  if (producer_ != nullptr) Abandon();
}

KafkaQueued KafkaProducer::Send(KafkaTopic topic, std::string_view key, std::string_view value,
                                std::size_t record) noexcept {
  rd_kafka_topic_t* const to = topics_[static_cast<std::size_t>(topic)].get();
  // librdkafka takes no pointers to const, but with F_COPY only reads.
  const int failed =
      rd_kafka_produce(to, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, const_cast<char*>(value.data()),
                       value.size(), key.data(), key.size(), ToOpaque(record));
  if (failed == 0) {
    ++outstanding_;
    return KafkaQueued::kYes;
  }
  const rd_kafka_resp_err_t error = rd_kafka_last_error();
  if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) return KafkaQueued::kFull;
  last_error_ = rd_kafka_err2str(error);
  NoteBreakage();
  return IsRefusal(error) ? KafkaQueued::kRefused : KafkaQueued::kNotNow;
}

void KafkaProducer::Poll(int timeout_ms) noexcept {
  rd_kafka_poll(producer_.get(), timeout_ms);
}

void KafkaProducer::Abandon() noexcept {
  rd_kafka_purge(producer_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  while (outstanding_ > 0) rd_kafka_poll(producer_.get(), kPollMs);
}

void KafkaProducer::OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* self) noexcept {
  auto* const producer = static_cast<KafkaProducer*>(self);
  --producer->outstanding_;
  const std::size_t record = FromOpaque(message->_private);
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    producer->listener_.OnFate(record, KafkaFate::kAcknowledged, "");
    return;
  }
  const char* const reason = rd_kafka_err2str(message->err);
  const bool is_abandoned =
      message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
  if (!is_abandoned) {
    producer->last_error_ = reason;
    producer->NoteBreakage();
  }
  producer->listener_.OnFate(record, IsRefusal(message->err) ? KafkaFate::kRefused : KafkaFate::kUndelivered,
                             reason);
}

void KafkaProducer::OnError(rd_kafka_t*, int, const char* reason, void* self) noexcept {
  auto* const producer = static_cast<KafkaProducer*>(self);
  producer->last_error_ = reason;
  producer->NoteBreakage();
}

void KafkaProducer::NoteBreakage() noexcept {
  std::array<char, 512> reason{};
  if (rd_kafka_fatal_error(producer_.get(), reason.data(), reason.size()) == RD_KAFKA_RESP_ERR_NO_ERROR)
    return;
  is_broken_ = true;
  last_error_ = reason.data();
}

void KafkaProducer::OnLog(const rd_kafka_t* producer, int, const char* facility, const char* text) noexcept {
  const auto* const self = static_cast<const KafkaProducer*>(rd_kafka_opaque(producer));
  if (self->log_) self->log_(std::string("kafka: ") + facility + ": " + text);
}

}  // namespace hostscope::exporter
