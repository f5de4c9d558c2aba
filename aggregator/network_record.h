#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "aggregator/host_record.h"
#include "ipfix/prefix.h"

namespace hostscope::aggregator {

/// The levels of detail between a monitored network and its hosts: lengths of prefixes as they are written, 1
/// to 31 for IPv4, 1 to 127 for IPv6, in any order. None: only the monitored networks themselves.
struct NetworkLevels {
  std::vector<std::uint8_t> ipv4 = {8, 16, 24};
  std::vector<std::uint8_t> ipv6 = {32, 48, 64};
  friend bool operator==(const NetworkLevels&, const NetworkLevels&) = default;
};

/// Everything known of one prefix in one window: the figures of all monitored hosts in it, as if they were
/// one host. Sums add up; distinct counts are of the union. Plain value.
///
/// There is one of every monitored network, and of every prefix of a level that is longer than a monitored
/// network around it, that had traffic. A prefix that is both is one record, `is_monitored`.
struct NetworkRecord {
  Prefix prefix;
  std::optional<Prefix> within;  ///< the most specific monitored network that contains it and is not itself
  bool is_monitored = false;     ///< a monitored network; else a level of detail of `within`
  /// Hosts of `within` went to its `other` record, and nobody knows which of its levels they were in: of
  /// these, all figures here are lower bounds. Never true of a monitored network.
  bool is_incomplete = false;
  std::uint64_t hosts = 0;        ///< with a host record of their own
  std::uint64_t other_hosts = 0;  ///< `other` records that are counted in
  RoleFigures sent;
  RoleFigures received;
};

/// Is shown one record after the other; false ends it.
using NetworkVisitor = std::function<bool(const NetworkRecord&)>;

}  // namespace hostscope::aggregator
