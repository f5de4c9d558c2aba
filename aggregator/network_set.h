#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ipfix/prefix.h"

namespace hostscope::aggregator {

/// The monitored networks, with longest-prefix match. DRAFT: owned by the aggregator's author.
class NetworkSet {
 public:
  static constexpr std::uint32_t kNone = 0xffffffffU;
  explicit NetworkSet(std::span<const Prefix> prefixes);
  std::uint32_t Find(const Address& address) const noexcept;  ///< index into prefixes(), or kNone
  const std::vector<Prefix>& prefixes() const noexcept;
};

}  // namespace hostscope::aggregator
