#include "aggregator/distinct.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "aggregator/hashing_pairs.h"
#include "aggregator/sketch_bytes.h"

namespace hostscope::aggregator {
namespace {

constexpr unsigned SizeClass(SketchState state) noexcept {
  return (state & kDenseBit) != 0 ? kDenseSizeClass : LgPlaces(state) - kLgSmallestSet;
}

constexpr bool IsNumber(SketchState state) noexcept {
  return (state & kNumberBit) != 0;
}
constexpr SketchState Saturation(SketchState state) noexcept {
  return state & kSaturatedBit;
}
std::span<const Coupon> PlacesOf(SketchState state, const PooledSketch& sketch,
                                 const SketchPool& pool) noexcept {
  return {reinterpret_cast<const Coupon*>(pool.At(sketch.block)), std::size_t{1} << LgPlaces(state)};
}

std::span<const std::uint8_t, kRegisters> RegistersOf(const PooledSketch& sketch,
                                                      const SketchPool& pool) noexcept {
  return std::span<const std::uint8_t, kRegisters>(pool.At(sketch.block), kRegisters);
}

Coupon MemberCoupon(const PeerList& list, std::size_t i) noexcept {
  return list.coupons[i];
}
Coupon MemberCoupon(const PortList& list, std::size_t i) noexcept {
  return PortCoupon(list.ports[i]);
}

__m256i AllCoupons(const PeerList& full) noexcept {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(full.coupons.data()));
}
__m256i AllCoupons(const PortList& full) noexcept {
  const __m128i ports = _mm_loadu_si128(reinterpret_cast<const __m128i*>(full.ports.data()));
  return _mm256_setr_m128i(PortCoupons(ports), PortCoupons(_mm_unpackhi_epi64(ports, ports)));
}

/// Makes a set of a list: `fill` puts its members into the places and returns how many different ones they
/// are. Two ports may have one coupon; the set would else depend on whether it was built from the list.
template <typename List, typename Fill>
bool BecomeSet(SketchState& state, List& list, SketchPool& pool, Fill fill) noexcept {
  const std::uint32_t block = pool.Allocate(0);
  if (block == SketchPool::kNoBlock) return false;
  const std::uint32_t count = fill(reinterpret_cast<Coupon*>(pool.At(block)));
  list.pooled = PooledSketch{block, count};
  state = static_cast<SketchState>(SetOf(kLgSmallestSet) | Saturation(state));
  return true;
}

/// Of a full list.
template <typename List>
bool ListToSet(SketchState& state, List& list, SketchPool& pool) noexcept {
  return BecomeSet(state, list, pool, [&](Coupon* places) { return StartSet(AllCoupons(list), places); });
}

/// Also for free places, which can't be foreseen: 0 raises nothing.
void RaiseAll(std::uint8_t* registers, std::span<const Coupon> places) noexcept {
  for (const Coupon coupon : places) {
    std::uint8_t& value = registers[coupon & (kRegisters - 1)];
    value = std::max(value, static_cast<std::uint8_t>(coupon >> kCouponAddressBits));
  }
}

bool GrowSet(SketchState& state, PooledSketch& sketch, SketchPool& pool) noexcept {
  const unsigned lg = LgPlaces(state);
  const bool becomes_dense = lg == kLgLargestSet;
  const std::uint32_t block = pool.Allocate(becomes_dense ? kDenseSizeClass : lg + 1 - kLgSmallestSet);
  if (block == SketchPool::kNoBlock) return false;
  const std::span<const Coupon> places = PlacesOf(state, sketch, pool);
  if (becomes_dense) {
    RaiseAll(pool.At(block), places);
  } else {
    SplitSet(places.data(), lg, reinterpret_cast<Coupon*>(pool.At(block)));
  }
  pool.Free(sketch.block, SizeClass(state));
  sketch.block = block;
  state = static_cast<SketchState>((becomes_dense ? kDense : SetOf(lg + 1)) | Saturation(state));
  return true;
}

template <typename List>
std::uint64_t EstimateImpl(SketchState state, const List& list, const SketchPool& pool) noexcept {
  if (IsList(state)) return ListCount(state);
  if (!IsDense(state)) return list.pooled.count;
  return static_cast<std::uint64_t>(std::llround(EstimateHll(RegistersOf(list.pooled, pool))));
}

template <typename List>
Sketch CopySketchImpl(SketchState state, const List& list, const SketchPool& pool) {
  Sketch copy;
  copy.is_saturated = Saturation(state) != 0;
  if (IsList(state)) {
    for (std::size_t i = 0; i < ListCount(state); ++i) copy.coupons.push_back(MemberCoupon(list, i));
  } else if (IsSet(state)) {
    for (const Coupon coupon : PlacesOf(state, list.pooled, pool)) {
      if (coupon != 0) copy.coupons.push_back(coupon);
    }
  } else if (IsDense(state)) {
    const auto registers = RegistersOf(list.pooled, pool);
    copy.registers.assign(registers.begin(), registers.end());
  }
  std::sort(copy.coupons.begin(), copy.coupons.end());
  return copy;
}

template <typename List>
std::size_t WriteSketchImpl(SketchState state, const List& list, const SketchPool& pool,
                            std::uint8_t* out) noexcept {
  if (IsDense(state)) return WriteRegisters(RegistersOf(list.pooled, pool), out);
  if (IsNumber(state)) return 0;
  std::array<Coupon, std::size_t{1} << kLgLargestSet> coupons;
  auto end = coupons.begin();
  if (IsList(state)) {
    for (std::size_t i = 0; i < ListCount(state); ++i) *end++ = MemberCoupon(list, i);
  } else {
    for (const Coupon coupon : PlacesOf(state, list.pooled, pool)) {
      if (coupon != 0) *end++ = coupon;
    }
  }
  std::sort(coupons.begin(), end);
  end = std::unique(coupons.begin(), end);  // two ports may have one coupon
  return WriteCoupons({coupons.begin(), end}, out);
}

void RaiseAll(std::uint8_t* to, const std::uint8_t* from) noexcept {
  for (std::size_t i = 0; i < kRegisters; ++i) to[i] = std::max(to[i], from[i]);
}

std::uint64_t AddMember(SketchState& to, PeerList& list, const PeerList& from, std::size_t i,
                        SketchPool& pool) noexcept {
  return AddPeer(to, list, from.coupons[i], pool);
}
std::uint64_t AddMember(SketchState& to, PortList& list, const PortList& from, std::size_t i,
                        SketchPool& pool) noexcept {
  return AddPort(to, list, from.ports[i], PortCoupon(from.ports[i]), pool);
}

/// A port with this coupon; where several have it, which they can't be told apart by, any of them.
std::optional<std::uint16_t> PortOf(Coupon coupon) {
  using Entry = std::pair<Coupon, std::uint16_t>;
  static const std::vector<Entry> kPorts = [] {
    std::vector<Entry> ports;
    for (std::uint32_t port = 0; port <= 0xffffU; ++port)
      ports.emplace_back(PortCoupon(static_cast<std::uint16_t>(port)), static_cast<std::uint16_t>(port));
    std::sort(ports.begin(), ports.end());
    return ports;
  }();
  const auto found = std::lower_bound(kPorts.begin(), kPorts.end(), Entry{coupon, 0});
  if (found == kPorts.end() || found->first != coupon) return std::nullopt;
  return found->second;
}

/// Of a list that need not be full.
bool AnyListToSet(SketchState& state, PortList& list, SketchPool& pool) noexcept {
  return BecomeSet(state, list, pool, [&](Coupon* places) {
    std::uint32_t count = 0;
    for (std::size_t i = 0; i < ListCount(state); ++i)
      count += PlaceIfNew(places, kLgSmallestSet, MemberCoupon(list, i));
    return count;
  });
}

std::uint64_t AddCoupon(SketchState& to, PeerList& list, Coupon coupon, SketchPool& pool) {
  return AddPeer(to, list, coupon, pool);
}
std::uint64_t AddCoupon(SketchState& to, PortList& list, Coupon coupon, SketchPool& pool) {
  if (IsList(to)) {
    if (const auto port = PortOf(coupon)) return AddPort(to, list, *port, coupon, pool);
    if (!AnyListToSet(to, list, pool)) return Saturate(to);
  }
  return AddPooled(to, list.pooled, coupon, pool);
}

/// False: no memory.
template <typename List>
bool BecomeDense(SketchState& to, List& list, SketchPool& pool) noexcept {
  if (IsDense(to)) return true;
  const std::uint32_t block = pool.Allocate(kDenseSizeClass);
  if (block == SketchPool::kNoBlock) return false;
  if (IsList(to)) {
    for (std::size_t i = 0; i < ListCount(to); ++i) RaiseRegister(pool.At(block), MemberCoupon(list, i));
  } else {
    RaiseAll(pool.At(block), PlacesOf(to, list.pooled, pool));
    pool.Free(list.pooled.block, SizeClass(to));
  }
  list.pooled = PooledSketch{block, 0};
  to = static_cast<SketchState>(kDense | Saturation(to));
  return true;
}

/// Makes `to` a copy of `from`'s block and adds what `to` had. False: no memory.
template <typename List>
bool AdoptBlock(SketchState& to, List& list, SketchPool& pool, SketchState from, const List& from_list,
                const SketchPool& from_pool, std::uint64_t& saturated) noexcept {
  const std::uint32_t block = pool.Allocate(SizeClass(from));
  if (block == SketchPool::kNoBlock) return false;
  std::memcpy(pool.At(block), from_pool.At(from_list.pooled.block), SketchPool::kUnit << SizeClass(from));
  const SketchState had = to;
  const List had_list = list;
  to = static_cast<SketchState>(from | Saturation(had));
  list.pooled = PooledSketch{block, from_list.pooled.count};
  if (IsList(had)) {
    for (std::size_t i = 0; i < ListCount(had); ++i)
      saturated += AddPooled(to, list.pooled, MemberCoupon(had_list, i), pool);
    return true;
  }
  for (const Coupon coupon : PlacesOf(had, had_list.pooled, pool)) {
    if (coupon != 0) saturated += AddPooled(to, list.pooled, coupon, pool);
  }
  pool.Free(had_list.pooled.block, SizeClass(had));
  return true;
}

}  // namespace

