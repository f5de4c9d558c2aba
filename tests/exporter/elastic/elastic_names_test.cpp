#include "exporter/elastic/elastic_names.h"

#include <gtest/gtest.h>

namespace hostscope::exporter {
namespace {

TEST(ElasticNames, LengthsAreInTheLargestUnit) {
  constexpr std::int64_t kMs = 1'000'000;
  EXPECT_EQ(LengthName(10'000 * kMs), "10s");
  EXPECT_EQ(LengthName(60'000 * kMs), "1m");
  EXPECT_EQ(LengthName(90'000 * kMs), "90s");
  EXPECT_EQ(LengthName(3'600'000 * kMs), "1h");
  EXPECT_EQ(LengthName(86'400'000 * kMs), "1d");
  EXPECT_EQ(LengthName(1'500 * kMs), "1500ms");
  EXPECT_EQ(LengthName(1'500), "1500ns");
}

TEST(ElasticNames, OfStreamsAndSetup) {
  constexpr std::int64_t kFiveMinutes = 300'000'000'000;
  EXPECT_EQ(StreamName("hostscope", ElasticStream::kHosts, kFiveMinutes), "hostscope-hosts-5m");
  EXPECT_EQ(StreamName("a", ElasticStream::kNetworks, kFiveMinutes), "a-networks-5m");
  EXPECT_EQ(StreamName("a", ElasticStream::kWindows, kFiveMinutes), "a-windows-5m");
  EXPECT_EQ(SetupName("a", kFiveMinutes), "a-5m");
}

TEST(ElasticNames, OnlyWhatTheServersTakeIsAPrefix) {
  for (const char* good : {"hostscope", "a", "7.x_y-z"}) EXPECT_EQ(CheckStreamPrefix(good), "") << good;
  for (const char* bad : {"", "-a", "_a", ".a", "A", "a b", "a/b", "a*", "ä", "a,b", "a#"}) {
    EXPECT_NE(CheckStreamPrefix(bad), "") << bad;
  }
  EXPECT_NE(CheckStreamPrefix(std::string(201, 'a')), "");
}

}  // namespace
}  // namespace hostscope::exporter
