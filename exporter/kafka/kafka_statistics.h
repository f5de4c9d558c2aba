#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "exporter/sink.h"

namespace hostscope::exporter {

/// What librdkafka says of one producer, once a second.
struct KafkaStatistics {
  // Now.
  std::uint64_t queue_records = 0;  ///< waiting or in flight
  std::uint64_t queue_bytes = 0;
  std::uint64_t brokers_up = 0;
  std::uint64_t rtt_avg_us = 0;  ///< from request to answer; of the slowest broker
  std::uint64_t rtt_p99_us = 0;
  // Since the producer was made, of all brokers.
  std::uint64_t tx_requests = 0;
  std::uint64_t tx_bytes = 0;
  std::uint64_t tx_errors = 0;   ///< requests that could not be sent
  std::uint64_t tx_retries = 0;  ///< requests sent again
  std::uint64_t timeouts = 0;    ///< requests without an answer
};

/// Reads the JSON of librdkafka's stats_cb (its STATISTICS.md has every field). False where it is none; what
/// it does not say stays 0.
[[nodiscard]] bool ReadKafkaStatistics(std::string_view json, KafkaStatistics& statistics);

/// For SinkStatus. What counts since the producer was made goes on from `before`, the sum over those that it
/// replaced.
std::vector<SinkNumber> NumbersOf(const KafkaStatistics& now, const KafkaStatistics& before);

/// Adds what a producer counted that is replaced.
void AddCounts(const KafkaStatistics& replaced, KafkaStatistics& sum) noexcept;

}  // namespace hostscope::exporter
