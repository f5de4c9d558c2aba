#include "dataplane/clock.h"

#include <gtest/gtest.h>

#include <random>

namespace hostscope::dataplane {
namespace {

constexpr std::uint64_t kHz = 2'600'000'000;
constexpr ReceiveTime kStart{1'700'000'000'000'000'000};

TEST(TscClockTest, CountsNanoseconds) {
  const TscClock clock(kHz, 1000, kStart);
  EXPECT_EQ(clock.At(1000).ns, kStart.ns);
  EXPECT_NEAR(static_cast<double>(clock.At(1000 + kHz).ns - kStart.ns), 1e9, 2);
  // An hour without Follow() must not overflow anything.
  EXPECT_NEAR(static_cast<double>(clock.At(1000 + 3600 * kHz).ns - kStart.ns), 3600e9, 10'000);
}

TEST(TscClockTest, FollowsAWallClockThatIsAheadAtOnce) {
  TscClock clock(kHz, 0, kStart);
  const ReceiveTime wall{kStart.ns + 3600 * kNanosecondsPerSecond};
  clock.Follow(kHz, wall);
  EXPECT_EQ(clock.At(kHz).ns, wall.ns);
  EXPECT_NEAR(static_cast<double>(clock.At(2 * kHz).ns - wall.ns), 1e9, 2);
}

TEST(TscClockTest, SlowsDownByWhatItIsAhead) {
  TscClock clock(kHz, 0, kStart);
  constexpr std::int64_t kLead = 1'000'000;
  const ReceiveTime wall{clock.At(kHz).ns - kLead};
  clock.Follow(kHz, wall);
  EXPECT_EQ(clock.At(kHz).ns, wall.ns + kLead) << "never back";
  EXPECT_NEAR(static_cast<double>(clock.At(2 * kHz).ns), static_cast<double>(wall.ns + kNanosecondsPerSecond),
              256)
      << "together again after a second";
}

TEST(TscClockTest, AWallClockSetBackHalvesTheSpeedUntilTheyMeet) {
  TscClock clock(kHz, 0, kStart);
  ReceiveTime wall{kStart.ns - 10 * kNanosecondsPerSecond};
  ReceiveTime last = clock.At(0);
  std::uint64_t tsc = 0;
  int seconds = 0;
  for (; clock.At(tsc).ns - wall.ns > 1000 && seconds < 100; ++seconds) {
    clock.Follow(tsc, wall);
    tsc += kHz;
    wall.ns += kNanosecondsPerSecond;
    const ReceiveTime now = clock.At(tsc);
    EXPECT_GE(now.ns - last.ns, kNanosecondsPerSecond / 2 - 2);
    last = now;
  }
  EXPECT_NEAR(seconds, 20, 1);
}

TEST(TscClockTest, NeverGoesBack) {
  std::mt19937_64 random(7);
  TscClock clock(kHz, 0, kStart);
  std::int64_t last = kStart.ns;
  std::uint64_t tsc = 0;
  for (int i = 0; i < 100000; ++i) {
    tsc += random() % kHz;
    ASSERT_GE(clock.At(tsc).ns, last);
    last = clock.At(tsc).ns;
    const auto error = static_cast<std::int64_t>(random() % 2'000'000'000) - 1'000'000'000;
    clock.Follow(tsc, ReceiveTime{last + error});
    ASSERT_GE(clock.At(tsc).ns, last);
  }
}

}  // namespace
}  // namespace hostscope::dataplane
