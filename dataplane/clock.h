#pragma once

#include <cstdint>

#include "ipfix/time.h"

namespace hostscope::dataplane {

/// Wall-clock time from the CPU's time stamp counter, so that a worker asks no kernel for it. One thread.
///
/// Never goes back, and never stands still: where the wall clock is ahead (the counter's rate is known to
/// some parts per million, and NTP steers), it is followed at once; where it is behind, time runs slower,
/// down to half its speed, until both agree. So windows end in order, whatever is done to the system's clock.
class TscClock {
 public:
  /// `wall` is the time at counter value `tsc`.
  TscClock(std::uint64_t tsc_hz, std::uint64_t tsc, ReceiveTime wall) noexcept;

  /// The time at counter value `tsc`, which must not be before the last Follow().
  ReceiveTime At(std::uint64_t tsc) const noexcept {
    const Wide elapsed = static_cast<Wide>(tsc - anchor_tsc_) * ns_per_tick_;
    return ReceiveTime{anchor_.ns + static_cast<std::int64_t>(elapsed >> kFractionBits)};
  }

  /// Compares with the wall clock, which stood at `wall` at counter value `tsc`. To be called about once a
  /// second.
  void Follow(std::uint64_t tsc, ReceiveTime wall) noexcept;

 private:
  __extension__ typedef unsigned __int128 Wide;
  static constexpr int kFractionBits = 32;

  std::uint64_t nominal_ns_per_tick_;  ///< fixed point
  std::uint64_t ns_per_tick_;
  std::uint64_t anchor_tsc_;
  ReceiveTime anchor_;
};

/// CLOCK_REALTIME. No system call where the kernel has a vDSO.
ReceiveTime WallClock() noexcept;

}  // namespace hostscope::dataplane
