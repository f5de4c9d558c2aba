#include "exporter/elastic/backoff.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace hostscope::exporter {
namespace {

using std::chrono::milliseconds;
using Time = Backoff::Clock::time_point;

constexpr BackoffOptions kOptions{milliseconds(100), milliseconds(5'000)};

TEST(Backoff, IsDueAtOnceUntilSomethingFails) {
  const Backoff backoff(kOptions, 1);
  EXPECT_TRUE(backoff.IsDue(Time{}));
  EXPECT_EQ(backoff.failures(), 0U);
}

TEST(Backoff, PausesDoubleUpToTheLongestAndAreCutByAHalfAtMost) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Backoff backoff(kOptions, seed);
    Time now{};
    milliseconds whole = kOptions.first;
    for (unsigned failure = 1; failure <= 60; ++failure) {
      backoff.Fail(now);
      EXPECT_EQ(backoff.failures(), failure);
      EXPECT_GE(backoff.due(), now + whole / 2) << "failure " << failure;
      EXPECT_LE(backoff.due(), now + whole) << "failure " << failure;
      EXPECT_FALSE(backoff.IsDue(backoff.due() - milliseconds(1)));
      EXPECT_TRUE(backoff.IsDue(backoff.due()));
      now = backoff.due();
      whole = std::min(2 * whole, kOptions.longest);
    }
  }
}

TEST(Backoff, ThoseWhoFailTogetherDoNotComeBackTogether) {
  std::set<Time> due;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Backoff backoff({milliseconds(10'000), milliseconds(10'000)}, seed);
    backoff.Fail(Time{});
    due.insert(backoff.due());
  }
  EXPECT_GT(due.size(), 80U);
  EXPECT_GT(*due.rbegin() - *due.begin(), milliseconds(3'000));
}

TEST(Backoff, ASuccessBeginsAnew) {
  Backoff backoff(kOptions, 1);
  for (int i = 0; i < 10; ++i) backoff.Fail(Time{});
  backoff.Reset();
  EXPECT_TRUE(backoff.IsDue(Time::min()));
  backoff.Fail(Time{});
  EXPECT_LE(backoff.due(), Time{} + kOptions.first);
}

}  // namespace
}  // namespace hostscope::exporter
