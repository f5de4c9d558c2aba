#pragma once

#include <immintrin.h>

#include <bit>
#include <cstddef>
#include <cstdint>

#include "aggregator/hashing.h"
#include "aggregator/hll_estimate.h"
#include "aggregator/host_slot.h"
#include "aggregator/sketch_pool.h"

/// Distinct counts: the part that runs for each flow record. A count goes through three stages, which depend
/// only on the set of its members, so that uniting two counts gives bit for bit what counting both at once
/// gives:
///
///   list   up to 8 members    in the slot; exact
///   set    up to 384          open-addressing set of 32-bit coupons, 32 to 512 places, at most 3/4 full;
///   exact but
///                             for two members with the same coupon, of which 384 members have 0.002 on
///                             average
///   dense  more               4096 HyperLogLog registers of a byte; see hll_estimate.h
///
/// Sizes and coupons are those of Apache DataSketches' HLL_8 with lgK 12, though their lists end at 7.
///
/// When the pool is exhausted a list or a set keeps the members it has and takes no new ones: it is
/// *saturated*, a lower bound.
namespace hostscope::aggregator {

inline constexpr SketchState kPooledBit = 0x20;  ///< set or dense: in a block of the pool
inline constexpr SketchState kDenseBit = 0x10;
inline constexpr SketchState kNumberBit =
    0x40;  ///< no sketch left, only a number: a union that found no memory
inline constexpr SketchState kSaturatedBit = 0x80;
inline constexpr unsigned kLgSmallestSet = 5;
inline constexpr unsigned kLgLargestSet = 9;
inline constexpr unsigned kLgCouponBytes = 2;
inline constexpr unsigned kDenseSizeClass = 5;
static_assert(sizeof(Coupon) == 1U << kLgCouponBytes);
static_assert(SketchPool::kUnit << kDenseSizeClass == kRegisters);
static_assert(SketchPool::kUnit << (kLgLargestSet - kLgSmallestSet) == sizeof(Coupon) << kLgLargestSet);

inline constexpr bool IsList(SketchState state) noexcept {
  return (state & ~kSaturatedBit) <= static_cast<int>(kListCapacity);
}
inline constexpr std::size_t ListCount(SketchState list) noexcept {
  return static_cast<std::size_t>(list & ~kSaturatedBit);
}
/// In a block of the pool.
inline constexpr bool IsPooled(SketchState state) noexcept {
  return (state & kPooledBit) != 0;
}
inline constexpr bool IsDense(SketchState state) noexcept {
  return (state & kDenseBit) != 0;
}
inline constexpr bool IsSet(SketchState state) noexcept {
  return (state & (kPooledBit | kDenseBit)) == kPooledBit;
}
/// Of a set or of registers, log2 of the block's bytes; of both, what a coupon touches lies at its low bits.
inline constexpr unsigned LgBytes(SketchState state) noexcept {
  return state & 0x0fU;
}
inline constexpr unsigned LgPlaces(SketchState set) noexcept {
  return LgBytes(set) - kLgCouponBytes;
}
inline constexpr SketchState SetOf(unsigned lg_places) noexcept {
  return static_cast<SketchState>(kPooledBit | (lg_places + kLgCouponBytes));
}
inline constexpr SketchState kDense = kPooledBit | kDenseBit | kLgRegisters;
/// True where a set of this many coupons needs more than 1 << lg places.
inline constexpr bool IsCrowded(std::uint32_t coupons, unsigned lg) noexcept {
  return 4 * coupons > 3U << lg;
}

/// Eight places of a set, or the eight coupons of a list.
class CouponGroup {
 public:
  explicit CouponGroup(const Coupon* at) noexcept
      : coupons_(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at))) {}
  /// A bit for each place that holds `coupon`; 0 asks for free ones.
  unsigned Places(Coupon coupon) const noexcept {
    const __m256i equal = _mm256_cmpeq_epi32(coupons_, _mm256_set1_epi32(static_cast<int>(coupon)));
    return static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(equal)));
  }

 private:
  __m256i coupons_;
};

/// `is_chosen ? a : b` without a branch.
template <typename Unsigned>
inline Unsigned Choose(bool is_chosen, Unsigned a, Unsigned b) noexcept {
  const auto mask = static_cast<Unsigned>(0 - static_cast<Unsigned>(is_chosen));
  return static_cast<Unsigned>(b ^ ((a ^ b) & mask));
}

// The first group of eight places where a set of 1 << lg looks for a coupon.
inline std::size_t FirstPlace(Coupon coupon, unsigned lg) noexcept {
  return (coupon & ((sizeof(Coupon) << lg) - 1)) / sizeof(Coupon) & ~std::size_t{7};
}

