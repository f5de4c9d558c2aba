#pragma once

#include <compare>
#include <cstdint>

#include "ipfix/address.h"

namespace hostscope {

/// An address prefix. `length` counts bits of the 16-byte form, so an IPv4 /24 is 96 + 24 = 120; use the
/// factories. Host bits of `network` are zero.
struct Prefix {
  Address network;
  std::uint8_t length = 0;

  static Prefix Ipv4(std::uint32_t network_order, unsigned bits) noexcept;
  static Prefix Ipv6(const Address& address, unsigned bits) noexcept;
  /// 0.0.0.0/0 and ::/0: every host of one family.
  static Prefix AllIpv4() noexcept { return Ipv4(0, 0); }
  static Prefix AllIpv6() noexcept { return Ipv6(Address{}, 0); }

  /// Of this host alone.
  static Prefix Of(const Address& host) noexcept { return {host, 128}; }

  bool IsIpv4() const noexcept { return length >= 96 && network.IsIpv4(); }
  /// The length as written: of 32 for IPv4, of 128 for IPv6.
  unsigned written_length() const noexcept { return IsIpv4() ? length - 96U : length; }
  /// An IPv6 prefix shorter than 96 does not contain IPv4 hosts: 2 families, though one table.
  bool Contains(const Address& address) const noexcept;
  /// Whether `inner` is this one or in it.
  bool Contains(const Prefix& inner) const noexcept {
    return inner.length >= length && Contains(inner.network);
  }

  friend bool operator==(const Prefix&, const Prefix&) = default;
  friend auto operator<=>(const Prefix&, const Prefix&) = default;
};

}  // namespace hostscope
