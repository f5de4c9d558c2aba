#include "exporter/kafka/kafka_probe.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>

#include "exporter/kafka/kafka_config.h"

namespace hostscope::exporter {
namespace {

/// The last trouble that librdkafka had, from its own threads.
struct Trouble {
  std::mutex mutex;
  std::string text;
};

void OnError(rd_kafka_t* /*client*/, int /*error*/, const char* reason, void* opaque) {
  auto& trouble = *static_cast<Trouble*>(opaque);
  const std::lock_guard lock(trouble.mutex);
  trouble.text = reason;
}

using Client = std::unique_ptr<rd_kafka_t, decltype(&rd_kafka_destroy)>;

Client MakeClient(const KafkaOptions& options, Trouble& trouble, std::string& problem) {
  std::vector<std::string> problems;
  KafkaConf conf = MakeKafkaConf(options, SecretFiles::kMustBeThere, problems);
  std::array<char, 512> reason{};
  if (rd_kafka_conf_set(conf.get(), "bootstrap.servers", options.brokers.c_str(), reason.data(),
                        reason.size()) != RD_KAFKA_CONF_OK) {
    problems.emplace_back(reason.data());
  }
  for (const std::string& each : problems) problem += (problem.empty() ? "" : "; ") + each;
  if (!problem.empty()) return {nullptr, rd_kafka_destroy};
  rd_kafka_conf_set_opaque(conf.get(), &trouble);
  rd_kafka_conf_set_error_cb(conf.get(), OnError);
  rd_kafka_conf_set_log_cb(conf.get(), [](const rd_kafka_t*, int, const char*, const char*) {});
  Client client(rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), reason.data(), reason.size()), rd_kafka_destroy);
  if (client == nullptr) {
    problem = reason.data();
  } else {
    static_cast<void>(conf.release());  // the client's now
  }
  return client;
}

std::vector<std::string> TopicsOf(const KafkaOptions& options) {
  std::vector<std::string> topics{options.hosts_topic};
  if (options.schema == Schema::kStream4Flow) return topics;
  topics.push_back(options.windows_topic);
  if (options.networks) topics.push_back(options.networks_topic);
  return topics;
}

void Read(const rd_kafka_metadata_t& metadata, const KafkaOptions& options, KafkaAnswer& answer) {
  for (int i = 0; i < metadata.broker_cnt; ++i) {
    const rd_kafka_metadata_broker_t& broker = metadata.brokers[i];
    answer.brokers.push_back(std::string(broker.host) + ":" + std::to_string(broker.port));
  }
  std::vector<std::string> there;
  for (int i = 0; i < metadata.topic_cnt; ++i) there.emplace_back(metadata.topics[i].topic);
  for (const std::string& topic : TopicsOf(options)) {
    if (std::find(there.begin(), there.end(), topic) == there.end()) answer.missing.push_back(topic);
  }
}

}  // namespace

KafkaAnswer AskKafka(const KafkaOptions& options, int timeout_ms) {
  KafkaAnswer answer;
  Trouble trouble;
  const Client client = MakeClient(options, trouble, answer.problem);
  if (client == nullptr) return answer;
  // All topics: to ask for one by its name would make it.
  const rd_kafka_metadata_t* metadata = nullptr;
  const rd_kafka_resp_err_t error = rd_kafka_metadata(client.get(), 1, nullptr, &metadata, timeout_ms);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    rd_kafka_poll(client.get(), 0);  // for the error's callback
    const std::lock_guard lock(trouble.mutex);
    answer.problem = trouble.text.empty() ? rd_kafka_err2str(error) : trouble.text;
    return answer;
  }
  Read(*metadata, options, answer);
  rd_kafka_metadata_destroy(metadata);
  return answer;
}

}  // namespace hostscope::exporter
