#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "ipfix/prefix.h"

namespace hostscope::aggregator {

/// The monitored networks, with longest-prefix match: the most specific one wins. IPv4 hosts are never inside
/// an IPv6 prefix, nor the other way round. Immutable, so any number of threads may read it; copies are cheap
/// and share the tables, so that whoever still reads an old window keeps its networks alive.
///
/// Both families are multi-bit tries of stride 16, then 8 (IPv4: 16-8-8), a node being 256 words: at most
/// three dependent loads for IPv4, one where 0.0.0.0/0 is the only prefix. About 1 KiB for each distinct
/// leading byte string of a prefix; 512 KiB for the two roots.
class NetworkSet {
 public:
  static constexpr std::uint32_t kNone = 0xffffffffU;

  /// Of equal prefixes the first counts. At most 2^31 - 1 of them.
  explicit NetworkSet(std::span<const Prefix> prefixes);
  /// Every host of both families.
  static NetworkSet All();

  /// Index into prefixes() of the most specific one that contains `address`, or kNone.
  std::uint32_t Find(const Address& address) const noexcept;
  /// False: certainly kNone. True: perhaps not. Reads one bit of 16 KiB, so that traffic of foreign hosts
  /// costs no look-up in a host table.
  bool MayContain(const Address& address) const noexcept {
    // The two bytes an IPv4 address begins with, or an IPv6 one.
    const bool is_ipv4 = address.IsIpv4();
    const std::size_t at = is_ipv4 ? 12 : 0;
    const std::size_t leading = std::size_t{address.bytes[at]} << 8 | address.bytes[at + 1];
    const std::uint64_t* filter = is_ipv4 ? ipv4_filter_ : ipv6_filter_;
    return (filter[leading / 64] >> leading % 64 & 1) != 0;
  }
  /// True where every address of both families is monitored.
  bool ContainsAll() const noexcept;

  /// In the order given.
  const std::vector<Prefix>& prefixes() const noexcept;

 private:
  struct Tables;
  std::shared_ptr<const Tables> tables_;
  const std::uint64_t* ipv4_filter_;  ///< in tables_; here so that MayContain() is inlined
  const std::uint64_t* ipv6_filter_;
};

}  // namespace hostscope::aggregator
