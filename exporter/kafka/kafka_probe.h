#pragma once

#include <string>
#include <vector>

#include "exporter/kafka/kafka_sink.h"

namespace hostscope::exporter {

/// What a Kafka cluster says of itself.
struct KafkaAnswer {
  std::string problem;               ///< why there is no answer; empty if there is one
  std::vector<std::string> brokers;  ///< host:port by which they call themselves
  std::vector<std::string> missing;  ///< of the sink's topics, those that are not there yet
};

/// Asks for the cluster's metadata, as a sink of these options would, and waits for it up to `timeout_ms`.
/// Makes no topic. Any thread.
KafkaAnswer AskKafka(const KafkaOptions& options, int timeout_ms);

}  // namespace hostscope::exporter
