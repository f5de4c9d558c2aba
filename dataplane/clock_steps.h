#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "dataplane/clock.h"
#include "ipfix/counter.h"
#include "ipfix/time.h"

namespace hostscope::dataplane {

/// What was done to the system's clock, by NTP or by hand: found by one control thread, and followed by all
/// workers, so that all count the same steps in the same order.
class ClockSteps {
 public:
  /// The sum of all steps so far.
  struct State {
    std::int64_t shift_ns = 0;
    /// How often the clock was set back so far that windows which were over are open again.
    std::uint32_t generation = 0;
  };

  /// A step back of less than `reopening_ns` leaves the open window as it is: it stays open until its end
  /// comes again.
  ClockSteps(const TscClock& clock, std::int64_t reopening_ns) : clock_(clock), reopening_ns_(reopening_ns) {}

  /// The control thread, some times a second: compares with the wall clock, which stood at `wall` at counter
  /// value `tsc`.
  void Look(std::uint64_t tsc, ReceiveTime wall) noexcept;

  /// A clock that follows the same steps starts as this one. Before the first Look().
  const TscClock& clock() const noexcept { return clock_; }

  /// Any thread: how many steps there were.
  std::uint32_t count() const noexcept { return count_.load(std::memory_order_acquire); }
  /// What there was after the first `count` of them, which was count() a moment ago.
  State state(std::uint32_t count) const noexcept;

  const Counter& forward() const noexcept { return forward_; }
  const Counter& backward() const noexcept { return backward_; }
  std::int64_t last_step_ns() const noexcept { return last_step_ns_.load(std::memory_order_relaxed); }

 private:
  /// States after the last steps, so that the one that a worker reads is not written meanwhile.
  static constexpr std::uint32_t kRemembered = 64;
  struct Slot {
    std::atomic<std::int64_t> shift_ns{0};
    std::atomic<std::uint32_t> generation{0};
  };

  TscClock clock_;  ///< control thread
  std::int64_t reopening_ns_;
  std::array<Slot, kRemembered> states_;
  std::atomic<std::uint32_t> count_{0};
  Counter forward_;
  Counter backward_;
  std::atomic<std::int64_t> last_step_ns_{0};
};

}  // namespace hostscope::dataplane
