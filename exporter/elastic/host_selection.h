#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "aggregator/closed_window.h"
#include "ipfix/prefix.h"

namespace hostscope::exporter {

/// Which host records of a window go to a sink that is not to have them all.
struct HostSelection {
  enum class Kind : std::uint8_t {
    kAll,       ///< hosts and `other` records
    kNetworks,  ///< hosts in one of `networks`, and `other` records of networks in one of them
    kTop,       ///< the `top` hosts with most `by`; no `other` records
  };
  /// What hosts are ranked by, both roles together.
  enum class Metric : std::uint8_t { kBytes, kPackets, kFlows, kPeers, kDstPorts };

  Kind kind = Kind::kAll;
  std::vector<Prefix> networks;
  std::size_t top = 1000;
  Metric by = Metric::kBytes;
};

/// Picks host records. Reads a window once for it, but not at all where all are wanted. One thread.
class HostPicker {
 public:
  explicit HostPicker(HostSelection selection) : selection_(std::move(selection)) {}

  /// Of this window from now on.
  void Pick(const aggregator::ClosedWindow& window);

  std::size_t size() const noexcept { return is_all() ? all_ : picked_.size(); }
  /// The window's index of the i-th picked record; ascending.
  std::size_t operator[](std::size_t i) const noexcept { return is_all() ? i : picked_[i]; }

  /// How many would be picked of so many, at most.
  std::size_t AtMost(std::size_t records) const noexcept;

 private:
  bool is_all() const noexcept { return selection_.kind == HostSelection::Kind::kAll; }
  void PickNetworks(const aggregator::ClosedWindow& window);
  void PickTop(const aggregator::ClosedWindow& window);

  HostSelection selection_;
  std::size_t all_ = 0;
  std::vector<std::size_t> picked_;
};

}  // namespace hostscope::exporter
