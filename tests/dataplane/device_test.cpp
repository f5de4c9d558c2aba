#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
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
using ::testing::Not;
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
  EXPECT_EQ(dataplane_->status().workers.at(0).exporters, 1U);

  dataplane_.reset();  // closes the capture
  std::vector<Bytes> answers = testing::ReadCapture(Path("out.pcap"));
  std::erase_if(answers, [](const Bytes& frame) { return frame[0] == 0xff; });  // announcements
  ASSERT_THAT(answers, SizeIs(2));
  EXPECT_EQ(answers[0].size(), 42U);
  EXPECT_EQ(answers[0][21], 2) << "an ARP reply";
  EXPECT_EQ(answers[1][34], 0) << "an echo reply";
}

TEST_F(DeviceTest, FloodsOfRequestsAreNotAnsweredWithFloods) {
  testing::IpFrame ping;
  ping.source = kExporter;
  ping.destination = kOurs;
  testing::WriteCapture(Path("in.pcap"), {BuildIcmp(ping, {8, 0, 0, 0, 0, 1, 0, 1})});
  AddPort("net_pcap0,rx_pcap=" + Path("in.pcap") + ",infinite_rx=1");
  const auto begin = std::chrono::steady_clock::now();
  StartAll();
  MergeUntil([&] { return Frames() > 20'000; });
  StopAll();
  const auto seconds =
      std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - begin).count();
  const PortStatus port = dataplane_->status().ports.at(0);
  const std::uint64_t pings = port.frames.Get(FrameOutcome::kEcho);
  EXPECT_GE(port.replies + port.replies_failed, 1000U) << "a second's worth at once";
  EXPECT_LE(port.replies + port.replies_failed, 1000U * static_cast<std::uint64_t>(1 + seconds));
  EXPECT_EQ(pings, port.replies + port.replies_failed + port.replies_limited);
}

TEST_F(DeviceTest, CapturesWhatItReceives) {
  UdpFrame other = DatagramFrame(IpfixMessage(1, 0));
  other.source = ParseAddress("192.0.2.99");
  const Bytes wanted = Build(DatagramFrame(IpfixMessage(5, 0)));
  testing::WriteCapture(Path("in.pcap"), {wanted, Build(other)});
  AddPort("net_pcap0,rx_pcap=" + Path("in.pcap") + ",infinite_rx=1");
  StartAll();
  CapturedFrame frame;
  EXPECT_FALSE(dataplane_->TakeFrame(0, frame)) << "it is off";
  dataplane_->StartCapture({Prefix::Ipv4(kExporter.ipv4_bits(), 32), 40});
  std::size_t taken = 0;
  MergeUntil([&] {
    while (taken < 100 && dataplane_->TakeFrame(0, frame)) {
      ++taken;
      EXPECT_EQ(frame.length, wanted.size());
      EXPECT_EQ(frame.port, 0U);
      EXPECT_EQ(frame.bytes, Bytes(wanted.begin(), wanted.begin() + 40));
    }
    return taken == 100;
  });
  // Nobody takes any: the worker goes on, and what has no room is counted.
  MergeUntil([&] { return dataplane_->FramesMissed() > 1000; });
  // Another one has nothing of the one before.
  dataplane_->StartCapture({});
  EXPECT_EQ(dataplane_->FramesMissed(), 0U);
  bool has_other = false;
  MergeUntil([&] {
    while (!has_other && dataplane_->TakeFrame(0, frame)) {
      EXPECT_EQ(frame.bytes.size(), frame.length);
      has_other = frame.bytes == Build(other);
    }
    return has_other;
  });
  dataplane_->StopCapture();
  MergeUntil([&] { return !dataplane_->TakeFrame(0, frame); });
  StopAll();
  EXPECT_GT(flows_, 0U);
}

TEST_F(DeviceTest, AnnouncesItsAddresses) {
  testing::WriteCapture(Path("in.pcap"), {Build(DatagramFrame(IpfixMessage(1, 0)))});
  AddPort("net_pcap0,rx_pcap=" + Path("in.pcap") + ",tx_pcap=" + Path("out.pcap"));
  config_.ports[0].addresses.push_back(ParseAddress("2001:db8::1"));
  config_.ports[0].vlans = {0, 7};
  StartAll();
  // Of two addresses in two VLANs: a report for the one of IPv6, probes, and twice an announcement.
  MergeUntil([&] { return dataplane_->status().ports.at(0).announcements == 2U * (1 + 2 + 2 + 2); });
  StopAll();
  dataplane_.reset();
  const std::vector<Bytes> sent = testing::ReadCapture(Path("out.pcap"));
  EXPECT_THAT(sent, SizeIs(14));
  EXPECT_EQ(std::ranges::count_if(sent, [](const Bytes& frame) { return OutermostVlan(frame) == 7; }), 7);
}

TEST_F(DeviceTest, AnnouncesNoAddressThatAnotherStationHasWhateverTheQueue) {
  const Bytes claim = BuildArp({}, 2, kPeerMac, kOurs, kExporter);
  testing::WriteCapture(Path("first.pcap"), {Build(DatagramFrame(IpfixMessage(1, 0)))});
  testing::WriteCapture(Path("second.pcap"), {claim});
  AddPort("net_pcap0,rx_pcap=" + Path("first.pcap") + ",rx_pcap=" + Path("second.pcap") +
          ",infinite_rx=1,tx_pcap=" + Path("out.pcap"));
  config_.ports[0].queues = 2;
  StartAll();
  const auto port = [&] { return dataplane_->status().ports.at(0); };
  MergeUntil([&] { return port().announcements == 1; });
  EXPECT_GT(port().frames.Get(FrameOutcome::kConflict), 0U);
  // The worker's loop has passed the moments of both announcements.
  const std::uint64_t beat = dataplane_->beats().at(0);
  MergeUntil([&] { return dataplane_->beats().at(0) >= beat + 3; });
  StopAll();
  EXPECT_EQ(port().announcements, 1U) << "the probe";
}

TEST_F(DeviceTest, FramesInSeveralBuffersAreRead) {
  UdpFrame long_one = DatagramFrame(IpfixMessage(14, 0));
  long_one.payload.resize(8900);  // a set that is no template's fills the rest
  const std::size_t rest = long_one.payload.size() - IpfixMessage(14, 0).size();
  long_one.payload[2] = 8900 >> 8;
  long_one.payload[3] = 8900 & 0xff;
  std::uint8_t* const filler = long_one.payload.data() + IpfixMessage(14, 0).size();
  filler[0] = 1;
  filler[1] = 9;
  filler[2] = static_cast<std::uint8_t>(rest >> 8);
  filler[3] = static_cast<std::uint8_t>(rest & 0xff);
  UdpFrame padded = DatagramFrame(IpfixMessage(3, 14));
  padded.trailer = Bytes(4000);  // its datagram lies in the first buffer
  UdpFrame wrong = long_one;
  wrong.udp_checksum = 0xbeef;
  UdpFrame part = long_one;
  std::vector<Bytes> frames =
      testing::BuildFragments(part, 7, 4400);  // longer than a buffer, each but the last
  frames.insert(frames.begin(), {Build(long_one), Build(padded), Build(wrong)});
  testing::WriteCapture(Path("in.pcap"), frames);
  AddPort("net_pcap0,rx_pcap=" + Path("in.pcap"));
  StartAll();
  MergeUntil([&] { return Frames() == frames.size(); });
  StopAll();
  const PortStatus port = dataplane_->status().ports.at(0);
  EXPECT_EQ(port.scattered, 5U) << "all but the last fragment";
  EXPECT_EQ(port.frames.Get(FrameOutcome::kDatagram), 2U);
  EXPECT_EQ(port.frames.Get(FrameOutcome::kBadUdpChecksum), 1U) << "which is over all of the buffers";
  EXPECT_EQ(port.frames.Get(FrameOutcome::kFragment), 3U);
  EXPECT_EQ(port.frames.Total(), frames.size());
  EXPECT_EQ(flows_, 14U + 3);
}

TEST_F(DeviceTest, JumboFramesLieInOneBuffer) {
  UdpFrame frame = DatagramFrame(IpfixMessage(14, 0));
  frame.trailer = Bytes(9000 - 300);
  testing::WriteCapture(Path("in.pcap"), {Build(frame)});
  AddPort("net_pcap0,rx_pcap=" + Path("in.pcap"));
  config_.ports[0].mtu = 9000;
  StartAll();
  MergeUntil([&] { return Frames() == 1; });
  StopAll();
  EXPECT_EQ(dataplane_->status().ports.at(0).scattered, 0U);
  EXPECT_EQ(dataplane_->status().ports.at(0).mtu, 9000U);
  EXPECT_EQ(flows_, 14U);
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
  AddPort("net_null0");  // an endless stream of frames of whatever their buffers held
  StartAll();
  MergeUntil([&] { return dataplane_->status().workers.at(0).longest_loop_ever_ns > 0; });
  const WorkerStatus busy = dataplane_->status().workers.at(0);
  StopAll();
  EXPECT_GT(busy.busy_share, 0.5);
  EXPECT_LE(busy.busy_share, 1.0);
  EXPECT_GE(busy.longest_loop_ever_ns, busy.longest_loop_ns);
  const PortStatus port = dataplane_->status().ports.at(0);
  EXPECT_GT(port.frames.Get(FrameOutcome::kNotIp), 1000U);
}

TEST_F(DeviceTest, WarnsOfWorkersThatAreFarFromTheirPort) {
  AddPort("net_ring0,nodeaction=near:0:CREATE");
  AddPort("net_ring1,nodeaction=far:1:CREATE");
  StartAll();
  EXPECT_THAT(
      dataplane_->warnings(),
      Contains(HasSubstr("net_ring1,nodeaction=far:1:CREATE: is on NUMA node 1, and read from another by "
                         "workers on cores ")));
  EXPECT_THAT(dataplane_->warnings(), Not(Contains(HasSubstr("near:0:CREATE: is on NUMA node"))));
  EXPECT_EQ(merger_->TakeTable(0)->node(), 0) << "as those that workers have";
  StopAll();
}

TEST_F(DeviceTest, SaysWhichMtuTheDeviceTakes) {
  // The far end of a virtual cable, which has limits; the near end has none.
  AddPort("net_vhost0,iface=" + Path("cable"));
  AddPort("net_virtio_user0,path=" + Path("cable"));
  config_.ports[1].mtu = 20'000;
  std::string what;
  try {
    Dataplane dataplane(config_);
  } catch (const std::runtime_error& error) {
    what = error.what();
  }
  EXPECT_THAT(what, ::testing::MatchesRegex(
                        "net_virtio_user0,path=.*: mtu is 20000; the device allows [0-9]+ to 9[0-9]+"));
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
