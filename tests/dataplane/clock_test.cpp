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
  const ReceiveTime wall{clock.At(kHz).ns + 50'000'000};
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

TEST(TscClockTest, DoesNotFollowAStepUntilItIsToldTo) {
  for (const std::int64_t step :
       {TscClock::kStepNs, -TscClock::kStepNs, 3600 * kNanosecondsPerSecond, -3600 * kNanosecondsPerSecond}) {
    TscClock clock(kHz, 0, kStart);
    const std::int64_t second = clock.At(kHz).ns;
    clock.Follow(kHz, ReceiveTime{second + step});
    EXPECT_EQ(clock.At(kHz).ns, second);
    EXPECT_NEAR(static_cast<double>(clock.At(2 * kHz).ns - second), 1e9, 2);
    clock.Shift(step);
    EXPECT_NEAR(static_cast<double>(clock.At(2 * kHz).ns - second - step), 1e9, 2);
  }
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
