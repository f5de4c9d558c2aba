#include "exporter/store/overview_levels.h"

#include <bit>

#include "exporter/store/columns.h"

namespace hostscope::exporter {
namespace {

constexpr std::size_t kLevelStep = 4;     // bits between lengths that are looked at
constexpr std::size_t kFewerEntries = 8;  // a level has at most one entry for so many of the level below
constexpr std::size_t kIpv4Offset = 96;

std::size_t CommonBits(const Address& a, const Address& b) noexcept {
  const Uint128 difference = NumberOf(a) ^ NumberOf(b);
  constexpr int kWordBits = 64;
  const auto high = static_cast<std::uint64_t>(difference >> kWordBits);
  if (high != 0) return static_cast<std::size_t>(std::countl_zero(high));
  return static_cast<std::size_t>(kWordBits + std::countl_zero(static_cast<std::uint64_t>(difference)));
}

}  // namespace

void OverviewChoice::Note(const Address& host) noexcept {
  Family& family = host.IsIpv4() ? ipv4_ : ipv6_;
  ++family.hosts;
  if (family.last) {
    const std::size_t common = CommonBits(*family.last, host);
    if (common < kBits) ++family.by_common_bits[common];
  }
  family.last = host;
}

std::vector<OverviewLevel> OverviewChoice::Levels() const {
  std::vector<OverviewLevel> levels;
  Choose(ipv4_, true, levels);
  Choose(ipv6_, false, levels);
  return levels;
}

void OverviewChoice::Choose(const Family& family, bool is_ipv4, std::vector<OverviewLevel>& levels) {
  // A prefix begins with each host that has fewer bits in common with the one before than it is long.
  std::array<std::size_t, kBits> prefixes{};
  std::size_t count = family.hosts == 0 ? 0 : 1;
  for (std::size_t length = 0; length < kBits; ++length) {
    prefixes[length] = count;
    count += family.by_common_bits[length];
  }
  std::size_t entries = family.hosts;
  for (std::size_t length = kBits - kLevelStep; length > (is_ipv4 ? kIpv4Offset : 0); length -= kLevelStep) {
    if (entries <= kRowsPerBlock) return;
    if (prefixes[length] > entries / kFewerEntries) continue;
    levels.push_back({is_ipv4, static_cast<std::uint8_t>(length), {}});
    entries = prefixes[length];
  }
}

}  // namespace hostscope::exporter
