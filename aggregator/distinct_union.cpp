#include "aggregator/distinct_union.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace hostscope::aggregator {
void DistinctUnion::Clear() noexcept {
  stage_ = Stage::kPorts;
  is_saturated_ = false;
  count_ = 0;
  number_ = 0;
}

void DistinctUnion::Add(SketchState state, const PeerList& list, const SketchPool& pool) noexcept {
  if (!IsList(state)) return AddPooled(state, list.pooled, pool);
  is_saturated_ |= (state & kSaturatedBit) != 0;
  AddCoupons({list.coupons.data(), ListCount(state)});
}

void DistinctUnion::Add(SketchState state, const PortList& list, const SketchPool& pool) noexcept {
  if (!IsList(state)) return AddPooled(state, list.pooled, pool);
  is_saturated_ |= (state & kSaturatedBit) != 0;
  const std::span<const std::uint16_t> ports(list.ports.data(), ListCount(state));
  std::size_t i = 0;
  for (; i < ports.size() && HasOnlyPorts(); ++i) AddPort(ports[i]);
  if (i == ports.size()) return;
  std::array<Coupon, kListCapacity> coupons;
  std::transform(ports.begin() + static_cast<std::ptrdiff_t>(i), ports.end(), coupons.begin(), PortCoupon);
  AddCoupons({coupons.data(), ports.size() - i});
}

void DistinctUnion::Add(const DistinctUnion& other) noexcept {
  is_saturated_ |= other.is_saturated_;
  number_ = std::max(number_, other.number_);
  switch (other.stage_) {
    case Stage::kPorts:
      for (std::size_t i = 0; i < other.count_; ++i) AddPort(other.ports_[i]);
      break;
    case Stage::kCoupons:
      AddCoupons({other.members_.data(), other.count_});
      break;
    case Stage::kDenseForm:
      AddRegisters(other.block_.registers.data());
      break;
  }
}

void DistinctUnion::AddPooled(SketchState state, const PooledSketch& sketch,
                              const SketchPool& pool) noexcept {
  is_saturated_ |= (state & kSaturatedBit) != 0;
  if ((state & kNumberBit) != 0) {
    number_ = std::max<std::uint64_t>(number_, sketch.count);
    return;
  }
  if (IsDense(state)) return AddRegisters(pool.At(sketch.block));
  const std::span<const Coupon> places(reinterpret_cast<const Coupon*>(pool.At(sketch.block)),
                                       std::size_t{1} << LgPlaces(state));
  // Nobody could predict which places are free, so there is no branch for it: to a dense union a free one
  // does no harm, since 0 raises nothing; else it is written over by the next coupon.
  if (stage_ == Stage::kDenseForm) return AddCoupons(places);
  std::array<Coupon, std::size_t{1} << kLgLargestSet> coupons;
  std::size_t count = 0;
  for (const Coupon coupon : places) {
    coupons[count] = coupon;
    count += coupon != 0 ? 1 : 0;
  }
  AddCoupons({coupons.data(), count});
}

void DistinctUnion::AddPort(std::uint16_t port) noexcept {
  if (HasOnlyPorts()) {
    const __m128i ports = _mm_load_si128(reinterpret_cast<const __m128i*>(ports_.data()));
    const __m128i equal = _mm_cmpeq_epi16(ports, _mm_set1_epi16(static_cast<short>(port)));
    // As in AddPort() of a host: only the places in use count.
    if ((static_cast<unsigned>(_mm_movemask_epi8(equal)) & ((1U << 2 * count_) - 1)) != 0) return;
    if (count_ < kListCapacity) {
      ports_[count_++] = port;
      return;
    }
  }
  const Coupon coupon = PortCoupon(port);
  AddCoupons({&coupon, 1});
}

void DistinctUnion::AddCoupons(std::span<const Coupon> coupons) noexcept {
  if (coupons.empty()) return;
  if (HasOnlyPorts()) LeavePorts();
  std::size_t i = 0;
  if (stage_ == Stage::kCoupons) {
    while (i < coupons.size() && Insert(coupons[i])) ++i;
    if (i == coupons.size()) return;
    BecomeDense();
  }
  for (; i < coupons.size(); ++i) RaiseRegister(block_.registers.data(), coupons[i]);
}

void DistinctUnion::AddRegisters(const std::uint8_t* registers) noexcept {
  if (HasOnlyPorts()) LeavePorts();
  if (stage_ == Stage::kCoupons) BecomeDense();
  for (std::size_t i = 0; i < kRegisters; ++i)
    block_.registers[i] = std::max(block_.registers[i], registers[i]);
}

/// False where the set is full and the coupon not in it.
bool DistinctUnion::Insert(Coupon coupon) noexcept {
  std::size_t at = coupon & (kPlaces - 1);
  for (; block_.places[at] != 0; at = (at + 1) & (kPlaces - 1)) {
    if (block_.places[at] == coupon) return true;
  }
  if (count_ == kMaxMembers) return false;
  block_.places[at] = coupon;
  members_[count_++] = coupon;
  return true;
}

/// Two ports may have one coupon, and from here on count as one.
void DistinctUnion::LeavePorts() noexcept {
  stage_ = Stage::kCoupons;
  block_.places.fill(0);
  const std::size_t ports = std::exchange(count_, 0);
  for (std::size_t i = 0; i < ports; ++i) Insert(PortCoupon(ports_[i]));
}

void DistinctUnion::BecomeDense() noexcept {
  stage_ = Stage::kDenseForm;
  block_.registers.fill(0);
  for (std::size_t i = 0; i < count_; ++i) RaiseRegister(block_.registers.data(), members_[i]);
}

std::uint64_t DistinctUnion::Estimate() const noexcept {
  if (stage_ != Stage::kDenseForm) return std::max<std::uint64_t>(number_, count_);
  return std::max(number_, static_cast<std::uint64_t>(std::llround(EstimateHll(block_.registers))));
}

Sketch DistinctUnion::Copy() const {
  Sketch copy;
  copy.is_saturated = is_saturated_;
  if (stage_ == Stage::kDenseForm) {
    copy.registers.assign(block_.registers.begin(), block_.registers.end());
    return copy;
  }
  for (std::size_t i = 0; i < count_; ++i) {
    copy.coupons.push_back(HasOnlyPorts() ? PortCoupon(ports_[i]) : members_[i]);
  }
  std::sort(copy.coupons.begin(), copy.coupons.end());
  return copy;
}

}  // namespace hostscope::aggregator
