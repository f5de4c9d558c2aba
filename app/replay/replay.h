#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/host_table.h"
#include "aggregator/network_record.h"
#include "aggregator/profile/profile_store.h"
#include "exporter/encoding/json_encoder.h"
#include "ipfix/prefix.h"
#include "ipfix/settings.h"

namespace hostscope::app {

struct ReplayOptions {
  std::string observer = "hostscope";
  std::vector<std::int64_t> window_lengths_ns = {10'000'000'000};  ///< ascending
  std::vector<Prefix> networks = {Prefix::AllIpv4(), Prefix::AllIpv6()};
  ipfix::Settings decoder;
  aggregator::HostTableOptions table;
  exporter::Schema schema = exporter::Schema::kHostscope;
  bool sketches = false;                                     ///< adds the sketches of distinct counts
  std::optional<aggregator::NetworkLevels> network_records;  ///< nothing: none are written
  std::optional<aggregator::ProfileOptions> profiles;        ///< nothing: hosts are compared with none
  std::vector<std::string> captures;
  std::string stats_path;  ///< empty: none
};

/// Decodes and aggregates captures as the appliance does packets, and writes every window to standard output.
/// Profiles of hosts start empty, learn from the first window on, and are gone at the end.
/// The same captures and options give the same output. Returns an exit status; says what is wrong on standard
/// error.
int Replay(const ReplayOptions& options);

}  // namespace hostscope::app
