#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "aggregator/host_record.h"
#include "aggregator/host_slot.h"

namespace hostscope::aggregator {

/// The part of a slot's 32-bit counters that was moved out before they could overflow. A slot spills once in
/// 2^31 flow records, so a handful of places serves more records than a core can count in a day. One thread.
class WideCounters {
 public:
  /// A role is spilled when it has counted this many flows: two of them can then still be added in 32 bits.
  static constexpr std::uint32_t kSpillAt = std::uint32_t{1} << 31;

  WideCounters() { entries_.reserve(kCapacity); }

  /// Moves the role's counters here, and marks it.
  void Spill(std::uint32_t slot, Role role, HostSlot& from) noexcept;
  /// Adds what stands in `from` for another table's slot.
  void Add(std::uint32_t slot, Role role, HostSlot& mark, const RoleFigures& figures) noexcept;
  /// All zero but for counters that were spilled.
  RoleFigures Get(std::uint32_t slot, Role role) const noexcept;
  void Clear() noexcept { entries_.clear(); }

 private:
  static constexpr std::size_t kCapacity = 1024;
  struct Entry {
    std::uint32_t slot;
    Role role;
    RoleFigures figures;
  };

  RoleFigures* FindOrMake(std::uint32_t slot, Role role) noexcept;

  std::vector<Entry> entries_;
};

}  // namespace hostscope::aggregator
