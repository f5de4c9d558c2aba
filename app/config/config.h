#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "app/config/text.h"
#include "ipfix/prefix.h"
#include "ipfix/settings.h"

namespace hostscope::app {

/// The whole configuration as plain values. The defaults are here; names, help and bounds are in
/// config_keys.cpp.

struct PortConfig {
  std::string device;  ///< PCI address, or a DPDK virtual device with its arguments
  std::vector<InterfaceAddress> addresses;
  std::vector<std::uint16_t> udp_ports = {2055, 4739, 9995};
  std::uint32_t queues = 1;
  std::uint32_t descriptors = 2048;
};

enum class Hugepages : std::uint8_t { kAuto, kYes, kNo };

struct DpdkConfig {
  Hugepages hugepages = Hugepages::kAuto;
  std::size_t memory_bytes = std::size_t{512} << 20;
};

struct WorkersConfig {
  std::uint32_t count = 1;
  std::vector<std::uint32_t> cores;  ///< empty: the first ones that this process may run on
};

struct MemoryConfig {
  std::size_t max_hosts = 1'000'000;
  std::size_t sketch_bytes = std::size_t{256} << 20;
};

/// Whose record layout a sink writes.
enum class SchemaChoice : std::uint8_t { kHostscope, kStream4flow };

struct NdjsonConfig {
  std::string path;  ///< "-": standard output
  SchemaChoice schema = SchemaChoice::kHostscope;
};

struct KafkaConfig {
  std::vector<std::string> brokers;
  std::string host_topic = "hostscope-hosts";
  std::string window_topic = "hostscope-windows";
  SchemaChoice schema = SchemaChoice::kHostscope;
  std::map<std::string, std::string> properties;  ///< handed to librdkafka as they are
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
  std::vector<PortConfig> ports;
  DpdkConfig dpdk;
  WorkersConfig workers;
  MemoryConfig memory;
  ipfix::Settings decoder;
  SinksConfig sinks;
  LogLevel log_level = LogLevel::kInfo;
};

}  // namespace hostscope::app
