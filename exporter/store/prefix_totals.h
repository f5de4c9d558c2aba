#pragma once

#include <cstdint>

#include "aggregator/host_record.h"

namespace hostscope::exporter {

/// Adds what another host, or other hosts, had in a role: flows, packets, bytes, durations, flags and
/// protocols are sums. Distinct counts can't be summed: they become the largest of any one host, which is
/// what shows a scanner among a thousand quiet hosts.
void AddFigures(const aggregator::RoleFigures& more, aggregator::RoleFigures& figures) noexcept;

/// What the hosts of a prefix had together. Plain value.
struct PrefixTotals {
  Address first;                     ///< of the prefix, or of the only host
  std::uint64_t hosts = 0;           ///< of these
  std::uint64_t sent_hosts = 0;      ///< with a flow in that role
  std::uint64_t received_hosts = 0;  ///< the same
  aggregator::RoleFigures sent;      ///< as AddFigures() adds them up
  aggregator::RoleFigures received;
  float deviation = aggregator::HostRecord::kNotJudged;  ///< the largest of any one host

  void Add(const PrefixTotals& more) noexcept;
};

PrefixTotals TotalsOf(const aggregator::HostRecord& host) noexcept;

}  // namespace hostscope::exporter
