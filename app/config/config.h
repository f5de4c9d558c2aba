#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "dataplane/config.h"
#include "exporter/kafka_sink.h"
#include "exporter/ndjson_sink.h"
#include "ipfix/prefix.h"

namespace hostscope::app {

/// The whole configuration as plain values. The defaults are here and in the folders' own structs; names,
/// help and bounds are in config_keys.cpp.

struct MemoryConfig {
  std::size_t max_hosts = 1'000'000;
  std::size_t sketch_bytes = std::size_t{256} << 20;
};

struct NdjsonConfig {
  std::string path;  ///< "-": standard output
  exporter::Schema schema = exporter::Schema::kHostscope;
  bool sketches = false;
};

struct KafkaConfig {
  std::vector<std::string> brokers;
  exporter::KafkaOptions options;  ///< but for brokers and observer
};

struct SinksConfig {
  std::vector<NdjsonConfig> ndjson;
  std::vector<KafkaConfig> kafka;
};

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

struct Config {
  std::string observer_name = "hostscope";
  std::vector<std::int64_t> window_lengths_ns = {10'000'000'000, 60'000'000'000, 300'000'000'000};
  std::vector<Prefix> networks = {Prefix::AllIpv4(), Prefix::AllIpv6()};
  dataplane::DataplaneConfig dataplane;  ///< but for the base window, which is the shortest of the lengths
  MemoryConfig memory;
  SinksConfig sinks;
  LogLevel log_level = LogLevel::kInfo;
};

inline exporter::NdjsonOptions NdjsonOptionsOf(const NdjsonConfig& sink, const std::string& observer) {
  return {sink.path, observer, sink.schema, sink.sketches};
}

inline exporter::KafkaOptions KafkaOptionsOf(const KafkaConfig& sink, const std::string& observer) {
  exporter::KafkaOptions options = sink.options;
  options.observer = observer;
  options.brokers.clear();
  for (const std::string& broker : sink.brokers) {
    if (!options.brokers.empty()) options.brokers += ',';
    options.brokers += broker;
  }
  return options;
}

}  // namespace hostscope::app
