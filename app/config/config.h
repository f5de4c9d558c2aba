#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/host_tops.h"
#include "aggregator/network_record.h"
#include "aggregator/profile/profile_options.h"
#include "dataplane/config.h"
#include "exporter/context/context.h"
#include "exporter/elastic/elastic_sink.h"
#include "exporter/http/http_options.h"
#include "exporter/kafka/kafka_sink.h"
#include "exporter/ndjson_sink.h"
#include "exporter/query/memory_windows.h"
#include "exporter/raw_flow/raw_flow_publisher.h"
#include "exporter/store/store.h"
#include "ipfix/prefix.h"

namespace hostscope::app {

/// The whole configuration as plain values. The defaults are here and in the folders' own structs; names,
/// help and bounds are in config_keys.cpp.

struct MemoryConfig {
  std::size_t max_hosts = 1'000'000;
  std::size_t sketch_bytes = std::size_t{256} << 20;
};

struct NetworkRecordsConfig {
  bool is_enabled = true;
  aggregator::NetworkLevels levels;

  /// What sinks are to write.
  std::optional<aggregator::NetworkLevels> Wanted() const {
    return is_enabled ? std::optional(levels) : std::nullopt;
  }
};

struct NdjsonConfig {
  std::string path;  ///< "-": standard output
  exporter::Schema schema = exporter::Schema::kHostscope;
  bool sketches = false;
};

struct KafkaConfig {
  std::vector<std::string> brokers;
  exporter::KafkaOptions options;  ///< but for brokers, observer and networks
};

struct RawFlowsConfig {
  std::vector<std::string> brokers;  ///< empty: off
  exporter::RawFlowOptions options;  ///< but for the brokers
};

struct ElasticConfig {
  std::int64_t timeout_ns = 60'000'000'000;
  exporter::ElasticOptions options;  ///< but for the timeout, observer and networks
};

struct SinksConfig {
  std::vector<NdjsonConfig> ndjson;
  std::vector<KafkaConfig> kafka;
  std::vector<ElasticConfig> elasticsearch;
};

struct RetentionConfig {
  std::int64_t window_ns = 0;
  exporter::Retention retention;
};

struct StoreConfig {
  std::string path;  ///< empty: no store
  std::vector<RetentionConfig> retention;
  std::uint64_t spool_bytes = exporter::StoreOptions{}.spool_bytes;
  bool new_sinks_get_everything = false;
  std::uint64_t memory_bytes = exporter::MemoryWindowsOptions{}.bytes_per_length;  ///< without a path
};

struct ProfilesConfig {
  bool is_enabled = false;
  aggregator::ProfileOptions options;             ///< but for the key
  std::uint32_t false_events_per_million = 3000;  ///< false events a day of a million hosts
  std::int64_t save_interval_ns = 3'600'000'000'000;
};

struct MetricsConfig {
  std::size_t max_exporters = 20;  ///< with time series of their own
};

struct ContextConfig {
  std::vector<std::string> brokers;  ///< of logs; empty: none are read
  context::ContextOptions options;   ///< but for the brokers
};

struct StateConfig {
  std::string path;  ///< empty: nothing outlives the program
  std::int64_t interval_ns = 30'000'000'000;
};

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

struct Config {
  std::string observer_name = "hostscope";
  std::vector<std::int64_t> window_lengths_ns = {10'000'000'000, 30'000'000'000, 60'000'000'000,
                                                 300'000'000'000};
  std::vector<Prefix> networks = {Prefix::AllIpv4(), Prefix::AllIpv6()};
  dataplane::DataplaneConfig dataplane;  ///< but for the base window, which is the shortest of the lengths
  MemoryConfig memory;
  aggregator::TopOptions top;
  NetworkRecordsConfig network_records;
  SinksConfig sinks;
  RawFlowsConfig raw_flows;
  StoreConfig store;
  ProfilesConfig profiles;
  http::HttpOptions http;
  MetricsConfig metrics;
  StateConfig state;
  ContextConfig context;
  LogLevel log_level = LogLevel::kInfo;
};

inline exporter::NdjsonOptions NdjsonOptionsOf(
    const NdjsonConfig& sink, const std::string& observer,
    const std::optional<aggregator::NetworkLevels>& networks = std::nullopt) {
  return {sink.path, observer, sink.schema, sink.sketches, networks};
}

inline std::string WithCommas(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ",") + item;
  return text;
}

inline exporter::KafkaOptions KafkaOptionsOf(
    const KafkaConfig& sink, const std::string& observer,
    const std::optional<aggregator::NetworkLevels>& networks = std::nullopt) {
  exporter::KafkaOptions options = sink.options;
  options.observer = observer;
  options.networks = networks;
  options.brokers = WithCommas(sink.brokers);
  return options;
}

inline exporter::RawFlowOptions RawFlowOptionsOf(const RawFlowsConfig& flows) {
  exporter::RawFlowOptions options = flows.options;
  options.kafka.brokers = WithCommas(flows.brokers);
  return options;
}

inline context::ContextOptions ContextOptionsOf(const ContextConfig& config) {
  context::ContextOptions options = config.options;
  options.kafka.brokers = WithCommas(config.brokers);
  if (config.brokers.empty()) options.topics.clear();
  return options;
}

inline exporter::ElasticOptions ElasticOptionsOf(
    const ElasticConfig& sink, const std::string& observer,
    const std::optional<aggregator::NetworkLevels>& networks = std::nullopt) {
  exporter::ElasticOptions options = sink.options;
  options.http.timeout =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::nanoseconds(sink.timeout_ns));
  options.observer = observer;
  options.networks = networks;
  return options;
}

/// `key` is where hosts stand in the table: random.
inline aggregator::ProfileOptions ProfileOptionsOf(const ProfilesConfig& profiles, std::uint64_t key) {
  constexpr double kMillion = 1e6;
  aggregator::ProfileOptions options = profiles.options;
  options.false_events_per_day = profiles.false_events_per_million / kMillion;
  options.table_key = key;
  return options;
}

}  // namespace hostscope::app
