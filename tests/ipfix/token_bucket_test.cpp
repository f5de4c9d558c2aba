#include "ipfix/token_bucket.h"

#include <gtest/gtest.h>

#include <limits>

namespace hostscope::ipfix {
namespace {

constexpr ReceiveTime kStart{1'700'000'000'000'000'000};

ReceiveTime After(std::int64_t ns) {
  return {kStart.ns + ns};
}

int TakeAll(TokenBucket& bucket, ReceiveTime now, int most = 1'000'000) {
  int taken = 0;
  while (taken < most && bucket.Take(now)) ++taken;
  return taken;
}

TEST(TokenBucketTest, WithoutARateThereIsNoLimit) {
  TokenBucket bucket;
  EXPECT_EQ(TakeAll(bucket, kStart), 1'000'000);
  TokenBucket with_burst(0, 5);
  EXPECT_EQ(TakeAll(with_burst, kStart), 1'000'000);
}

TEST(TokenBucketTest, StartsFullAndFillsAtItsRate) {
  TokenBucket bucket(1000, 50);
  EXPECT_EQ(TakeAll(bucket, kStart), 50);
  EXPECT_EQ(TakeAll(bucket, After(999'999)), 0);
  EXPECT_EQ(TakeAll(bucket, After(1'000'000)), 1);
  EXPECT_EQ(TakeAll(bucket, After(11'000'000)), 10);
  EXPECT_EQ(TakeAll(bucket, After(10'000'000'000)), 50) << "never more than the burst";
}

TEST(TokenBucketTest, ABurstThatIsNotSaidIsASecondsWorth) {
  TokenBucket bucket(7, 0);
  EXPECT_EQ(TakeAll(bucket, kStart), 7);
  EXPECT_EQ(TakeAll(bucket, After(kNanosecondsPerSecond)), 7);
}

TEST(TokenBucketTest, NothingIsLostInRounding) {
  // 3 a second are one in a third of a nanosecond's multiple: a million steps bring exactly what time does.
  TokenBucket bucket(3, 1'000'000);
  static_cast<void>(TakeAll(bucket, kStart));
  int taken = 0;
  for (std::int64_t step = 1; step <= 1'000'000; ++step) taken += TakeAll(bucket, After(step * 1'000'003));
  EXPECT_EQ(taken, 3000);  // 1,000,003,000,000 ns
}

TEST(TokenBucketTest, TimeThatGoesBackBringsNothing) {
  TokenBucket bucket(1000, 10);
  EXPECT_EQ(TakeAll(bucket, kStart), 10);
  EXPECT_EQ(TakeAll(bucket, After(-kNanosecondsPerSecond)), 0);
  EXPECT_EQ(TakeAll(bucket, kStart), 0);
  EXPECT_EQ(TakeAll(bucket, After(1'000'000)), 1);
}

TEST(TokenBucketTest, TheLargestNumbersDontOverflow) {
  constexpr std::uint32_t kMost = std::numeric_limits<std::uint32_t>::max();
  TokenBucket bucket(kMost, kMost);
  EXPECT_EQ(TakeAll(bucket, {1}), 1'000'000);
  EXPECT_EQ(TakeAll(bucket, {std::numeric_limits<std::int64_t>::max()}), 1'000'000);
  TokenBucket slow(1, kMost);
  EXPECT_EQ(TakeAll(slow, {std::numeric_limits<std::int64_t>::max()}, 10), 10);
}

}  // namespace
}  // namespace hostscope::ipfix
