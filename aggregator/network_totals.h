#pragma once

#include <cstdint>
#include <optional>

#include "aggregator/distinct_union.h"
#include "aggregator/host_slot.h"
#include "aggregator/network_record.h"
#include "aggregator/sketch.h"
#include "aggregator/sketch_pool.h"
#include "aggregator/wide_counters.h"

namespace hostscope::aggregator {

/// The hosts of one prefix as if they were one host. About 35 KiB, used for one prefix after the other. One
/// thread.
class NetworkTotals {
 public:
  /// Begins a prefix, without any host.
  void Begin(const Prefix& prefix, std::optional<Prefix> within, bool is_monitored,
             bool is_incomplete) noexcept;
  void AddHost(const HostSlot& host, const SketchPool& pool, const WideCounters& wide) noexcept;
  /// The `other` record of this prefix itself.
  void AddOther(const HostSlot& other, const SketchPool& pool, const WideCounters& wide) noexcept;
  /// A whole prefix in this one.
  void AddNetwork(const NetworkTotals& inner) noexcept;

  const Prefix& prefix() const noexcept { return prefix_; }
  bool is_monitored() const noexcept { return is_monitored_; }
  /// Some hosts of it, as the most specific monitored network, are known only as its `other` record.
  bool has_own_other() const noexcept { return has_own_other_; }

  NetworkRecord record() const noexcept;
  Sketch SketchOf(Role role, DistinctFigure figure) const;

 private:
  struct RoleUnion {
    RoleTotals sums;  ///< but for the states of distinct counts
    DistinctUnion peers;
    DistinctUnion src_ports;
    DistinctUnion dst_ports;
  };

  void AddSums(RoleTotals& to, const RoleTotals& from, const WideCounters& wide) noexcept;
  void AddSlot(const HostSlot& slot, const SketchPool& pool, const WideCounters& wide) noexcept;
  void AddRole(RoleUnion& to, const RoleSlot& from, const SketchPool& pool,
               const WideCounters& wide) noexcept;
  void AddRole(RoleUnion& to, const RoleUnion& from, const WideCounters& wide) noexcept;
  RoleFigures Read(const RoleUnion& role) const noexcept;

  Prefix prefix_;
  std::optional<Prefix> within_;
  bool is_monitored_ = false;
  bool is_incomplete_ = false;
  bool has_own_other_ = false;
  std::uint64_t hosts_ = 0;
  std::uint64_t other_hosts_ = 0;
  RoleUnion sent_;
  RoleUnion received_;
  WideCounters wide_{2};
};

}  // namespace hostscope::aggregator
