#include "aggregator/address_sort.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>
#include <vector>

#include "aggregator/mapped_memory.h"

namespace hostscope::aggregator {
namespace {

/// Address bits above, slot number below.
using Ipv4Key = std::uint64_t;

struct Ipv6Key {
  std::uint64_t high;
  std::uint64_t low;
  std::uint32_t slot;

  bool operator<(const Ipv6Key& other) const noexcept {
    return high != other.high ? high < other.high : low < other.low;
  }
};

Ipv6Key KeyOf(const Address& address, std::uint32_t slot) noexcept {
  return {__builtin_bswap64(address.high_bits()), __builtin_bswap64(address.low_bits()), slot};
}

/// Least significant digit first, three digits of 11 bits: stable, and each pass writes forward. `other` is
/// scratch of the same size; `keys` is afterwards one of the two.
void RadixSort(std::span<Ipv4Key>& keys, std::span<Ipv4Key> other) {
  constexpr unsigned kDigitBits = 11;
  constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;
  for (unsigned shift = 32; shift < 64; shift += kDigitBits) {
    std::array<std::uint32_t, kDigits> start{};
    for (const Ipv4Key key : keys) ++start[key >> shift & (kDigits - 1)];
    std::uint32_t sum = 0;
    for (std::uint32_t& count : start) {
      const std::uint32_t next = sum + count;
      count = sum;
      sum = next;
    }
    for (const Ipv4Key key : keys) other[start[key >> shift & (kDigits - 1)]++] = key;
    std::swap(keys, other);
  }
}

}  // namespace

void SortByAddress(const HostSlot* slots, std::uint32_t count, std::uint32_t* order) {
  // Mapped, for its large pages: a million hosts would else be four thousand page faults.
  const MappedArray<Ipv4Key> scratch(2 * std::size_t{count});
  std::size_t ipv4_count = 0;
  std::vector<Ipv6Key> ipv6;
  for (std::uint32_t slot = 0; slot < count; ++slot) {
    const Address& host = slots[slot].host();
    if (host.IsIpv4()) {
      scratch[ipv4_count++] = std::uint64_t{__builtin_bswap32(host.ipv4_bits())} << 32 | slot;
    } else {
      ipv6.push_back(KeyOf(host, slot));
    }
  }
  std::span<Ipv4Key> ipv4(scratch.data(), ipv4_count);
  RadixSort(ipv4, {scratch.data() + ipv4_count, ipv4_count});
  std::sort(ipv6.begin(), ipv6.end());

  // IPv4 is one run within the IPv6 order.
  const Ipv6Key first_ipv4 = KeyOf(Address::FromIpv4(0), 0);
  const auto split = std::lower_bound(ipv6.begin(), ipv6.end(), first_ipv4);
  for (auto at = ipv6.begin(); at != split; ++at) *order++ = at->slot;
  for (const Ipv4Key key : ipv4) *order++ = static_cast<std::uint32_t>(key);
  for (auto at = split; at != ipv6.end(); ++at) *order++ = at->slot;
}

}  // namespace hostscope::aggregator
