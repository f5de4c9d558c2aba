#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "tests/app/program.h"
#include "tests/app/records.h"

// What `hostscope generate` says that it made, by plain counting, is what `hostscope replay` makes of it.
namespace hostscope::app::testing {
namespace {

using Arguments = std::vector<std::string>;

struct Made {
  std::string name;
  Arguments arguments;
  std::uint64_t scale = 1;

  friend std::ostream& operator<<(std::ostream& out, const Made& made) { return out << made.name; }
};

Arguments operator+(Arguments a, const Arguments& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

class GenerateReplayTest : public ::testing::TestWithParam<Made> {
 protected:
  void Generate(const Arguments& more) {
    const Finished finished = RunHostscope(Arguments{"generate", "--pcap", pcap_, "--truth",
                                                     folder_ / "truth", "--summary", folder_ / "summary"} +
                                           more);
    ASSERT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(finished.out + finished.err, "");
    truth_ = ParseTruth(ReadFile(folder_ / "truth"));
    summary_ = Flatten(ReadFile(folder_ / "summary"));
  }

  void Replay(const Arguments& more) {
    const Finished finished =
        RunHostscope(Arguments{"replay", "--windows", "1d", "--stats", folder_ / "stats", pcap_} + more);
    ASSERT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(finished.err, "");
    records_ = ParseRecords(finished.out);
    stats_ = Flatten(ReadFile(folder_ / "stats"));
    ExpectBalanced(stats_);
  }

  void ExpectTruth(std::uint64_t scale) const {
    ASSERT_EQ(records_.size(), truth_.size() + 1);
    for (const Record& record : records_) {
      if (record.is_window_record) continue;
      const TrueHost& host = truth_.at(record.host);
      ASSERT_EQ(record.sent.has_value(), host.sent.has_value()) << record.host;
      ASSERT_EQ(record.received.has_value(), host.received.has_value()) << record.host;
      if (host.sent) ExpectMatches(*record.sent, *host.sent, scale, record.host + " sent");
      if (host.received) ExpectMatches(*record.received, *host.received, scale, record.host + " received");
    }
  }

  void ExpectSummary(std::uint64_t scale) const {
    const std::map<std::string, double>& window = records_.back().summary;
    EXPECT_EQ(window.at("hosts"), summary_.at("hosts"));
    EXPECT_EQ(window.at("flows"), summary_.at("flows"));
    EXPECT_EQ(window.at("packets"), scale == 1 ? summary_.at("packets") : summary_.at("scaled_packets"));
    EXPECT_EQ(window.at("bytes"), scale == 1 ? summary_.at("bytes") : summary_.at("scaled_bytes"));
    EXPECT_EQ(window.at("exporters"), summary_.at("exporters"));
    EXPECT_EQ(window.at("dropped"), 0);
    EXPECT_EQ(window.at("sequence_loss"), 0);
    EXPECT_EQ(window.at("sampled_share"), scale == 1 ? 0 : 1);
    EXPECT_EQ(stats_.at("datagrams.decoded"), summary_.at("datagrams"));
    EXPECT_EQ(stats_.at("records.counted"), summary_.at("flows"));
    EXPECT_EQ(stats_.at("records.malformed_times"), 0);
    EXPECT_EQ(stats_.at("sequence_gaps"), 0);
    EXPECT_EQ(stats_.at("exporters.active"), summary_.at("exporters"));
    EXPECT_EQ(stats_.at("hosts"), summary_.at("hosts"));
  }

  TemporaryFolder folder_;
  std::string pcap_ = folder_ / "made.pcap";
  std::map<std::string, TrueHost> truth_;
  std::map<std::string, double> summary_;
  std::map<std::string, double> stats_;
  std::vector<Record> records_;
};

TEST_P(GenerateReplayTest, WhatWasMadeIsCounted) {
  Generate(GetParam().arguments);
  Replay({});
  ExpectTruth(GetParam().scale);
  ExpectSummary(GetParam().scale);
}

class SampledReplayTest : public GenerateReplayTest {};

TEST_P(SampledReplayTest, IsScaledUnlessThatIsNotWanted) {
  Generate(GetParam().arguments);
  Replay({});
  ExpectTruth(GetParam().scale);
  ExpectSummary(GetParam().scale);
  EXPECT_EQ(stats_.at("records.scaled"), summary_.at("flows"));
  Replay({"--sampling", "ignore"});
  ExpectTruth(1);
  ExpectSummary(1);
  EXPECT_EQ(stats_.at("records.scaled"), 0);
}

const auto kNameOfMade = [](const auto& made) { return made.param.name; };

INSTANTIATE_TEST_SUITE_P(
    Generate, GenerateReplayTest,
    ::testing::Values(
        Made{"ipfix", {"--hosts", "500", "--records", "20000"}},
        Made{"ipfix_reduced", {"--layout", "reduced", "--hosts", "500", "--records", "20000"}},
        Made{"ipfix_wide", {"--layout", "wide", "--hosts", "500", "--records", "20000", "--seed", "9"}},
        Made{"ipfix_two_families",
             {"--hosts", "500", "--records", "20000", "--ipv6-share", "0.4", "--exporters", "7"}},
        Made{"v9", {"--format", "v9", "--hosts", "500", "--records", "20000", "--exporters", "5"}},
        Made{"v9_reduced",
             {"--format", "v9", "--layout", "reduced", "--hosts", "500", "--records", "20000", "--ipv6-share",
              "0.5"}},
        Made{"v9_wide", {"--format", "v9", "--layout", "wide", "--hosts", "500", "--records", "20000"}},
        Made{"v5", {"--format", "v5", "--hosts", "500", "--records", "20000"}},
        Made{"one_busy_pair", {"--hosts", "2", "--records", "5000"}},
        Made{"ipv6_only", {"--hosts", "300", "--records", "10000", "--ipv6-share", "1"}},
        Made{"even", {"--hosts", "3000", "--records", "30000", "--zipf", "0"}},
        // Past the second at which templates are sent again, and past an hour of uptime.
        Made{"slow", {"--format", "v9", "--hosts", "50", "--records", "1500", "--rate", "0.1"}},
        Made{"small_datagrams",
             {"--hosts", "300", "--records", "5000", "--records-per-datagram", "3", "--template-interval",
              "1ms"}}),
    kNameOfMade);

INSTANTIATE_TEST_SUITE_P(Generate, SampledReplayTest,
                         ::testing::Values(Made{"ipfix_sampled",
                                                {"--hosts", "200", "--records", "10000", "--sampling", "1000",
                                                 "--exporters", "3"},
                                                1000},
                                           Made{"v9_sampled",
                                                {"--format", "v9", "--hosts", "200", "--records", "10000",
                                                 "--sampling", "64", "--exporters", "3"},
                                                64},
                                           Made{"v5_sampled",
                                                {"--format", "v5", "--hosts", "200", "--records", "10000",
                                                 "--sampling", "100", "--exporters", "300"},
                                                100}),
                         kNameOfMade);

class GenerateTest : public ::testing::Test {
 protected:
  std::string Make(const Arguments& more) {
    const std::string path = folder_ / "made.pcap";
    const Finished finished = RunHostscope(Arguments{"generate", "--pcap", path, "--records", "5000"} + more);
    EXPECT_EQ(finished.status, 0) << finished.err;
    summary_ = Flatten(finished.err);
    return ReadFile(path);
  }

  TemporaryFolder folder_;
  std::map<std::string, double> summary_;
};

TEST_F(GenerateTest, TheSeedDecidesOnEveryByte) {
  for (const Arguments& more : {Arguments{}, Arguments{"--format", "v9", "--exporters", "3"},
                                Arguments{"--format", "v5"}, Arguments{"--ipv6-share", "0.5"}}) {
    const std::string once = Make(more);
    EXPECT_TRUE(Make(more) == once);
    EXPECT_FALSE(Make(more + Arguments{"--seed", "2"}) == once);
    EXPECT_TRUE(Make(more + Arguments{"--seed", "1"}) == once);
  }
}

TEST_F(GenerateTest, WithoutAFileTheSummaryIsOnStandardError) {
  Make({});
  EXPECT_EQ(summary_.at("flows"), 5000);
  EXPECT_EQ(summary_.at("exporters"), 1);
}

TEST_F(GenerateTest, DurationTimesRateIsTheNumberOfRecords) {
  const Finished finished = RunHostscope({"generate", "--pcap", folder_ / "d.pcap", "--duration", "1.5s",
                                          "--rate", "1000", "--records-per-datagram", "10"});
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_EQ(Flatten(finished.err).at("flows"), 1500);
  EXPECT_EQ(Flatten(finished.err).at("datagrams"), 150);
}

TEST_F(GenerateTest, ADatagramRateIsThatOfFullDatagrams) {
  const Finished finished = RunHostscope({"generate", "--pcap", folder_ / "d.pcap", "--duration", "2s",
                                          "--datagram-rate", "100", "--records-per-datagram", "10"});
  EXPECT_EQ(finished.status, 0) << finished.err;
  EXPECT_EQ(Flatten(finished.err).at("datagrams"), 200);
}

TEST_F(GenerateTest, HostsAreInTheNetworksThatWereAskedFor) {
  Make({"--ipv4-network", "192.0.2.0/24", "--ipv6-network", "2001:db8:7::/48", "--ipv6-share", "0.5",
        "--hosts", "100"});
  const Finished finished = RunHostscope({"replay", "--networks", "192.0.2.0/24,2001:db8:7::/48", "--stats",
                                          folder_ / "stats", folder_ / "made.pcap"});
  EXPECT_EQ(finished.status, 0) << finished.err;
  const std::map<std::string, double> stats = Flatten(ReadFile(folder_ / "stats"));
  EXPECT_EQ(stats.at("records.counted"), 5000);
  EXPECT_EQ(stats.at("records.skipped.unmonitored"), 0);
}

}  // namespace
}  // namespace hostscope::app::testing
