#include "dataplane/clock_steps.h"

namespace hostscope::dataplane {

void ClockSteps::Look(std::uint64_t tsc, ReceiveTime wall) noexcept {
  const std::int64_t step = wall.ns - clock_.At(tsc).ns;
  clock_.Follow(tsc, wall);
  if (step < TscClock::kStepNs && step > -TscClock::kStepNs) return;
  clock_.Shift(step);
  (step > 0 ? forward_ : backward_).Add(1);
  last_step_ns_.store(step, std::memory_order_relaxed);

  const std::uint32_t count = count_.load(std::memory_order_relaxed);
  State next = state(count);
  next.shift_ns += step;
  if (step <= -reopening_ns_) ++next.generation;
  Slot& slot = states_[(count + 1) % kRemembered];
  slot.shift_ns.store(next.shift_ns, std::memory_order_relaxed);
  slot.generation.store(next.generation, std::memory_order_relaxed);
  count_.store(count + 1, std::memory_order_release);
}

ClockSteps::State ClockSteps::state(std::uint32_t count) const noexcept {
  const Slot& slot = states_[count % kRemembered];
  return {slot.shift_ns.load(std::memory_order_relaxed), slot.generation.load(std::memory_order_relaxed)};
}

}  // namespace hostscope::dataplane
