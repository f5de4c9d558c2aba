#pragma once

#include <immintrin.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "aggregator/coupon_set.h"
#include "aggregator/hashing.h"
#include "aggregator/hll_estimate.h"
#include "aggregator/host_slot.h"
#include "aggregator/sketch_pool.h"

/// Distinct counts: the part that runs for each flow record. A count goes through three stages, which depend
/// only on the set of its members, so that uniting two counts gives bit for bit what counting both at once
/// gives:
///
///   list   up to 8 members    in the slot; exact
///   set    up to 384          of 32-bit coupons, 32 to 512 places (coupon_set.h); exact but for two members
///                             with the same coupon, of which 384 members have 0.002 on average
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
/// What is said of three states at once: of a role's counts, as they lie in memory.
inline constexpr std::uint32_t InEachState(std::uint32_t bits) noexcept {
  return bits | bits << 8 | bits << 16;
}
inline std::uint32_t StatesOf(const RoleTotals& totals) noexcept {
  static_assert(offsetof(RoleTotals, src_ports) == offsetof(RoleTotals, peers) + 1 &&
                offsetof(RoleTotals, dst_ports) == offsetof(RoleTotals, peers) + 2);
  std::uint32_t states;
  std::memcpy(&states, &totals.peers, sizeof(states));
  return states;
}
inline bool AreDense(std::uint32_t states) noexcept {
  return (states & InEachState(kDenseBit)) == InEachState(kDenseBit);
}
/// All are lists with room for one more. Eight members is the only state of a list that has the fourth bit.
inline bool AreListsWithRoom(std::uint32_t states) noexcept {
  static_assert(kListCapacity == 8);
  return (states & InEachState(kNumberBit | kPooledBit | kDenseBit | kListCapacity)) == 0;
}

/// Fetches the line of a block that adding `coupon` will read; of a list, which is in the slot, the pool's
/// first. So nothing branches on which of them it is, which can't be foreseen.
[[gnu::always_inline]] inline void PrefetchBlock(SketchState state, const PooledSketch& sketch, Coupon coupon,
                                                 const SketchPool& pool) noexcept {
  static_assert(kPooledBit == 32 && offsetof(PooledSketch, block) == 0,
                "all bits of the block's number, or none");
  std::uint64_t block;
  std::memcpy(&block, &sketch, sizeof(block));
  block = _bzhi_u64(block, state & kPooledBit);
  __builtin_prefetch(pool.At(0) + block * SketchPool::kUnit + _bzhi_u64(coupon, LgBytes(state)), 1);
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

/// Adds a coupon to a set for which its line is not enough, or that has to grow; to a list
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
  const unsigned lg_bytes = LgBytes(state);
  const std::uint32_t line_start = _bzhi_u32(coupon, lg_bytes) & ~static_cast<std::uint32_t>(kCacheLine - 1);
  auto* const places = reinterpret_cast<Coupon*>(pool.At(sketch.block) + line_start);
  const CouponLine line(places);
  const bool is_new = !line.Contains(coupon);
  const unsigned free = line.Free();
  // IsCrowded(), in bytes.
  const bool has_no_room = free == 0 || sizeof(Coupon) * 4 * (sketch.count + 1) > 3U << lg_bytes;
  if (is_new && has_no_room) [[unlikely]]
    return AddToSet(state, sketch, coupon, pool);
  // Whether it is new can't be foreseen, so nothing branches on it: what is not new is written where nobody
  // reads it.
  Coupon unread;
  Coupon* const place = &places[static_cast<unsigned>(std::countr_zero(free)) % kLinePlaces];
  *(is_new ? place : &unread) = coupon;
  sketch.count += is_new;
  return 0;
}

/// To a list that is not full. What is not new is written behind the members, where nobody reads it.
inline void AddToList(SketchState& state, PeerList& list, Coupon coupon) noexcept {
  const std::size_t count = state % kListCapacity;
  const __m256i all = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(list.coupons.data()));
  const __m256i equal = _mm256_cmpeq_epi32(all, _mm256_set1_epi32(static_cast<int>(coupon)));
  const auto places = static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(equal)));
  list.coupons[count] = coupon;
  state = static_cast<SketchState>(state + (_bzhi_u32(places, static_cast<unsigned>(count)) == 0));
}

inline void AddToList(SketchState& state, PortList& list, std::uint16_t port) noexcept {
  const std::size_t count = state % kListCapacity;
  const __m128i ports = _mm_loadu_si128(reinterpret_cast<const __m128i*>(list.ports.data()));
  const __m128i equal = _mm_cmpeq_epi16(ports, _mm_set1_epi16(static_cast<short>(port)));
  const auto places = static_cast<unsigned>(_mm_movemask_epi8(equal));  // two bits for each
  list.ports[count] = port;
  state = static_cast<SketchState>(state + (_bzhi_u32(places, static_cast<unsigned>(2 * count)) == 0));
}

inline bool Contains(const PeerList& list, Coupon coupon) noexcept {
  const __m256i all = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(list.coupons.data()));
  return _mm256_movemask_epi8(_mm256_cmpeq_epi32(all, _mm256_set1_epi32(static_cast<int>(coupon)))) != 0;
}
inline bool Contains(const PortList& list, std::uint16_t port) noexcept {
  const __m128i all = _mm_loadu_si128(reinterpret_cast<const __m128i*>(list.ports.data()));
  return _mm_movemask_epi8(_mm_cmpeq_epi16(all, _mm_set1_epi16(static_cast<short>(port)))) != 0;
}

inline std::uint64_t AddPeer(SketchState& state, PeerList& list, Coupon coupon, SketchPool& pool) noexcept {
  if (!IsList(state)) return AddPooled(state, list.pooled, coupon, pool);
  if (ListCount(state) == kListCapacity) [[unlikely]]
    return Contains(list, coupon) ? 0 : AddToFullList(state, list, coupon, pool);
  AddToList(state, list, coupon);
  return 0;
}

/// `coupon` is PortCoupon(port).
inline std::uint64_t AddPort(SketchState& state, PortList& list, std::uint16_t port, Coupon coupon,
                             SketchPool& pool) noexcept {
  if (!IsList(state)) return AddPooled(state, list.pooled, coupon, pool);
  if (ListCount(state) == kListCapacity) [[unlikely]]
    return Contains(list, port) ? 0 : AddToFullList(state, list, coupon, pool);
  AddToList(state, list, port);
  return 0;
}

}  // namespace hostscope::aggregator
