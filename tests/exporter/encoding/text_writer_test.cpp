#include "exporter/encoding/text_writer.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <random>
#include <string>

namespace hostscope::exporter {
namespace {

std::string NumberText(std::uint64_t value) {
  std::array<char, kMaxNumberText> text{};
  return {text.data(), PutNumber(text.data(), value)};
}

TEST(TextWriter, WritesEveryNumberUpToAHundredThousand) {
  for (std::uint64_t value = 0; value < 100'000; ++value) ASSERT_EQ(NumberText(value), std::to_string(value));
}

TEST(TextWriter, WritesNumbersAroundEveryPowerOfTen) {
  std::uint64_t power = 1;
  for (int digits = 1; digits < 20; ++digits) {
    power *= 10;
    for (const std::uint64_t value : {power - 1, power, power + 1})
      ASSERT_EQ(NumberText(value), std::to_string(value));
  }
  constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(NumberText(kLargest), std::to_string(kLargest));
}

TEST(TextWriter, WritesNumbersOfAnyLength) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t value = random() >> random() % 64;
    ASSERT_EQ(NumberText(value), std::to_string(value));
  }
}

}  // namespace
}  // namespace hostscope::exporter
