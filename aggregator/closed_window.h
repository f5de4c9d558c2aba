#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "aggregator/host_record.h"
#include "aggregator/network_record.h"
#include "aggregator/profile/profile_event.h"
#include "aggregator/sketch.h"

namespace hostscope::aggregator {

/// A window that is over, merged over all workers: immutable, readable from any number of threads. Host
/// records come in address order, `other` records after them. Its memory is the host table of the window,
/// which goes back to the merger's pool when the last reader lets go.
class ClosedWindow {
 public:
  virtual ~ClosedWindow() = default;

  virtual WindowSpan span() const noexcept = 0;
  /// Closed by shutdown before its end was reached, so more of it may follow from the next run.
  virtual bool partial() const noexcept = 0;
  virtual const WindowSummary& summary() const noexcept = 0;

  /// Host records and `other` records: summary().hosts + summary().other_hosts.
  virtual std::size_t size() const noexcept = 0;
  /// The i-th record, i < size(). Computes the distinct-count estimates; O(1) but not free (up to a few
  /// microseconds for a host with dense sketches).
  virtual HostRecord At(std::size_t i) const noexcept = 0;

  /// One of the i-th record's distinct counts as bytes, in the form of sketch_bytes.h. Writes at most
  /// kMaxSketchBytes; returns how many, 0 where there is no sketch. A window that is not made of a host table
  /// has none.
  virtual std::size_t WriteSketch(std::size_t /*i*/, Role /*role*/, DistinctFigure /*figure*/,
                                  std::uint8_t* /*out*/) const noexcept {
    return 0;
  }
  /// The network records of the window, made as they are shown: IPv4, then IPv6; of each family in ascending
  /// order of the prefix's last address, of equal ones the most specific first, so that whatever a prefix
  /// contains comes before it. The same each time. A window with a host has at least one. Costs one pass over
  /// the hosts, whether one or all records are wanted: bench/network_rollup_bench.cpp. A window that is not
  /// made of a host table has none.
  virtual void ForEachNetwork(const NetworkLevels& /*levels*/, const NetworkVisitor& /*visit*/) const {}
  /// How many there are, for less: a pass over the addresses only.
  virtual std::uint64_t CountNetworks(const NetworkLevels& /*levels*/) const { return 0; }

  /// What is to be told of hosts that are not as their profiles expect; a window that was not compared with
  /// profiles has none. The same each time.
  virtual std::vector<ProfileEvent> Events() const { return {}; }
  virtual std::uint64_t CountEvents() const noexcept { return 0; }
};

using ClosedWindowPtr = std::shared_ptr<const ClosedWindow>;

}  // namespace hostscope::aggregator
