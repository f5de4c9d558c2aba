#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "aggregator/distinct-inl.h"
#include "aggregator/hll_estimate.h"
#include "aggregator/sketch.h"

namespace hostscope::aggregator {

/// The union of many distinct counts, of any hosts: bit for bit what counting all their members at once gives
/// (distinct-inl.h), through the same three stages, but laid out for a union that grows fast and is then
/// thrown away. UniteDistinct() would serve too, but a roll-up to /24 then takes twice as long
/// (bench/network_rollup_bench.cpp): in a host table small memory comes first, and a count moves through five
/// sizes of set. Here a set is one table of 1024
/// places, at most 3/8 full, and its coupons in the order in which they came, so that the next union need not
/// look for them among free places.
///
/// 5.6 KiB, never saturated but by what is added. One thread.
class DistinctUnion {
 public:
  DistinctUnion() noexcept { Clear(); }

  void Clear() noexcept;

  void Add(SketchState state, const PeerList& list, const SketchPool& pool) noexcept;
  void Add(SketchState state, const PortList& list, const SketchPool& pool) noexcept;
  void Add(const DistinctUnion& other) noexcept;

  /// As for a count in a table. Of counts that had become mere numbers, which can't be united, the largest
  /// counts if it is more.
  std::uint64_t Estimate() const noexcept;
  Sketch Copy() const;

 private:
  enum class Stage : std::uint8_t { kPorts, kCoupons, kDenseForm };
  static constexpr std::size_t kMaxMembers = (std::size_t{3} << kLgLargestSet) / 4;
  static constexpr std::size_t kPlaces = 1024;

  void AddPort(std::uint16_t port) noexcept;
  void AddCoupons(std::span<const Coupon> coupons) noexcept;
  void AddPooled(SketchState state, const PooledSketch& sketch, const SketchPool& pool) noexcept;
  void AddRegisters(const std::uint8_t* registers) noexcept;
  bool Insert(Coupon coupon) noexcept;
  void LeavePorts() noexcept;
  void BecomeDense() noexcept;
  bool HasOnlyPorts() const noexcept { return stage_ == Stage::kPorts; }

  Stage stage_;  ///< kPorts: at most 8 of them, in ports_; also without any member, of whatever kind
  bool is_saturated_;
  std::uint32_t count_;   ///< in ports_ or members_; not kept while dense
  std::uint64_t number_;  ///< the largest count that was only a number
  alignas(16) std::array<std::uint16_t, kListCapacity> ports_;
  std::array<Coupon, kMaxMembers> members_;  ///< of a set
  union Block {
    std::array<Coupon, kPlaces> places;              ///< of a set: 0 is free
    std::array<std::uint8_t, kRegisters> registers;  ///< and of what it becomes
  };
  alignas(64) Block block_;
};

}  // namespace hostscope::aggregator
