#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/dataplane/device_fixture.h"

namespace hostscope::dataplane {
namespace {

using testing::Build;
using testing::BuildArp;
using testing::BuildIcmp;
using testing::Bytes;
using ::testing::Contains;
using testing::DatagramFrame;
using testing::DeviceTest;
using ::testing::HasSubstr;
using testing::IpfixMessage;
using testing::kExporter;
using testing::kOurs;
using testing::kPeerMac;
using testing::kWindow;
using testing::ParseAddress;
using ::testing::SizeIs;
using testing::UdpFrame;

TEST_F(DeviceTest, FramesBecomeHostRecordsAndAnswers) {
  UdpFrame bad = DatagramFrame(IpfixMessage(1, 12));
  bad.udp_checksum = 0xbeef;
  UdpFrame other_port = DatagramFrame({1});
  other_port.destination_port = 53;
  testing::IpFrame ping;
  ping.source = kExporter;
  ping.destination = kOurs;
  testing::WriteCapture(Path("in.pcap"), {
                                             BuildArp({}, 1, kPeerMac, kExporter, kOurs),
                                             Build(DatagramFrame(IpfixMessage(5, 0))),
                                             Build(DatagramFrame(IpfixMessage(7, 5))),
                                             Build(bad),
                                             Build(DatagramFrame({9, 9, 9, 9})),
                                             Build(other_port),
                                             BuildIcmp(ping, {8, 0, 0, 0, 0, 1, 0, 1}),
                                         });
  AddPort("net_pcap0,rx_pcap=" + Path("in.pcap") + ",tx_pcap=" + Path("out.pcap"));
  StartAll();
  MergeUntil([&] { return Frames() == 7; });
  StopAll();

  const PortStatus port = dataplane_->status().ports.at(0);
  EXPECT_EQ(port.frames.Get(FrameOutcome::kDatagram), 3U);
  EXPECT_EQ(port.frames.Get(FrameOutcome::kArp), 1U);
  EXPECT_EQ(port.frames.Get(FrameOutcome::kEcho), 1U);
  EXPECT_EQ(port.frames.Get(FrameOutcome::kBadUdpChecksum), 1U);
  EXPECT_EQ(port.frames.Get(FrameOutcome::kOtherPort), 1U);
  EXPECT_EQ(port.replies, 2U);
  EXPECT_EQ(port.replies_failed, 0U);

  EXPECT_EQ(flows_, 12U);
  EXPECT_EQ(packets_, 24U);
  EXPECT_EQ(bytes_, 3600U);
  EXPECT_EQ(sent_flows_[ParseAddress("192.0.2.5")], 2U);
  EXPECT_EQ(sent_flows_[ParseAddress("192.0.2.7")], 1U);
  EXPECT_EQ(dropped_, 2U) << "a bad checksum and a version of no protocol";

  const DatagramBooks books = BooksOf(dataplane_->status());
  std::uint64_t dropped = 0;
  for (const auto& drop : books.dropped) dropped += drop.count;
  EXPECT_EQ(books.received, 4U);
  EXPECT_EQ(books.decoded, 2U);
  EXPECT_EQ(books.received, books.decoded + dropped);
  EXPECT_THAT(dataplane_->Exporters(), SizeIs(1));

  dataplane_.reset();  // closes the capture
  const std::vector<Bytes> answers = testing::ReadCapture(Path("out.pcap"));
  ASSERT_THAT(answers, SizeIs(2));
  EXPECT_EQ(answers[0].size(), 42U);
  EXPECT_EQ(answers[0][21], 2) << "an ARP reply";
  EXPECT_EQ(answers[1][34], 0) << "an echo reply";
}

TEST_F(DeviceTest, WindowsCloseOnTimeWithoutTraffic) {
  testing::WriteCapture(Path("in.pcap"), {Build(DatagramFrame(IpfixMessage(5, 0)))});
  AddPort("net_pcap0,rx_pcap=" + Path("in.pcap"));
  StartAll();
  MergeUntil([&] { return parts_ >= 5; });
  EXPECT_EQ(flows_, 5U) << "the flows' window came out while the worker went on";
  StopAll();
  EXPECT_EQ(flows_, 5U);
  for (std::size_t i = 1; i < spans_.size(); ++i) EXPECT_EQ(spans_[i].start, spans_[i - 1].end());
  EXPECT_EQ(spans_[0].start.ns % kWindow, 0);
}

TEST_F(DeviceTest, WithoutSpareTablesNothingIsLost) {
  testing::WriteCapture(Path("in.pcap"), {Build(DatagramFrame(IpfixMessage(5, 0)))});
  AddPort("net_pcap0,rx_pcap=" + Path("in.pcap") + ",infinite_rx=1");
  StartAll();
  std::this_thread::sleep_for(
      std::chrono::milliseconds(5 * kWindow / kNanosecondsPerMillisecond));  // no merging
  dataplane_->Stop();
  Merge();
  Keep(merger_->Finish());
  const DataplaneStatus status = dataplane_->status();
  EXPECT_GT(status.workers.at(0).aggregator->overruns.Get(), 0U);
  EXPECT_GT(flows_, 0U);
  EXPECT_EQ(flows_, status.workers.at(0).accounting->records_counted.Get());
  EXPECT_EQ(flows_, 5 * status.ports.at(0).frames.Get(FrameOutcome::kDatagram));
}

TEST_F(DeviceTest, QueuesAreDealtOutAndEachPortHasItsBooks) {
  testing::WriteCapture(Path("a.pcap"), {Build(DatagramFrame(IpfixMessage(5, 0)))});
  testing::WriteCapture(Path("b.pcap"),
                        {Build(DatagramFrame(IpfixMessage(7, 0))), Build(DatagramFrame({1}))});
  AddPort("net_pcap0,rx_pcap=" + Path("a.pcap") + ",rx_pcap=" + Path("b.pcap"));
  config_.ports[0].queues = 2;
  AddPort("net_pcap1,rx_pcap=" + Path("b.pcap"));
  StartAll();
  MergeUntil([&] { return Frames() == 5; });
  StopAll();
  const DataplaneStatus status = dataplane_->status();
  EXPECT_EQ(status.ports.at(0).frames.Get(FrameOutcome::kDatagram), 3U);
  EXPECT_EQ(status.ports.at(1).frames.Get(FrameOutcome::kDatagram), 2U);
  EXPECT_EQ(status.ports.at(1).driver, "net_pcap");
  EXPECT_EQ(flows_, 5U + 7 + 7);
  EXPECT_EQ(BooksOf(status).received, 5U);
  EXPECT_EQ(BooksOf(status).decoded, 3U);
}

TEST_F(DeviceTest, LoopsAreMeasured) {
  AddPort("net_null0");  // an endless stream of frames of zeros
  StartAll();
  MergeUntil([&] { return dataplane_->status().workers.at(0).longest_loop_ever_ns > 0; });
  const WorkerStatus busy = dataplane_->status().workers.at(0);
  StopAll();
  EXPECT_GT(busy.busy_share, 0.5);
  EXPECT_LE(busy.busy_share, 1.0);
  EXPECT_GE(busy.longest_loop_ever_ns, busy.longest_loop_ns);
  const PortStatus port = dataplane_->status().ports.at(0);
  EXPECT_GT(port.frames.Get(FrameOutcome::kNotIp), 1000U);
  EXPECT_EQ(port.frames.Total(), port.frames.Get(FrameOutcome::kNotIp));
}

TEST_F(DeviceTest, SaysWhatIsWrongWithEachPort) {
  AddPort("net_no_such_driver0");
  AddPort("net_null0");
  config_.ports[1].queues = 2;
  config_.ports[1].buffers = 100;
  AddPort("net_null1");
  config_.ports[2].addresses.clear();
  AddPort("net_null2");
  config_.ports[3].queues = 5000;
  std::string what;
  try {
    Dataplane dataplane(config_);
  } catch (const std::runtime_error& error) {
    what = error.what();
  }
  EXPECT_THAT(what, HasSubstr("net_no_such_driver0: the virtual device could not be opened"));
  EXPECT_THAT(what, HasSubstr("net_null0: buffers is 100; rx_descriptors needs at least"));
  EXPECT_THAT(what, HasSubstr("net_null1: no address is configured"));
  EXPECT_THAT(what, HasSubstr("net_null2: queues is 5000; the device offers 1 to 1024"));
}

}  // namespace
}  // namespace hostscope::dataplane
