#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "aggregator/network_record.h"
#include "aggregator/sketch.h"
#include "tests/aggregator/naive_reference.h"

/// Network records as anyone would make them: each host is added to each prefix it lies in.
namespace hostscope::aggregator::naive {

struct Network {
  Prefix prefix;
  std::optional<Prefix> within;
  bool is_monitored = false;
  bool is_incomplete = false;
  std::uint64_t hosts = 0;
  std::uint64_t other_hosts = 0;
  HostSums sums;
};

/// In the order that ClosedWindow documents. Hosts for which `has_record` is false went to the `other` record
/// of their network.
std::vector<Network> RollUp(
    const Reference& reference, const std::vector<Prefix>& networks, const NetworkLevels& levels,
    const std::function<bool(const Address&)>& has_record = [](const Address&) { return true; });

/// The sketch of these members, counted one after the other.
Sketch SketchOf(const std::set<Address>& peers);
Sketch SketchOf(const std::set<std::uint16_t>& ports);

}  // namespace hostscope::aggregator::naive
