#pragma once

#include <bit>
#include <cstdint>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "ipfix/address.h"

/// The two hashes of the aggregator. They must not be confused: where a host stands in a table depends on a
/// key that nobody outside knows, so that no input can be made to collide; what a distinct count is made of
/// is public, so that sketches of other cores, windows, appliances and programs can be united.
namespace hostscope::aggregator {

/// Seed of all distinct counts: XXH3-64 (xxHash 0.8) with this seed over the 16 address bytes, IPv4 as
/// ::ffff:a.b.c.d, or over the two bytes of a port, both in network byte order.
inline constexpr std::uint64_t kSketchSeed = 0x486f737473636f70ULL;  // "Hostscop"

/// Where a host stands in a table.
inline std::uint64_t TableHash(const Address& address, std::uint64_t key) noexcept {
  return XXH3_64bits_withSeed(address.bytes.data(), address.bytes.size(), key);
}

/// One member of a distinct count, in the layout of Apache DataSketches' HLL coupons: the low 26 bits are an
/// address of which the low 12 choose the register, the high 6 are the number of leading zeros, plus one, of
/// hash bits that are not in the address. Never 0, which marks a free place. 64 hash bits leave 38 for the
/// zeros, so values are 1 to 39: enough for more than 2^50 distinct members.
using Coupon = std::uint32_t;
inline constexpr unsigned kCouponAddressBits = 26;
inline constexpr unsigned kMaxCouponValue = 64 - kCouponAddressBits + 1;

inline Coupon CouponOf(std::uint64_t hash) noexcept {
  constexpr std::uint64_t kAddressMask = (std::uint64_t{1} << kCouponAddressBits) - 1;
  constexpr std::uint64_t kStop = std::uint64_t{1} << (kCouponAddressBits - 1);
  const auto value = static_cast<std::uint32_t>(std::countl_zero(hash | kStop)) + 1;
  return value << kCouponAddressBits | static_cast<std::uint32_t>(hash & kAddressMask);
}

inline Coupon AddressCoupon(const Address& address) noexcept {
  return CouponOf(XXH3_64bits_withSeed(address.bytes.data(), address.bytes.size(), kSketchSeed));
}

inline Coupon PortCoupon(std::uint16_t port) noexcept {
  const std::uint16_t network_order = __builtin_bswap16(port);
  return CouponOf(XXH3_64bits_withSeed(&network_order, sizeof(network_order), kSketchSeed));
}

}  // namespace hostscope::aggregator
