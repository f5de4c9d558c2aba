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

inline constexpr SketchState kSetBit = 0x10;  ///< low 4 bits: log2 of the set's places
inline constexpr SketchState kDenseBit = 0x20;
inline constexpr SketchState kNumberBit =
    0x40;  ///< no sketch left, only a number: a union that found no memory
inline constexpr SketchState kSaturatedBit = 0x80;
inline constexpr unsigned kLgSmallestSet = 5;
inline constexpr unsigned kLgLargestSet = 9;
inline constexpr unsigned kDenseSizeClass = 5;
static_assert(SketchPool::kUnit << kDenseSizeClass == kRegisters);
static_assert(SketchPool::kUnit << (kLgLargestSet - kLgSmallestSet) == sizeof(Coupon) << kLgLargestSet);

inline constexpr bool IsList(SketchState state) noexcept {
  return (state & ~kSaturatedBit) <= static_cast<int>(kListCapacity);
}
/// In a block of the pool.
inline constexpr bool IsPooled(SketchState state) noexcept {
  return (state & (kSetBit | kDenseBit)) != 0;
}
inline constexpr unsigned LgPlaces(SketchState state) noexcept {
  return state & 0x0fU;
}
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

// The first group of eight places where a set of 1 << lg looks for a coupon.
inline std::size_t FirstPlace(Coupon coupon, unsigned lg) noexcept {
  return coupon & ((1U << lg) - 1) & ~7U;
}

inline const std::uint8_t* TouchedByte(SketchState state, const PooledSketch& sketch, Coupon coupon,
                                       const SketchPool& pool) noexcept {
  const std::uint8_t* block = pool.At(sketch.block);
  if ((state & kDenseBit) != 0) return block + (coupon & (kRegisters - 1));
  return block + FirstPlace(coupon, LgPlaces(state)) * sizeof(Coupon);
}

/// Fetches the line that AddPooled() will read. IsPooled() must hold.
inline void PrefetchSketch(SketchState state, const PooledSketch& sketch, Coupon coupon,
                           const SketchPool& pool) noexcept {
  __builtin_prefetch(TouchedByte(state, sketch, coupon, pool), 1);
}

// The rare steps, in distinct.cpp. Each returns false where the pool is exhausted and nothing changed.
[[nodiscard]] bool ListToSet(SketchState& state, PeerList& list, SketchPool& pool) noexcept;
[[nodiscard]] bool ListToSet(SketchState& state, PortList& list, SketchPool& pool) noexcept;
[[nodiscard]] bool GrowSet(SketchState& state, PooledSketch& sketch, SketchPool& pool) noexcept;

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

/// Adds a coupon to a count that is not a list. Returns how many counts were saturated by it: 0 or 1, as
/// below.
inline std::uint64_t AddPooled(SketchState& state, PooledSketch& sketch, Coupon coupon,
                               SketchPool& pool) noexcept {
  while ((state & kSetBit) != 0) {
    auto* places = reinterpret_cast<Coupon*>(pool.At(sketch.block));
    const unsigned lg = LgPlaces(state);
    std::size_t at = FirstPlace(coupon, lg);
    unsigned free = 0;
    for (;; at = (at + 8) & ((std::size_t{1} << lg) - 1)) {
      const CouponGroup group(places + at);
      if (group.Places(coupon) != 0) return 0;
      free = group.Places(0);
      if (free != 0) break;
    }
    if (!IsCrowded(sketch.count + 1, lg)) [[likely]] {
      places[at + static_cast<unsigned>(std::countr_zero(free))] = coupon;
      ++sketch.count;
      return 0;
    }
    if (!GrowSet(state, sketch, pool)) return Saturate(state);
  }
  if ((state & kDenseBit) != 0) RaiseRegister(pool.At(sketch.block), coupon);
  return 0;
}

inline std::uint64_t AddPeer(SketchState& state, PeerList& list, Coupon coupon, SketchPool& pool) noexcept {
  if (IsList(state)) {
    // Free places are 0, which no coupon is, so all eight can be compared.
    if (CouponGroup(list.coupons.data()).Places(coupon) != 0) return 0;
    const auto count = static_cast<std::size_t>(state & ~kSaturatedBit);
    if (count < kListCapacity) {
      list.coupons[count] = coupon;
      ++state;
      return 0;
    }
    if (!ListToSet(state, list, pool)) return Saturate(state);
  }
  return AddPooled(state, list.pooled, coupon, pool);
}

/// `coupon` is PortCoupon(port), or 0 where the caller has not computed it: it is then, if needed.
inline std::uint64_t AddPort(SketchState& state, PortList& list, std::uint16_t port, Coupon coupon,
                             SketchPool& pool) noexcept {
  if (IsList(state)) {
    const auto count = static_cast<std::size_t>(state & ~kSaturatedBit);
    const __m128i ports = _mm_load_si128(reinterpret_cast<const __m128i*>(list.ports.data()));
    const __m128i equal = _mm_cmpeq_epi16(ports, _mm_set1_epi16(static_cast<short>(port)));
    // Port 0 exists, so only the places in use count: two mask bits for each.
    const auto hits = static_cast<unsigned>(_mm_movemask_epi8(equal)) & ((1U << 2 * count) - 1);
    if (hits != 0) return 0;
    if (count < kListCapacity) {
      list.ports[count] = port;
      ++state;
      return 0;
    }
    if (!ListToSet(state, list, pool)) return Saturate(state);
  }
  return AddPooled(state, list.pooled, coupon != 0 ? coupon : PortCoupon(port), pool);
}

}  // namespace hostscope::aggregator
