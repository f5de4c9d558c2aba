#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "aggregator/host_table.h"
#include "aggregator/network_paths.h"
#include "aggregator/network_totals.h"
#include "aggregator/prefix_walk.h"

namespace hostscope::aggregator {

/// Rolls the hosts of one family, which come in address order, up into the prefixes around them. Open are
/// only the prefixes around the last host, one in the other, each with its totals: a host is added to the
/// innermost one; a prefix that is finished is shown and then united into the one around it. So each host is
/// added once for good, and memory does not depend on how many prefixes there are.
///
/// Prefixes are shown in ascending order of their last address, of equal ones the most specific first: all
/// that a prefix contains comes before it. One thread.
class NetworkRollup {
 public:
  /// All arguments must live longer.
  NetworkRollup(const NetworkSet& networks, const NetworkPaths& paths, const TotalsVisitor& visit)
      : networks_(networks), paths_(paths), visit_(visit) {}

  /// All three return false when the visitor has ended it.
  bool AddHost(const HostSlot& host, const SketchPool& pool, const WideCounters& wide);
  /// The `other` record of a network, before any host at or behind the network's address and before those of
  /// networks in it.
  bool AddOther(std::uint32_t network, const HostSlot& other, const SketchPool& pool,
                const WideCounters& wide);
  /// The family is over: shows what is open. Another may follow.
  bool Finish();

 private:
  bool MoveTo(const Address& address, std::span<const NetworkPaths::Step> path);
  void Enter(std::size_t depth, const NetworkPaths::Step& step, const Address& address);
  void Leave(std::size_t depth);
  NetworkTotals& innermost() noexcept { return *totals_[walk_.depth() - 1]; }

  const NetworkSet& networks_;
  const NetworkPaths& paths_;
  const TotalsVisitor& visit_;
  PrefixWalk walk_;
  std::vector<std::unique_ptr<NetworkTotals>> totals_;  ///< by depth; those not open wait to be used again
  bool has_ended_ = false;
};

}  // namespace hostscope::aggregator
