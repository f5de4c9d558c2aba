#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include "tests/app/program.h"
#include "tests/app/records.h"
#include "tests/dataplane/capture_file.h"
#include "tests/dataplane/frame_builder.h"
#include "tests/ipfix/decoder_fixture.h"

// What the appliance knows of exporters when it is started again.
namespace hostscope::app::testing {
namespace {

using ipfix::test::FlowBytes;
using ipfix::test::kFlowFields;
using ipfix::test::MessageBuilder;
using ::testing::HasSubstr;

using Frame = std::vector<std::uint8_t>;

Frame FrameOf(Frame payload) {
  dataplane::testing::UdpFrame frame;
  frame.source = dataplane::testing::ParseAddress("192.0.2.1");
  frame.destination = dataplane::testing::ParseAddress("203.0.113.1");
  frame.payload = std::move(payload);
  return Build(frame);
}
// Not inline: GCC 12 takes an empty vector's null pointer for where its bytes go.
[[gnu::noinline]] MessageBuilder EmptyMessage(std::uint32_t domain) {
  return MessageBuilder::Ipfix(domain);
}
Frame TemplateFrame(std::uint32_t domain = 1) {
  MessageBuilder message = EmptyMessage(domain);
  message.Template(256, kFlowFields);
  return FrameOf(message.Build());
}
Frame DataFrame(std::uint32_t domain = 1) {
  MessageBuilder message = EmptyMessage(domain);
  message.Data(256, {FlowBytes(), FlowBytes()});
  return FrameOf(message.Build());
}

class RestartTest : public ::testing::Test {
 protected:
  using Stats = std::map<std::string, double>;

  /// Lets the appliance take `frames` until `is_done`, and ends it with `signal`.
  template <typename IsDone>
  Stats Run(const std::vector<Frame>& frames, int signal, IsDone is_done) {
    dataplane::testing::WriteCapture(folder_ / "in.pcap", frames);
    WriteFile(folder_ / "c.yaml",
              "windows: [200ms]\nports:\n  - device: net_pcap0,rx_pcap=" + (folder_ / "in.pcap") +
                  "\n    addresses: [203.0.113.1]\ndpdk: {hugepages: no}\n"
                  "cores: {idle_sleep: 1ms}\nmemory: {hosts: 10000, sketches: 1MiB}\n"
                  "state: {path: " +
                  (folder_ / "state") + ", interval: 1s}\n");
    std::filesystem::remove(folder_ / "stats");
    RunningHostscope appliance({"run", "-c", folder_ / "c.yaml", "--stats", folder_ / "stats"},
                               folder_ / "out", folder_ / "log");
    EXPECT_TRUE(appliance.HasSaid("host records go to")) << ReadFile(folder_ / "log");
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!is_done() && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_TRUE(is_done()) << ReadFile(folder_ / "log");
    appliance.Signal(signal);
    EXPECT_EQ(appliance.Wait(), signal == SIGTERM ? 0 : 128 + signal);
    return std::filesystem::exists(folder_ / "stats") ? Flatten(ReadFile(folder_ / "stats")) : Stats();
  }
  auto StatIs(const std::string& key, double value) {
    return [this, key, value] {
      if (!std::filesystem::exists(folder_ / "stats")) return false;
      const Stats stats = Flatten(ReadFile(folder_ / "stats"));
      return stats.contains(key) && stats.at(key) == value;
    };
  }
  bool HasState() const { return std::filesystem::exists(folder_ / "state/exporters"); }

  TemporaryFolder folder_;
  const Frame template_ = TemplateFrame();
  const Frame data_ = DataFrame();
};

TEST_F(RestartTest, AKilledApplianceReadsDataBeforeTheNextTemplate) {
  Run({template_, data_}, SIGKILL, [this] { return HasState(); });
  const Stats stats = Run({data_, data_}, SIGTERM, StatIs("records.counted", 4));
  EXPECT_EQ(stats.at("templates.recalled"), 1);
  EXPECT_EQ(stats.at("templates.learned"), 0);
  EXPECT_EQ(stats.at("state.templates_read"), 1);
  EXPECT_EQ(stats.at("sets.early.met"), 0);
}

TEST_F(RestartTest, WhatWasNotRepeatedSinceIsStillKnown) {
  Run({template_, data_}, SIGTERM, StatIs("records.counted", 2));
  Run({TemplateFrame(2), DataFrame(2)}, SIGTERM, StatIs("records.counted", 2));
  EXPECT_EQ(Run({data_}, SIGTERM, StatIs("records.counted", 2)).at("state.templates_read"), 2);
}

TEST_F(RestartTest, ADamagedFileIsSetAsideAndNamed) {
  Run({template_, data_}, SIGTERM, StatIs("records.counted", 2));
  std::string file = ReadFile(folder_ / "state/exporters");
  file[file.size() / 2] ^= 1;
  WriteFile(folder_ / "state/exporters", file);
  const Stats stats = Run({data_, template_}, SIGTERM, StatIs("records.counted", 2));
  EXPECT_EQ(stats.at("state.damaged"), 1);
  EXPECT_EQ(stats.at("sets.early.read"), 1) << "held until the template came";
  const std::string path = folder_ / "state/exporters";
  EXPECT_THAT(ReadFile(folder_ / "log"),
              HasSubstr(path + " is damaged: its checksum is wrong; it is now " + path + ".damaged"));
  EXPECT_EQ(ReadFile(path + ".damaged"), file);
  EXPECT_TRUE(HasState()) << "a new one";
}

}  // namespace
}  // namespace hostscope::app::testing
