#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <random>
#include <string>
#include <thread>

#include "tests/app/program.h"
#include "tests/app/records.h"
#include "tests/dataplane/capture_file.h"
#include "tests/dataplane/frame_builder.h"

// The same frames through the appliance, on DPDK's capture device, and through replay.
namespace hostscope::app::testing {
namespace {

using dataplane::testing::Bytes;
using dataplane::testing::UdpFrame;

constexpr std::size_t kHeaders = 14 + 20 + 8;
constexpr double kDay = 24 * 3600;

/// What `hostscope generate` makes, from `source` to `destination`, most of it in fragments.
std::vector<Bytes> Fragmented(const std::string& capture, const std::string& source,
                              const std::string& destination) {
  std::vector<Bytes> frames;
  std::mt19937 random(1);
  std::uint32_t id = 0;
  for (const Bytes& whole : dataplane::testing::ReadCapture(capture)) {
    UdpFrame frame;
    frame.source = dataplane::testing::ParseAddress(source);
    frame.destination = dataplane::testing::ParseAddress(destination);
    frame.payload.assign(whole.begin() + kHeaders, whole.end());
    ++id;
    if (id % 4 == 0) {
      frames.push_back(Build(frame));
      continue;
    }
    std::vector<Bytes> parts = BuildFragments(frame, id, id % 4 == 1 ? 1200 : 256);
    if (id % 3 == 0) std::ranges::shuffle(parts, random);
    frames.insert(frames.end(), parts.begin(), parts.end());
  }
  return frames;
}

class RunFragmentsTest : public ::testing::TestWithParam<std::pair<std::string, std::string>> {
 protected:
  void Appliance(const std::string& address, double records) {
    WriteFile(folder_ / "c.yaml", "windows: [500ms, 31d]\nports:\n  - device: net_pcap0,rx_pcap=" +
                                      (folder_ / "in.pcap") + "\n    addresses: [\"" + address +
                                      "\"]\ndpdk: {hugepages: no}\ncores: {idle_sleep: 1ms}\n"
                                      "memory: {hosts: 10000, sketches: 16MiB}\n"
                                      "network_records: {enabled: no}\n");
    RunningHostscope appliance({"run", "-c", folder_ / "c.yaml", "--stats", folder_ / "stats"},
                               folder_ / "out", folder_ / "log");
    ASSERT_TRUE(appliance.HasSaid("host records go to")) << ReadFile(folder_ / "log");
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (Counted() < records && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    appliance.Signal(SIGTERM);
    ASSERT_EQ(appliance.Wait(), 0) << ReadFile(folder_ / "log");
  }
  double Counted() const {
    if (!std::filesystem::exists(folder_ / "stats")) return 0;  // written with the first window
    return Flatten(ReadFile(folder_ / "stats")).at("records.counted");
  }

  TemporaryFolder folder_;
};

TEST_P(RunFragmentsTest, RunGivesWhatReplayGives) {
  const auto& [source, destination] = GetParam();
  const Finished made = RunHostscope({"generate", "--pcap", folder_ / "whole.pcap", "--records", "5000",
                                      "--hosts", "300", "--summary", "/dev/null"});
  ASSERT_EQ(made.status, 0) << made.err;
  const std::vector<Bytes> frames = Fragmented(folder_ / "whole.pcap", source, destination);
  dataplane::testing::WriteCapture(folder_ / "in.pcap", frames);
  const Finished replay =
      RunHostscope({"replay", "--stats", folder_ / "replay-stats", "--windows", "31d", folder_ / "in.pcap"});
  ASSERT_EQ(replay.status, 0) << replay.err;
  ASSERT_NO_FATAL_FAILURE(Appliance(destination, 5000));

  std::map<std::string, Record> expected;
  for (const Record& record : ParseRecords(replay.out)) {
    if (!record.is_window_record) expected[record.host] = record;
  }
  EXPECT_GT(expected.size(), 100U);
  std::size_t compared = 0;
  for (const Record& record : ParseRecords(ReadFile(folder_ / "out"))) {
    if (record.is_window_record || record.seconds != 31 * kDay) continue;
    ASSERT_TRUE(expected.contains(record.host)) << record.host;
    const Record& other = expected.at(record.host);
    ASSERT_EQ(record.sent.has_value(), other.sent.has_value());
    ASSERT_EQ(record.received.has_value(), other.received.has_value());
    if (record.sent) {
      EXPECT_EQ(*record.sent, *other.sent) << record.host;
    }
    if (record.received) {
      EXPECT_EQ(*record.received, *other.received) << record.host;
    }
    ++compared;
  }
  EXPECT_EQ(compared, expected.size());

  const auto stats = Flatten(ReadFile(folder_ / "stats"));
  const auto replayed = Flatten(ReadFile(folder_ / "replay-stats"));
  double dropped = 0;
  for (const auto& [key, count] : stats) dropped += key.starts_with("datagrams.dropped.") ? count : 0;
  EXPECT_EQ(dropped, 0);
  for (const std::string key : {"datagrams.received", "datagrams.decoded", "records.seen", "records.counted",
                                "templates.learned", "sequence_gaps"}) {
    EXPECT_EQ(stats.at(key), replayed.at(key)) << key;
  }
  const std::string port = "ports.net_pcap0,rx_pcap=" + (folder_ / "in.pcap");
  EXPECT_EQ(stats.at(port + ".fragments.datagrams"), replayed.at("packets.reassembled"));
  EXPECT_GT(replayed.at("packets.reassembled"), 50);
  EXPECT_EQ(stats.at(port + ".fragments.waiting"), 0);
}

INSTANTIATE_TEST_SUITE_P(BothFamilies, RunFragmentsTest,
                         ::testing::Values(std::pair<std::string, std::string>("192.0.2.1", "203.0.113.1"),
                                           std::pair<std::string, std::string>("2001:db8::7",
                                                                               "2001:db8::1")));

}  // namespace
}  // namespace hostscope::app::testing
