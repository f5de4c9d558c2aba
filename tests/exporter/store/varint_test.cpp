#include "exporter/store/varint.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace hostscope::exporter {
namespace {

template <typename Number>
Number RoundTrip(Number value, std::size_t& length) {
  std::string bytes;
  PutVarint(bytes, value);
  length = bytes.size();
  const char* at = bytes.data();
  Number read = 0;
  EXPECT_TRUE(GetVarint(at, bytes.data() + bytes.size(), read));
  EXPECT_EQ(at, bytes.data() + bytes.size());
  return read;
}

TEST(Varint, EveryMagnitudeReadsBack) {
  std::size_t length = 0;
  for (unsigned bits = 0; bits < 64; ++bits) {
    const std::uint64_t value = std::uint64_t{1} << bits;
    EXPECT_EQ(RoundTrip(value, length), value);
    EXPECT_EQ(length, bits / 7 + 1);
    EXPECT_EQ(RoundTrip(value - 1, length), value - 1);
  }
  EXPECT_EQ(RoundTrip(UINT64_MAX, length), UINT64_MAX);
  EXPECT_EQ(length, 10U);
  const Uint128 large = static_cast<Uint128>(UINT64_MAX) << 64U | 12345U;
  EXPECT_TRUE(RoundTrip(large, length) == large);
  EXPECT_EQ(length, 19U);
}

TEST(Varint, WhatEndsTooEarlyOrIsTooLongIsRefused) {
  std::uint64_t value = 0;
  for (const std::string& bytes :
       {std::string(), std::string("\x80"), std::string(9, '\xff'), std::string(10, '\xff'),
        std::string(9, '\x80') + "\x02", std::string(20, '\x80') + std::string(1, '\0')}) {
    const char* at = bytes.data();
    EXPECT_FALSE(GetVarint(at, bytes.data() + bytes.size(), value)) << bytes.size();
  }
}

TEST(Varint, SkippingIsReading) {
  std::mt19937_64 random(1);
  std::string bytes;
  std::vector<std::size_t> ends = {0};
  for (int i = 0; i < 300; ++i) {
    PutVarint(bytes, random() >> (random() % 64));
    ends.push_back(bytes.size());
  }
  for (std::size_t count = 0; count <= 300; ++count) {
    const char* at = bytes.data();
    ASSERT_TRUE(SkipVarints(at, bytes.data() + bytes.size(), count));
    EXPECT_EQ(at, bytes.data() + ends[count]);
  }
  const char* at = bytes.data();
  EXPECT_FALSE(SkipVarints(at, bytes.data() + bytes.size(), 301));
}

}  // namespace
}  // namespace hostscope::exporter
