#pragma once

#include <cstdint>
#include <map>

#include "aggregator/network_record.h"

namespace hostscope::exporter {

/// Whether a record is among those that `levels` ask for.
bool IsWanted(const aggregator::NetworkRecord& record, const aggregator::NetworkLevels& levels) noexcept;

/// How many network records there are, by what decides whether somebody wants them.
struct NetworkCounts {
  std::uint64_t monitored = 0;
  // Of the others, by level.
  std::map<std::uint8_t, std::uint64_t> ipv4;
  std::map<std::uint8_t, std::uint64_t> ipv6;

  void Add(const aggregator::NetworkRecord& record);
  NetworkCounts& operator+=(const NetworkCounts& more);
  std::uint64_t all() const noexcept;
  std::uint64_t Wanted(const aggregator::NetworkLevels& levels) const noexcept;
  friend bool operator==(const NetworkCounts&, const NetworkCounts&) = default;
};

}  // namespace hostscope::exporter
