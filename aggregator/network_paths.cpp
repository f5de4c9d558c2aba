#include "aggregator/network_paths.h"

#include <algorithm>
#include <numeric>

namespace hostscope::aggregator {
namespace {

constexpr unsigned kMappedBits = 96;

/// Of the 16-byte form, ascending, each once.
std::vector<std::uint8_t> LengthsOf(const std::vector<std::uint8_t>& written, unsigned leading_bits) {
  std::vector<std::uint8_t> lengths;
  for (const std::uint8_t length : written)
    lengths.push_back(static_cast<std::uint8_t>(leading_bits + length));
  std::sort(lengths.begin(), lengths.end());
  lengths.erase(std::unique(lengths.begin(), lengths.end()), lengths.end());
  return lengths;
}

/// The networks of one family, each behind those that contain it; of equal ones the first given first.
std::vector<std::uint32_t> InOrder(const std::vector<Prefix>& prefixes, bool is_ipv4) {
  std::vector<std::uint32_t> order(prefixes.size());
  std::iota(order.begin(), order.end(), 0U);
  std::erase_if(order, [&](std::uint32_t i) { return prefixes[i].IsIpv4() != is_ipv4; });
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return prefixes[a] < prefixes[b]; });
  return order;
}

}  // namespace

NetworkPaths::NetworkPaths(const NetworkSet& networks, const NetworkLevels& levels)
    : paths_(networks.prefixes().size()) {
  const std::vector<Prefix>& prefixes = networks.prefixes();
  for (const bool is_ipv4 : {true, false}) {
    const std::vector<std::uint8_t> lengths =
        is_ipv4 ? LengthsOf(levels.ipv4, kMappedBits) : LengthsOf(levels.ipv6, 0);
    std::vector<Step> around;  // the monitored networks that contain the one in turn
    for (const std::uint32_t i : InOrder(prefixes, is_ipv4)) {
      const Prefix& prefix = prefixes[i];
      while (!around.empty() && !prefixes[around.back().network].Contains(prefix.network)) around.pop_back();
      // No host is of a network that was given before.
      const bool is_double = !around.empty() && prefixes[around.back().network] == prefix;
      if (!is_double) around.push_back({prefix.length, i});
      AddPath(i, around, lengths);
    }
  }
}

void NetworkPaths::AddPath(std::uint32_t network, std::span<const Step> monitored,
                           std::span<const std::uint8_t> level_lengths) {
  Path& path = paths_[network];
  path.first = steps_.size();
  steps_.insert(steps_.end(), monitored.begin(), monitored.end());
  for (const std::uint8_t length : level_lengths) {
    const bool is_monitored = std::any_of(monitored.begin(), monitored.end(),
                                          [length](const Step& step) { return step.length == length; });
    if (length > monitored.front().length && !is_monitored) steps_.push_back({length, NetworkSet::kNone});
  }
  const auto first = steps_.begin() + static_cast<std::ptrdiff_t>(path.first);
  std::sort(first, steps_.end(), [](const Step& a, const Step& b) { return a.length < b.length; });
  path.count = static_cast<std::uint32_t>(steps_.end() - first);
  const auto behind = std::find_if(first, steps_.end(),
                                   [&](const Step& step) { return step.length > monitored.back().length; });
  path.to_network = static_cast<std::uint32_t>(behind - first);
}

}  // namespace hostscope::aggregator
