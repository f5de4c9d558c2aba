#pragma once

#include <bit>
#include <cstdint>

#include "ipfix/address.h"

/// The two hashes of the aggregator, both XXH3-64 (Y. Collet, xxHash 0.8, "XXH3 algorithm overview"), here
/// for inputs of exactly 16 and 2 bytes, since the library's entry point is too large to be inlined. A test
/// holds them against the library.
///
/// They must not be confused: where a host stands in a table depends on a key that nobody outside knows, so
/// that no input can be made to collide; what a distinct count is made of is public, so that sketches of
/// other cores, windows, appliances and programs can be united.
namespace hostscope::aggregator {

/// Seed of all distinct counts: XXH3-64 with this seed over the 16 address bytes, IPv4 as ::ffff:a.b.c.d, or
/// over the two bytes of a port, both in network byte order.
inline constexpr std::uint64_t kSketchSeed = 0x486f737473636f70ULL;  // "Hostscop"

namespace xxh3 {

/// Words of XXH3's default secret that short inputs are combined with.
inline constexpr std::uint64_t kSecret24And32 = 0x6782737bea4239b9ULL;  // at 24, xor at 32
inline constexpr std::uint64_t kSecret40And48 = 0xaf56bc3b0996523aULL;
inline constexpr std::uint64_t kSecret0And4 = 0x87275a9bULL;
/// And what it multiplies by.
inline constexpr std::uint64_t kAvalanche = 0x165667919e3779f9ULL;
inline constexpr std::uint64_t kPrime2 = 0xc2b2ae3d27d4eb4fULL;
inline constexpr std::uint64_t kPrime3 = 0x165667b19e3779f9ULL;

inline std::uint64_t Hash16(std::uint64_t low, std::uint64_t high, std::uint64_t seed) noexcept {
  low ^= kSecret24And32 + seed;
  high ^= kSecret40And48 - seed;
  __extension__ using Wide = unsigned __int128;
  const Wide product = Wide{low} * high;
  std::uint64_t hash = 16 + __builtin_bswap64(low) + high +
                       (static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64));
  hash = (hash ^ hash >> 37) * kAvalanche;
  return hash ^ hash >> 32;
}

/// `value`'s two bytes in network order.
inline std::uint64_t HashBe16(std::uint16_t value, std::uint64_t seed) noexcept {
  const std::uint32_t first = value >> 8;
  const std::uint32_t last = value & 0xffU;
  const std::uint32_t combined = first << 16 | last << 24 | 2U << 8 | last;
  std::uint64_t hash = combined ^ (kSecret0And4 + seed);
  hash = (hash ^ hash >> 33) * kPrime2;
  hash = (hash ^ hash >> 29) * kPrime3;
  return hash ^ hash >> 32;
}

}  // namespace xxh3

/// Where a host stands in a table.
inline std::uint64_t TableHash(const Address& address, std::uint64_t key) noexcept {
  return xxh3::Hash16(address.high_bits(), address.low_bits(), key);
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
  return CouponOf(xxh3::Hash16(address.high_bits(), address.low_bits(), kSketchSeed));
}

inline Coupon PortCoupon(std::uint16_t port) noexcept {
  return CouponOf(xxh3::HashBe16(port, kSketchSeed));
}

}  // namespace hostscope::aggregator