/// Fetches the line of a block that adding `coupon` will read; of a list, which is in the slot, the pool's
/// first. So nothing branches on which of them it is, which can't be foreseen.
inline void PrefetchBlock(SketchState state, const PooledSketch& sketch, Coupon coupon,
                          const SketchPool& pool) noexcept {
  static_assert(kPooledBit == 32, "all bits of the block's number, or none");
  const std::uint32_t block = _bzhi_u32(sketch.block, state & kPooledBit);
  __builtin_prefetch(pool.At(block) + _bzhi_u32(coupon, LgBytes(state)), 1);
}

/// Marks a count that can't grow; returns 1 if it was not marked before.
inline std::uint64_t Saturate(SketchState& state) noexcept {
  const bool is_new = (state & kSaturatedBit) == 0;
  state |= kSaturatedBit;
  return is_new ? 1 : 0;
}

inline void RaiseRegister(std::uint8_t* registers, Coupon coupon) noexcept {
  std::uint8_t& value = registers[coupon & (kRegisters - 1)];
  const auto candidate = static_cast<std::uint8_t>(coupon >> kCouponAddressBits);
  if (value < candidate) value = candidate;
}

/// Adds a coupon to a set for which the first group of places is not enough, or that has to grow; to a list
/// that is full, by making it a set. Each returns how many counts were saturated by it: 0 or 1, as below.
std::uint64_t AddToSet(SketchState& state, PooledSketch& sketch, Coupon coupon, SketchPool& pool) noexcept;
std::uint64_t AddToFullList(SketchState& state, PeerList& list, Coupon coupon, SketchPool& pool) noexcept;
std::uint64_t AddToFullList(SketchState& state, PortList& list, Coupon coupon, SketchPool& pool) noexcept;

/// Adds a coupon to a count that is not a list.
inline std::uint64_t AddPooled(SketchState& state, PooledSketch& sketch, Coupon coupon,
                               SketchPool& pool) noexcept {
  if (IsDense(state)) {
    RaiseRegister(pool.At(sketch.block), coupon);
    return 0;
  }
  if (!IsPooled(state)) [[unlikely]]
    return 0;
  const unsigned lg = LgPlaces(state);
  Coupon* const places = reinterpret_cast<Coupon*>(pool.At(sketch.block)) + FirstPlace(coupon, lg);
  const CouponGroup group(places);
  const bool is_new = group.Places(coupon) == 0;
  const unsigned free = group.Places(0);
  // Whether it is new can't be foreseen, so nothing branches on it: what is not new leaves its place as it
  // was.
  const bool has_no_room = free == 0 || IsCrowded(sketch.count + 1, lg);
  if (is_new && has_no_room) [[unlikely]]
    return AddToSet(state, sketch, coupon, pool);
  Coupon& place = places[static_cast<unsigned>(std::countr_zero(free)) % 8];
  place = Choose(is_new, coupon, place);
  sketch.count += is_new;
  return 0;
}

inline std::uint64_t AddPeer(SketchState& state, PeerList& list, Coupon coupon, SketchPool& pool) noexcept {
  if (!IsList(state)) return AddPooled(state, list.pooled, coupon, pool);
  // Free places are 0, which no coupon is, so all eight can be compared.
  const bool is_new = CouponGroup(list.coupons.data()).Places(coupon) == 0;
  const std::size_t count = ListCount(state);
  if (is_new && count == kListCapacity) [[unlikely]]
    return AddToFullList(state, list, coupon, pool);
  Coupon& place = list.coupons[count % kListCapacity];
  place = Choose(is_new, coupon, place);
  state = static_cast<SketchState>(state + is_new);
  return 0;
}

/// `coupon` is PortCoupon(port).
inline std::uint64_t AddPort(SketchState& state, PortList& list, std::uint16_t port, Coupon coupon,
                             SketchPool& pool) noexcept {
  if (!IsList(state)) return AddPooled(state, list.pooled, coupon, pool);
  const std::size_t count = ListCount(state);
  const __m128i ports = _mm_load_si128(reinterpret_cast<const __m128i*>(list.ports.data()));
  const __m128i equal = _mm_cmpeq_epi16(ports, _mm_set1_epi16(static_cast<short>(port)));
  // Port 0 exists, so only the places in use count: two mask bits for each.
  const bool is_new = (static_cast<unsigned>(_mm_movemask_epi8(equal)) & ((1U << 2 * count) - 1)) == 0;
  if (is_new && count == kListCapacity) [[unlikely]]
    return AddToFullList(state, list, coupon, pool);
  std::uint16_t& place = list.ports[count % kListCapacity];
  place = Choose(is_new, port, place);
  state = static_cast<SketchState>(state + is_new);
  return 0;
}

}  // namespace hostscope::aggregator
