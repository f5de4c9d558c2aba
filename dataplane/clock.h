#pragma once

#include <cstdint>

#include "ipfix/time.h"

namespace hostscope::dataplane {

/// Wall-clock time from the CPU's time stamp counter, so that a worker asks no kernel for it. One thread.
///
/// Never goes back by itself, and never stands still: where the wall clock is a little ahead (the counter's
/// rate is known to some parts per million, and NTP steers), it is followed at once; where it is a little
/// behind, time runs slower, down to half its speed, until both agree. That the wall clock was set is another
/// matter: clock_steps.h.
class TscClock {
 public:
  /// A difference of so much or more is no drift: somebody has set the wall clock.
  static constexpr std::int64_t kStepNs = 100 * kNanosecondsPerMillisecond;

  /// `wall` is the time at counter value `tsc`.
  TscClock(std::uint64_t tsc_hz, std::uint64_t tsc, ReceiveTime wall) noexcept;

  /// The time at counter value `tsc`, which must not be before the last Follow().
  ReceiveTime At(std::uint64_t tsc) const noexcept {
    const Wide elapsed = static_cast<Wide>(tsc - anchor_tsc_) * ns_per_tick_;
    return ReceiveTime{anchor_.ns + static_cast<std::int64_t>(elapsed >> kFractionBits)};
  }

  /// Compares with the wall clock, which stood at `wall` at counter value `tsc`. To be called about once a
  /// second. A step is not followed: Shift() does that.
  void Follow(std::uint64_t tsc, ReceiveTime wall) noexcept;
  /// The wall clock was set by so much.
  void Shift(std::int64_t ns) noexcept { anchor_.ns += ns; }

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
