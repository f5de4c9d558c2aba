#include "exporter/kafka/kafka_statistics.h"

#include <simdjson.h>

#include <algorithm>

namespace hostscope::exporter {
namespace {

using simdjson::dom::element;

// librdkafka writes signed numbers, and -1 for what it does not know.
std::uint64_t NumberIn(element object, std::string_view key) noexcept {
  std::int64_t value = 0;
  if (object[key].get(value) != simdjson::SUCCESS || value < 0) return 0;
  return static_cast<std::uint64_t>(value);
}

void AddBroker(element broker, KafkaStatistics& statistics) noexcept {
  std::string_view state;
  if (broker["state"].get(state) == simdjson::SUCCESS && state == "UP") ++statistics.brokers_up;
  statistics.tx_requests += NumberIn(broker, "tx");
  statistics.tx_bytes += NumberIn(broker, "txbytes");
  statistics.tx_errors += NumberIn(broker, "txerrs");
  statistics.tx_retries += NumberIn(broker, "txretries");
  statistics.timeouts += NumberIn(broker, "req_timeouts");
  element rtt;
  if (broker["rtt"].get(rtt) != simdjson::SUCCESS) return;
  statistics.rtt_avg_us = std::max(statistics.rtt_avg_us, NumberIn(rtt, "avg"));
  statistics.rtt_p99_us = std::max(statistics.rtt_p99_us, NumberIn(rtt, "p99"));
}

}  // namespace

bool ReadKafkaStatistics(std::string_view json, KafkaStatistics& statistics) {
  simdjson::dom::parser parser;
  element root;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS || !root.is_object())
    return false;
  statistics = {};
  statistics.queue_records = NumberIn(root, "msg_cnt");
  statistics.queue_bytes = NumberIn(root, "msg_size");
  simdjson::dom::object brokers;
  if (root["brokers"].get(brokers) != simdjson::SUCCESS) return true;
  for (const auto& [name, broker] : brokers) AddBroker(broker, statistics);
  return true;
}

std::vector<SinkNumber> NumbersOf(const KafkaStatistics& now, const KafkaStatistics& before) {
  return {{"queue_records", now.queue_records},
          {"queue_bytes", now.queue_bytes},
          {"brokers_up", now.brokers_up},
          {"rtt_avg_us", now.rtt_avg_us},
          {"rtt_p99_us", now.rtt_p99_us},
          {"tx_requests", before.tx_requests + now.tx_requests},
          {"tx_bytes", before.tx_bytes + now.tx_bytes},
          {"tx_errors", before.tx_errors + now.tx_errors},
          {"tx_retries", before.tx_retries + now.tx_retries},
          {"timeouts", before.timeouts + now.timeouts}};
}

void AddCounts(const KafkaStatistics& replaced, KafkaStatistics& sum) noexcept {
  sum.tx_requests += replaced.tx_requests;
  sum.tx_bytes += replaced.tx_bytes;
  sum.tx_errors += replaced.tx_errors;
  sum.tx_retries += replaced.tx_retries;
  sum.timeouts += replaced.timeouts;
}

}  // namespace hostscope::exporter
