#include "dataplane/clock.h"

#include <algorithm>
#include <ctime>

namespace hostscope::dataplane {

TscClock::TscClock(std::uint64_t tsc_hz, std::uint64_t tsc, ReceiveTime wall) noexcept
    : nominal_ns_per_tick_((static_cast<std::uint64_t>(kNanosecondsPerSecond) << kFractionBits) /
                           std::max<std::uint64_t>(tsc_hz, 1)),
      ns_per_tick_(nominal_ns_per_tick_),
      anchor_tsc_(tsc),
      anchor_(wall) {}

void TscClock::Follow(std::uint64_t tsc, ReceiveTime wall) noexcept {
  const ReceiveTime ours = At(tsc);
  anchor_tsc_ = tsc;
  if (wall.ns - ours.ns >= kStepNs || ours.ns - wall.ns >= kStepNs) {
    anchor_ = ours;
    ns_per_tick_ = nominal_ns_per_tick_;
    return;
  }
  anchor_ = std::max(ours, wall);
  // As much slower as makes up for our lead within the coming second, but never below half the speed.
  const std::int64_t lead = std::clamp<std::int64_t>(anchor_.ns - wall.ns, 0, kNanosecondsPerSecond / 2);
  const auto share = static_cast<std::uint64_t>(kNanosecondsPerSecond - lead);
  ns_per_tick_ = nominal_ns_per_tick_ / static_cast<std::uint64_t>(kNanosecondsPerSecond) * share +
                 nominal_ns_per_tick_ % static_cast<std::uint64_t>(kNanosecondsPerSecond) * share /
                     static_cast<std::uint64_t>(kNanosecondsPerSecond);
}

ReceiveTime WallClock() noexcept {
  std::timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return ReceiveTime{static_cast<std::int64_t>(now.tv_sec) * kNanosecondsPerSecond + now.tv_nsec};
}

}  // namespace hostscope::dataplane