std::uint64_t AddToSet(SketchState& state, PooledSketch& sketch, Coupon coupon, SketchPool& pool) noexcept {
  while (!IsDense(state)) {
    const unsigned lg = LgPlaces(state);
    auto* const places = reinterpret_cast<Coupon*>(pool.At(sketch.block));
    if (!IsCrowded(sketch.count + 1, lg)) {
      sketch.count += PlaceIfNew(places, lg, coupon);
      return 0;
    }
    if (Contains(places, lg, coupon)) return 0;
    if (!GrowSet(state, sketch, pool)) return Saturate(state);
  }
  RaiseRegister(pool.At(sketch.block), coupon);
  return 0;
}

std::uint64_t AddToFullList(SketchState& state, PeerList& list, Coupon coupon, SketchPool& pool) noexcept {
  if (!ListToSet(state, list, pool)) return Saturate(state);
  return AddPooled(state, list.pooled, coupon, pool);
}
std::uint64_t AddToFullList(SketchState& state, PortList& list, Coupon coupon, SketchPool& pool) noexcept {
  if (!ListToSet(state, list, pool)) return Saturate(state);
  return AddPooled(state, list.pooled, coupon, pool);
}

std::uint64_t Estimate(SketchState state, const PeerList& list, const SketchPool& pool) noexcept {
  return EstimateImpl(state, list, pool);
}
std::uint64_t Estimate(SketchState state, const PortList& list, const SketchPool& pool) noexcept {
  return EstimateImpl(state, list, pool);
}
Sketch CopySketch(SketchState state, const PeerList& list, const SketchPool& pool) {
  return CopySketchImpl(state, list, pool);
}
Sketch CopySketch(SketchState state, const PortList& list, const SketchPool& pool) {
  return CopySketchImpl(state, list, pool);
}
std::size_t WriteSketch(SketchState state, const PeerList& list, const SketchPool& pool,
                        std::uint8_t* out) noexcept {
  return WriteSketchImpl(state, list, pool, out);
}
std::size_t WriteSketch(SketchState state, const PortList& list, const SketchPool& pool,
                        std::uint8_t* out) noexcept {
  return WriteSketchImpl(state, list, pool, out);
}

