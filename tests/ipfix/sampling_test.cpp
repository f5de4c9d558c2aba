#include "ipfix/sampling.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace hostscope::ipfix {
namespace {

SamplingRate Announced(const SamplingFields& fields) {
  SamplingRate rate{7, 3};
  EXPECT_TRUE(RateOf(fields, rate));
  return rate;
}

TEST(SamplingRate, OneInIntervalComesFromSamplingInterval) {
  EXPECT_EQ(Announced({.interval = 1000}), (SamplingRate{1000, 1}));
}

TEST(SamplingRate, IntervalAndSpaceAddUp) {
  EXPECT_EQ(Announced({.packet_interval = 1, .packet_space = 999, .has_packet_space = true}),
            (SamplingRate{1000, 1}));
  EXPECT_EQ(Announced({.packet_interval = 10, .packet_space = 90, .has_packet_space = true}),
            (SamplingRate{100, 10}));
}

TEST(SamplingRate, PacketIntervalAloneIsTheRate) {
  EXPECT_EQ(Announced({.packet_interval = 2048}), (SamplingRate{2048, 1}));
}

TEST(SamplingRate, SizeAndPopulationAreAFraction) {
  EXPECT_EQ(Announced({.size = 2, .population = 100}), (SamplingRate{100, 2}));
}

TEST(SamplingRate, NewerElementsWinOverSamplingInterval) {
  EXPECT_EQ(Announced({.interval = 5, .packet_interval = 1, .packet_space = 9, .has_packet_space = true}),
            (SamplingRate{10, 1}));
}

TEST(SamplingRate, ByteSwappedIntervalIsTurnedAround) {
  EXPECT_EQ(Announced({.interval = 16'777'216}), (SamplingRate{1, 1}));
  EXPECT_EQ(Announced({.interval = 0x64000000}), (SamplingRate{100, 1}));
}

TEST(SamplingRate, NothingAnnouncedLeavesTheRateAlone) {
  SamplingRate rate{7, 3};
  EXPECT_FALSE(RateOf({}, rate));
  EXPECT_FALSE(RateOf({.packet_space = 99, .has_packet_space = true}, rate));
  EXPECT_FALSE(RateOf({.size = 0, .population = 100}, rate));
  EXPECT_FALSE(RateOf({.interval = std::uint64_t{1} << 40}, rate));
  EXPECT_EQ(rate, (SamplingRate{7, 3}));
}

TEST(SamplingRate, SelectingMoreThanThereIsMeansUnsampled) {
  EXPECT_FALSE(Announced({.size = 10, .population = 5}).IsScaling());
}

TEST(SamplingRate, ScalesToTheNearest) {
  EXPECT_EQ((SamplingRate{1000, 1}.Scale(3)), 3000U);
  EXPECT_EQ((SamplingRate{10, 4}.Scale(3)), 8U);  // 7.5
  EXPECT_EQ((SamplingRate{10, 3}.Scale(1)), 3U);  // 3.33
  EXPECT_EQ((SamplingRate{11, 3}.Scale(1)), 4U);  // 3.67
}

TEST(SamplingRate, ScalingStopsAtTheLargestValue) {
  EXPECT_EQ((SamplingRate{1000, 1}.Scale(UINT64_MAX / 2)), UINT64_MAX);
}

}  // namespace
}  // namespace hostscope::ipfix
