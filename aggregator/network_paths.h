#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "aggregator/network_record.h"
#include "aggregator/network_set.h"

namespace hostscope::aggregator {

/// Which prefixes with a network record an address lies in. This depends only on the most specific monitored
/// network that contains it: all the monitored networks around it, and all levels that are longer than the
/// least specific of these. So the prefixes of all addresses together are a tree, each holding whatever is in
/// it, whichever monitored network that belongs to. Immutable.
class NetworkPaths {
 public:
  struct Step {
    std::uint8_t length;    ///< of the 16-byte form
    std::uint32_t network;  ///< index of the monitored network with this prefix, or NetworkSet::kNone
  };

  NetworkPaths(const NetworkSet& networks, const NetworkLevels& levels);

  /// Around an address whose most specific network is the n-th: the outermost prefix first.
  std::span<const Step> Around(std::uint32_t network) const noexcept {
    return {&steps_[paths_[network].first], paths_[network].count};
  }
  /// The part of it that the network as a whole lies in. It ends with the network itself.
  std::span<const Step> To(std::uint32_t network) const noexcept {
    return {&steps_[paths_[network].first], paths_[network].to_network};
  }

 private:
  struct Path {
    std::size_t first;  ///< in steps_
    std::uint32_t count;
    std::uint32_t to_network;
  };
  void AddPath(std::uint32_t network, std::span<const Step> monitored,
               std::span<const std::uint8_t> level_lengths);

  std::vector<Step> steps_;
  std::vector<Path> paths_;  ///< by network
};

}  // namespace hostscope::aggregator