template <typename List>
std::uint64_t AddNumber(SketchState& to, List& list, SketchPool& pool, std::uint64_t number) noexcept {
  const std::uint64_t larger = std::max(Estimate(to, list, pool), number);
  if (IsPooled(to)) pool.Free(list.pooled.block, SizeClass(to));
  const std::uint64_t is_new = Saturate(to);
  to = kNumberBit | kSaturatedBit;
  list.pooled = PooledSketch{SketchPool::kNoBlock,
                             static_cast<std::uint32_t>(std::min<std::uint64_t>(larger, 0xffffffffU))};
  return is_new;
}

template <typename List>
std::uint64_t UniteDistinct(SketchState& to, List& to_list, SketchPool& to_pool, SketchState from,
                            const List& from_list, const SketchPool& from_pool) noexcept {
  std::uint64_t saturated = 0;
  if (Saturation(from) != 0) saturated += Saturate(to);
  if (IsNumber(to) || IsNumber(from))
    return saturated + AddNumber(to, to_list, to_pool, Estimate(from, from_list, from_pool));
  if (IsList(from)) {
    for (std::size_t i = 0; i < ListCount(from); ++i)
      saturated += AddMember(to, to_list, from_list, i, to_pool);
    return saturated;
  }
  if (IsDense(to)) {
    if (IsDense(from)) {
      RaiseAll(to_pool.At(to_list.pooled.block), from_pool.At(from_list.pooled.block));
      return saturated;
    }
  } else if (IsList(to) || IsDense(from) || LgPlaces(to) < LgPlaces(from)) {
    if (AdoptBlock(to, to_list, to_pool, from, from_list, from_pool, saturated)) return saturated;
    return saturated + AddNumber(to, to_list, to_pool, Estimate(from, from_list, from_pool));
  }
  for (const Coupon coupon : PlacesOf(from, from_list.pooled, from_pool)) {
    if (coupon != 0) saturated += AddPooled(to, to_list.pooled, coupon, to_pool);
  }
  return saturated;
}

