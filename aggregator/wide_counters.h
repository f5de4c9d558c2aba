#pragma once

#include <cstddef>
#include <cstdint>

#include "aggregator/host_record.h"
#include "aggregator/host_slot.h"
#include "aggregator/mapped_memory.h"

namespace hostscope::aggregator {

/// The 64-bit part of a role's packed counters, for roles that have counted 255 flow records. An entry for
/// each role of each slot is reserved, so that sums stay exact whatever comes; pages are touched only as
/// entries are used. One thread.
class WideCounters {
 public:
  explicit WideCounters(std::size_t roles) : entries_(roles) {}

  /// Moves the role's packed counters here.
  void Spill(RoleTotals& role) noexcept;
  /// Adds another table's role to this table's.
  void Add(RoleTotals& to, const RoleTotals& from, const WideCounters& from_wide) noexcept;
  /// Adds figures of which none is larger than `flows`: packed where they fit.
  void Add(RoleTotals& to, const RoleFigures& figures) noexcept;
  /// Sets what is counted packed: flows, tcp_flags and so on, both parts together.
  void Read(const RoleTotals& role, RoleFigures& figures) const noexcept;
  void Clear() noexcept { used_ = 0; }

  static constexpr std::size_t kBytesPerRole = 128;

 private:
  struct alignas(64) Entry {
    std::uint64_t counts[8];
    std::uint64_t tcp_flags[8];
  };
  static_assert(sizeof(Entry) == kBytesPerRole);

  Entry& EntryOf(RoleTotals& role) noexcept;

  MappedArray<Entry> entries_;
  std::uint32_t used_ = 0;
};

}  // namespace hostscope::aggregator
