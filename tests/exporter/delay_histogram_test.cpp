#include "exporter/delay_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "tests/exporter/windows.h"

namespace hostscope::exporter {
namespace {

constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kSecond = 1000 * kMillisecond;

TEST(DelayHistogram, BoundsAscendFromATenthOfAMillisecondTo500Seconds) {
  const auto& bounds = DelayHistogram::kUpperNs;
  EXPECT_EQ(bounds.front(), kMillisecond / 10);
  EXPECT_EQ(bounds.back(), 500 * kSecond);
  for (std::size_t i = 1; i < bounds.size(); ++i) {
    EXPECT_GE(bounds[i], 2 * bounds[i - 1]);
    EXPECT_LE(2 * bounds[i], 5 * bounds[i - 1]);
  }
}

TEST(DelayHistogram, ABoundBelongsToItsBucket) {
  DelayHistogram histogram;
  for (std::size_t i = 0; i < DelayHistogram::kBounds; ++i) {
    histogram.Add(DelayHistogram::kUpperNs[i]);
    EXPECT_EQ(histogram.CountIn(i), 1U) << i;
    histogram.Add(DelayHistogram::kUpperNs[i] + 1);
    EXPECT_EQ(histogram.CountIn(i + 1), 1U) << i;
    if (i + 1 == DelayHistogram::kBounds) break;
    // So that the next bound finds its bucket empty.
    histogram = DelayHistogram();
  }
  EXPECT_EQ(histogram.Count(), 2U);
}

TEST(DelayHistogram, WithoutDelaysAllIsZero) {
  const DelayHistogram histogram;
  EXPECT_EQ(histogram.Count(), 0U);
  EXPECT_EQ(histogram.MaxNs(), 0);
  EXPECT_EQ(histogram.QuantileNs(0.5), 0);
}

TEST(DelayHistogram, OneDelayIsEveryQuantile) {
  for (const std::int64_t delay : {std::int64_t{1}, 150 * kMillisecond, 700 * kSecond}) {
    DelayHistogram histogram;
    histogram.Add(delay);
    for (const double q : {0.0, 0.5, 0.99, 1.0}) EXPECT_EQ(histogram.QuantileNs(q), delay) << q;
  }
}

TEST(DelayHistogram, NegativeCountsAsNone) {
  DelayHistogram histogram;
  histogram.Add(-5 * kSecond);
  EXPECT_EQ(histogram.CountIn(0), 1U);
  EXPECT_EQ(histogram.MaxNs(), 0);
  EXPECT_EQ(histogram.QuantileNs(1), 0);
}

TEST(DelayHistogram, QuantilesAreInTheBucketOfTheTrueOne) {
  std::mt19937_64 random(5);
  std::lognormal_distribution<double> delays(17, 3);  // median e^17 ns, 24 ms
  for (int round = 0; round < 20; ++round) {
    DelayHistogram histogram;
    std::vector<std::int64_t> all(1 + random() % 3000);
    for (std::int64_t& delay : all) {
      delay = static_cast<std::int64_t>(delays(random));
      histogram.Add(delay);
    }
    std::sort(all.begin(), all.end());
    EXPECT_EQ(histogram.Count(), all.size());
    EXPECT_EQ(histogram.MaxNs(), all.back());
    std::int64_t before = 0;
    for (const double q : {0.01, 0.5, 0.9, 0.99, 1.0}) {
      const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(all.size())));
      const std::int64_t truth = all[std::max<std::size_t>(rank, 1) - 1];
      const auto& bounds = DelayHistogram::kUpperNs;
      const auto upper = std::lower_bound(bounds.begin(), bounds.end(), truth);
      const std::int64_t estimate = histogram.QuantileNs(q);
      EXPECT_LE(estimate, upper == bounds.end() ? all.back() : *upper) << q;
      EXPECT_GE(estimate, upper == bounds.begin() ? 0 : *(upper - 1)) << q;
      EXPECT_GE(estimate, before) << q;
      before = estimate;
    }
    EXPECT_EQ(before, all.back());
  }
}

TEST(WindowDelay, MeasuresWholeWindowsOfItsLength) {
  const aggregator::WindowSpan base = TenSeconds(0);
  const aggregator::WindowSpan minute{base.start, 60 * kSecond};
  const ReceiveTime now{base.end().ns + 3 * kMillisecond};
  WindowDelay delay(base.length_ns);
  delay.Written(ListedWindow(base, {}), now);
  delay.Written(ListedWindow(base, {}, true), now);
  delay.Written(ListedWindow(minute, {}), now);
  EXPECT_EQ(delay.histogram().Count(), 1U);
  EXPECT_EQ(delay.histogram().MaxNs(), 3 * kMillisecond);
  WindowDelay any(0);
  any.Written(ListedWindow(base, {}), now);
  any.Written(ListedWindow(minute, {}), ReceiveTime{minute.end().ns + kMillisecond});
  EXPECT_EQ(any.histogram().Count(), 2U);
}

}  // namespace
}  // namespace hostscope::exporter