template std::uint64_t UniteDistinct(SketchState&, PeerList&, SketchPool&, SketchState, const PeerList&,
                                     const SketchPool&) noexcept;
template std::uint64_t UniteDistinct(SketchState&, PortList&, SketchPool&, SketchState, const PortList&,
                                     const SketchPool&) noexcept;

template <typename List>
std::uint64_t AddSketch(SketchState& to, List& list, SketchPool& pool, const Sketch& sketch,
                        std::uint64_t number) {
  const bool was_saturated = Saturation(to) != 0;
  if (IsNumber(to)) return AddNumber(to, list, pool, number);
  if (!sketch.registers.empty()) {
    if (!BecomeDense(to, list, pool)) return AddNumber(to, list, pool, number);
    RaiseAll(pool.At(list.pooled.block), sketch.registers.data());
    return 0;
  }
  for (const Coupon coupon : sketch.coupons) AddCoupon(to, list, coupon, pool);
  if (was_saturated || Saturation(to) == 0) return 0;
  AddNumber(to, list, pool, number);
  return 1;
}

template std::uint64_t AddSketch(SketchState&, PeerList&, SketchPool&, const Sketch&, std::uint64_t);
template std::uint64_t AddSketch(SketchState&, PortList&, SketchPool&, const Sketch&, std::uint64_t);
template std::uint64_t AddNumber(SketchState&, PeerList&, SketchPool&, std::uint64_t) noexcept;
template std::uint64_t AddNumber(SketchState&, PortList&, SketchPool&, std::uint64_t) noexcept;

}  // namespace hostscope::aggregator
