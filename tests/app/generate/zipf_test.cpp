#include "app/generate/zipf.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace hostscope::app {
namespace {

TEST(ZipfTest, RanksAreAsFrequentAsTheLawSays) {
  constexpr std::uint64_t kRanks = 20;
  constexpr int kDraws = 200'000;
  for (const double exponent : {0.0, 0.5, 1.0, 1.0 + 1e-12, 2.0, 10.0}) {
    const Zipf zipf(kRanks, exponent);
    Random random(7);
    std::vector<int> count(kRanks + 1);
    for (int i = 0; i < kDraws; ++i) ++count.at(zipf.Draw(random));
    EXPECT_EQ(count[0], 0);
    double total = 0;
    for (std::uint64_t rank = 1; rank <= kRanks; ++rank)
      total += std::pow(static_cast<double>(rank), -exponent);
    for (std::uint64_t rank = 1; rank <= kRanks; ++rank) {
      const double share = std::pow(static_cast<double>(rank), -exponent) / total;
      const double five_deviations = 5 * std::sqrt(kDraws * share * (1 - share));
      EXPECT_NEAR(count[rank], kDraws * share, five_deviations + 1)
          << "rank " << rank << " of exponent " << exponent;
    }
  }
}

TEST(ZipfTest, OneRankIsAlwaysDrawn) {
  Random random(1);
  for (const double exponent : {0.0, 1.0, 3.0}) {
    const Zipf zipf(1, exponent);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(zipf.Draw(random), 1U);
  }
}

TEST(ZipfTest, ABillionRanksAreReached) {
  const Zipf zipf(1'000'000'000, 0.0);
  Random random(3);
  std::uint64_t lowest = UINT64_MAX;
  std::uint64_t highest = 0;
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t rank = zipf.Draw(random);
    lowest = std::min(lowest, rank);
    highest = std::max(highest, rank);
  }
  EXPECT_GE(lowest, 1U);
  EXPECT_LT(lowest, 1'000'000U);
  EXPECT_GT(highest, 999'000'000U);
  EXPECT_LE(highest, 1'000'000'000U);
}

}  // namespace
}  // namespace hostscope::app
