#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <cstring>

namespace hostscope {

/// An IP address: 16 bytes in network byte order. An IPv4 address is held as IPv4-mapped IPv6, ::ffff:a.b.c.d
/// (RFC 4291 section 2.5.5.2), so that a mapped address on the wire and the IPv4 address are the same host
/// and one table serves both families. Plain value; ordered as its bytes are, which is address order.
struct Address {
  alignas(8) std::array<std::uint8_t, 16> bytes{};

  /// The IPv4 address whose four bytes in network order are those of `network_order` as they lie in memory.
  static Address FromIpv4(std::uint32_t network_order) noexcept {
    Address address;
    address.bytes[10] = 0xff;
    address.bytes[11] = 0xff;
    std::memcpy(&address.bytes[12], &network_order, sizeof(network_order));
    return address;
  }

  /// `octets` points to 16 readable bytes in network order.
  static Address FromIpv6(const std::uint8_t* octets) noexcept {
    Address address;
    std::memcpy(address.bytes.data(), octets, address.bytes.size());
    return address;
  }

  /// The first and last eight bytes as they lie in memory: for hashing and comparing, not for arithmetic.
  std::uint64_t high_bits() const noexcept { return LoadWord(0); }
  std::uint64_t low_bits() const noexcept { return LoadWord(8); }

  bool IsIpv4() const noexcept { return high_bits() == 0 && (low_bits() & 0xffffffffU) == kMappedPrefixBits; }

  /// The four bytes of an IPv4 address, in memory order. Meaningless unless IsIpv4().
  std::uint32_t ipv4_bits() const noexcept { return static_cast<std::uint32_t>(low_bits() >> 32); }

  /// True for :: and for 0.0.0.0, which exporters write where a record has no address of that family.
  bool IsUnspecified() const noexcept {
    return high_bits() == 0 && (low_bits() == 0 || low_bits() == kMappedPrefixBits);
  }

  friend bool operator==(const Address& a, const Address& b) noexcept {
    return ((a.high_bits() ^ b.high_bits()) | (a.low_bits() ^ b.low_bits())) == 0;
  }
  friend std::strong_ordering operator<=>(const Address& a, const Address& b) noexcept {
    return std::memcmp(a.bytes.data(), b.bytes.data(), a.bytes.size()) <=> 0;
  }

 private:
  // 00 00 ff ff as a little-endian word: bytes 8 to 11 of an IPv4-mapped address.
  static constexpr std::uint32_t kMappedPrefixBits = 0xffff0000U;

  std::uint64_t LoadWord(std::size_t at) const noexcept {
    std::uint64_t word;
    std::memcpy(&word, &bytes[at], sizeof(word));
    return word;
  }
};

static_assert(std::endian::native == std::endian::little,
              "ipv4_bits() and IsIpv4() read little-endian words");
static_assert(sizeof(Address) == 16 && alignof(Address) == 8);

}  // namespace hostscope
