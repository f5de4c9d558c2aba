#include "dataplane/clock_steps.h"

#include <gtest/gtest.h>

#include <random>

namespace hostscope::dataplane {
namespace {

constexpr std::uint64_t kHz = 1'000'000'000;
constexpr ReceiveTime kStart{1'700'000'000'000'000'000};
constexpr std::int64_t kWindow = 10 * kNanosecondsPerSecond;

TEST(ClockSteps, DriftIsNoStep) {
  std::mt19937_64 random(1);
  ClockSteps steps(TscClock(kHz, 0, kStart), kWindow);
  std::int64_t error = 0;
  for (std::uint64_t tsc = 0; tsc < 100 * kHz; tsc += kHz / 10) {
    error += static_cast<std::int64_t>(random() % 10'000'000) - 5'000'000;  // some milliseconds, which add up
    steps.Look(tsc, ReceiveTime{kStart.ns + static_cast<std::int64_t>(tsc) + error});
  }
  EXPECT_EQ(steps.count(), 0U);
}

TEST(ClockSteps, EachIsCountedOnceWithItsDirection) {
  ClockSteps steps(TscClock(kHz, 0, kStart), kWindow);
  std::int64_t set = 0;
  std::uint64_t tsc = 0;
  const auto look = [&] {
    for (int i = 0; i < 20; ++i) {
      tsc += kHz / 10;
      steps.Look(tsc, ReceiveTime{kStart.ns + static_cast<std::int64_t>(tsc) + set});
    }
  };
  look();
  set += 3600 * kNanosecondsPerSecond;
  look();
  EXPECT_EQ(steps.forward().Get(), 1U);
  EXPECT_EQ(steps.last_step_ns(), 3600 * kNanosecondsPerSecond);
  set -= 3 * kNanosecondsPerSecond;
  look();
  EXPECT_EQ(steps.backward().Get(), 1U);
  EXPECT_EQ(steps.last_step_ns(), -3 * kNanosecondsPerSecond);
  EXPECT_EQ(steps.state(steps.count()).generation, 0U) << "less than a window";
  set -= 60 * kNanosecondsPerSecond;
  look();
  EXPECT_EQ(steps.backward().Get(), 2U);
  EXPECT_EQ(steps.count(), 3U);
  EXPECT_EQ(steps.state(steps.count()).generation, 1U);
  EXPECT_EQ(steps.state(steps.count()).shift_ns, set);
}

TEST(ClockSteps, AClockThatFollowsThemStaysWithTheWallClock) {
  std::mt19937_64 random(3);
  ClockSteps steps(TscClock(kHz, 0, kStart), kWindow);
  TscClock follower = steps.clock();
  std::int64_t followed = 0;
  std::int64_t set = 0;
  std::uint64_t tsc = 0;
  for (int i = 0; i < 10'000; ++i) {
    tsc += random() % (kHz / 10);
    if (random() % 50 == 0)
      set += (static_cast<std::int64_t>(random() % 7200) - 3600) * kNanosecondsPerSecond;
    const ReceiveTime wall{kStart.ns + static_cast<std::int64_t>(tsc) + set};
    steps.Look(tsc, wall);
    if (random() % 3 != 0) continue;  // a worker looks when it comes to it
    const std::int64_t shift = steps.state(steps.count()).shift_ns;
    follower.Shift(shift - followed);
    followed = shift;
    follower.Follow(tsc, wall);
    ASSERT_NEAR(static_cast<double>(follower.At(tsc).ns - wall.ns), 0, 1e6) << i;
  }
}

}  // namespace
}  // namespace hostscope::dataplane
