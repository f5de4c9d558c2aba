#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include "dataplane/eal.h"
#include "dataplane/fragment_table.h"
#include "tests/dataplane/device_fixture.h"

// Datagrams in fragments, on the whole data plane. As in device_test.cpp, one test for each process.
namespace hostscope::dataplane {
namespace {

using testing::Build;
using testing::BuildFragment;
using testing::BuildFragments;
using testing::Bytes;
using testing::DatagramFrame;
using testing::IpfixMessage;
using testing::kExporter;
using testing::kOurs;
using testing::ParseAddress;
using testing::UdpFrame;

const Address kOurIpv6 = ParseAddress("2001:db8::1");

class FragmentsTest : public testing::DeviceTest {
 protected:
  /// Ends when all `frames` are taken and nothing waits any more that should not.
  void Run(const std::string& device, std::uint16_t queues, std::size_t frames, std::size_t waiting = 0) {
    AddPort(device);
    config_.ports[0].queues = queues;
    config_.ports[0].addresses.push_back(kOurIpv6);
    StartAll();
    MergeUntil([&] { return Frames() == frames && Waiting() == waiting; });
    StopAll();
    ExpectBalanced();
  }
  void Run(const std::vector<Bytes>& frames, std::size_t waiting = 0) {
    testing::WriteCapture(Path("in.pcap"), frames);
    Run("net_pcap0,rx_pcap=" + Path("in.pcap"), 1, frames.size(), waiting);
  }

  FragmentCounters Fragments() const { return dataplane_->status().ports.at(0).fragments; }
  std::uint64_t Waiting() const {
    const FragmentCounters books = Fragments();
    return books.fragments.Get() - books.joined.Get() - books.dropped_fragments.Total();
  }
  std::uint64_t Dropped(FragmentDrop reason) const { return Fragments().dropped.Get(reason); }
  std::uint64_t DroppedFragments(FragmentDrop reason) const {
    return Fragments().dropped_fragments.Get(reason);
  }

  /// After the end: every frame and every datagram has one outcome.
  void ExpectBalanced() const {
    const DataplaneStatus status = dataplane_->status();
    const DatagramBooks books = BooksOf(status);
    std::uint64_t dropped = 0;
    for (const auto& drop : books.dropped) dropped += drop.count;
    EXPECT_EQ(books.received, books.decoded + dropped);
    EXPECT_EQ(Waiting(), 0U);
    EXPECT_EQ(status.ports.at(0).frames.Get(FrameOutcome::kFragment), Fragments().fragments.Get());
  }
};

UdpFrame Ipv6Frame(Bytes payload) {
  UdpFrame frame = DatagramFrame(std::move(payload));
  frame.source = ParseAddress("2001:db8::7");
  frame.destination = kOurIpv6;
  return frame;
}

void Append(std::vector<Bytes>& frames, const std::vector<Bytes>& more) {
  frames.insert(frames.end(), more.begin(), more.end());
}

TEST_F(FragmentsTest, BothFamiliesInAnyOrder) {
  std::vector<Bytes> frames;
  std::mt19937 random(1);
  std::size_t fragments = 0;
  for (std::uint8_t i = 0; i < 20; ++i) {
    UdpFrame frame = i % 2 == 0 ? DatagramFrame(IpfixMessage(12, 0)) : Ipv6Frame(IpfixMessage(12, 0));
    frame.source_port = static_cast<std::uint16_t>(40000 + i);
    if (i % 4 == 0) frame.tags = {{}};
    if (i % 5 == 0) frame.ipv4_options = Bytes(8, 1);
    if (i % 3 == 1) frame.extensions = {{60, Bytes{0, 1, 4, 0, 0, 0, 0}}};
    frame.trailer = Bytes(i % 7);
    std::vector<Bytes> parts = BuildFragments(frame, 100U + i, 8U * (5 + i % 6));
    EXPECT_LE(parts.size(), FragmentTable::kMaxFragments);
    std::ranges::shuffle(parts, random);
    fragments += parts.size();
    Append(frames, parts);
  }
  Run(frames);
  EXPECT_EQ(flows_, 20U * 12);
  EXPECT_EQ(bytes_, 20U * 12 * 300);
  EXPECT_EQ(dropped_, 0U);
  EXPECT_EQ(Fragments().fragments.Get(), fragments);
  EXPECT_EQ(Fragments().joined.Get(), fragments);
  EXPECT_EQ(Fragments().datagrams.Get(FrameOutcome::kDatagram), 20U);
  EXPECT_EQ(BooksOf(dataplane_->status()).received, 20U);
}

TEST_F(FragmentsTest, TheWholeDatagramIsExamined) {
  UdpFrame bad = DatagramFrame(IpfixMessage(12, 0));
  bad.udp_checksum = 0xbeef;
  UdpFrame without = Ipv6Frame(IpfixMessage(12, 0));
  without.udp_checksum = 0;
  UdpFrame other_port = DatagramFrame(IpfixMessage(12, 0));
  other_port.destination_port = 53;
  UdpFrame not_ours = DatagramFrame(IpfixMessage(12, 0));
  not_ours.destination = ParseAddress("10.0.0.9");
  UdpFrame too_long = DatagramFrame(IpfixMessage(12, 0));
  too_long.udp_length = 2000;
  std::vector<Bytes> frames;
  std::uint32_t id = 0;
  for (const UdpFrame& frame : {bad, without, other_port, not_ours, too_long})
    Append(frames, BuildFragments(frame, ++id, 80));
  Run(frames);
  const FrameCounters outcomes = Fragments().datagrams;
  EXPECT_EQ(outcomes.Get(FrameOutcome::kBadUdpChecksum), 2U);
  EXPECT_EQ(outcomes.Get(FrameOutcome::kOtherPort), 1U);
  EXPECT_EQ(outcomes.Get(FrameOutcome::kMalformed), 1U);
  EXPECT_EQ(outcomes.Total(), 4U);
  EXPECT_EQ(dropped_in_parts_, 3U);
  const DatagramBooks books = BooksOf(dataplane_->status());
  EXPECT_EQ(books.received, 3U);
  EXPECT_EQ(books.decoded, 0U);
}

TEST_F(FragmentsTest, WhatCannotBeIsDroppedForItsReason) {
  const UdpFrame frame = DatagramFrame(IpfixMessage(15, 0));
  const auto part = [&](std::uint32_t id, std::size_t offset, std::size_t length) {
    return BuildFragment(frame, id, offset, length);
  };
  std::vector<Bytes> frames;
  // Overlapping in the middle: as long together as the datagram, but not it.
  Append(frames, {part(1, 0, 104), part(1, 200, 200), part(1, 96, 104)});
  // Two that begin it, two that end it.
  Append(frames, {part(2, 0, 96), part(2, 0, 96)});
  Append(frames, {part(3, 200, 200), part(3, 192, 200)});
  // Nine parts, the ninth in the middle.
  for (std::size_t i = 0; i < 8; ++i) frames.push_back(part(4, 24 * (i == 7 ? 9 : i), i == 7 ? 200 : 24));
  frames.push_back(part(4, 24 * 7, 24));
  // Not a multiple of eight, though more follow; beyond what an IP header can say.
  UdpFrame odd = frame;
  odd.payload.resize(150);
  frames.push_back(BuildFragment(odd, 5, 0, 99));
  UdpFrame header = frame;
  header.ipv4_fragment = 0x3fff;  // more follow behind byte 65528
  frames.push_back(Build(header));
  const std::size_t count = frames.size();
  Append(frames, BuildFragments(frame, 7, 96));
  Run(frames);
  EXPECT_EQ(flows_, 15U) << "the last one is not affected";
  EXPECT_EQ(DroppedFragments(FragmentDrop::kOverlap), 3U + 2 + 2);
  EXPECT_EQ(Dropped(FragmentDrop::kOverlap), 2U + 1) << "one of them had no first fragment";
  EXPECT_EQ(DroppedFragments(FragmentDrop::kTooMany), 9U);
  EXPECT_EQ(Dropped(FragmentDrop::kTooMany), 1U);
  EXPECT_EQ(DroppedFragments(FragmentDrop::kMalformed), 2U);
  EXPECT_EQ(Dropped(FragmentDrop::kMalformed), 1U);
  EXPECT_EQ(Fragments().dropped_fragments.Total(), count);
}

TEST_F(FragmentsTest, WhatStaysIncompleteTimesOut) {
  const UdpFrame frame = DatagramFrame(IpfixMessage(12, 0));
  std::vector<Bytes> frames;
  for (std::uint32_t id = 0; id < 10; ++id) frames.push_back(BuildFragment(frame, id, 0, 96));
  for (std::uint32_t id = 10; id < 15; ++id) frames.push_back(BuildFragment(frame, id, 96, 96));
  config_.fragments.timeout_ns = kNanosecondsPerSecond;
  Run(frames);
  EXPECT_EQ(Dropped(FragmentDrop::kTimeout), 10U) << "those whose first fragment came";
  EXPECT_EQ(DroppedFragments(FragmentDrop::kTimeout), 15U);
  EXPECT_EQ(dropped_in_parts_, 10U);
  EXPECT_EQ(BooksOf(dataplane_->status()).received, 10U);
}

TEST_F(FragmentsTest, AtTheEndNothingWaits) {
  config_.fragments.timeout_ns = 100 * kNanosecondsPerSecond;
  Run({BuildFragment(DatagramFrame(IpfixMessage(12, 0)), 1, 0, 96)}, 1);
  EXPECT_EQ(Dropped(FragmentDrop::kTimeout), 1U);
}

/// Fragments that are never completed displace each other, and not those of datagrams that are.
TEST_F(FragmentsTest, AFloodStaysWithinItsBoundAndDisplacesNobody) {
  constexpr std::size_t kRounds = 300;
  constexpr std::uint32_t kFloodEach = 200;
  config_.fragments.max_held = 512;
  config_.fragments.timeout_ns = 100 * kNanosecondsPerSecond;
  UdpFrame spoofed = DatagramFrame(Bytes(64));
  std::vector<Bytes> frames;
  std::uint32_t flood = 0;
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    const std::vector<Bytes> parts = BuildFragments(DatagramFrame(IpfixMessage(12, 0)), round, 120);
    ASSERT_EQ(parts.size(), 3U);
    for (const Bytes& part : parts) {
      frames.push_back(part);
      for (std::uint32_t i = 0; i < kFloodEach / 2; ++i) {
        const std::uint32_t source = __builtin_bswap32(0x0b000000 + ++flood);
        spoofed.source = Address::FromIpv4(source);
        frames.push_back(BuildFragment(spoofed, flood, flood % 2 == 0 ? 0 : 16, 16));
      }
    }
  }
  testing::WriteCapture(Path("in.pcap"), frames);
  AddPort("net_pcap0,rx_pcap=" + Path("in.pcap"));
  StartAll();
  std::uint64_t most = 0;
  MergeUntil([&] {
    most = std::max(most, Waiting());
    return Frames() == frames.size();
  });
  StopAll();
  ExpectBalanced();
  EXPECT_EQ(flows_, kRounds * 12) << "nothing of the exporter is lost";
  EXPECT_EQ(Fragments().datagrams.Get(FrameOutcome::kDatagram), kRounds);
  EXPECT_LE(most, 512U);
  EXPECT_GE(DroppedFragments(FragmentDrop::kTableFull), flood - 512);
  EXPECT_EQ(Fragments().dropped_fragments.Total(), flood);
  EXPECT_EQ(Dropped(FragmentDrop::kTableFull) + Dropped(FragmentDrop::kTimeout), flood / 2);
}

/// Two queues and two workers. The template comes in one piece on the second queue; of the data's fragments
/// the first come on one queue and the others on the other. Only who knows the template can read them.
TEST_F(FragmentsTest, ThePartsOfADatagramComeOnSeveralQueues) {
  if (AllowedCpus().size() < 2) GTEST_SKIP() << "needs two CPUs";
  config_.worker_cpus = {AllowedCpus()[0], AllowedCpus()[1]};
  config_.control_cpus = config_.worker_cpus;
  const Bytes message = IpfixMessage(12, 0);
  Bytes only_data(message.begin(), message.begin() + 16);
  only_data.insert(only_data.end(), message.begin() + 40, message.end());
  only_data[3] = static_cast<std::uint8_t>(only_data.size());
  std::vector<Bytes> one, other;
  other.push_back(Build(DatagramFrame(message)));
  constexpr std::uint32_t kDatagrams = 100;
  for (std::uint32_t id = 0; id < kDatagrams; ++id) {
    const std::vector<Bytes> parts = BuildFragments(DatagramFrame(only_data), id, 80);
    one.push_back(parts.front());
    other.insert(other.end(), parts.begin() + 1, parts.end());
  }
  testing::WriteCapture(Path("one.pcap"), one);
  testing::WriteCapture(Path("other.pcap"), other);
  Run("net_pcap0,rx_pcap=" + Path("one.pcap") + ",rx_pcap=" + Path("other.pcap"), 2,
      one.size() + other.size());
  EXPECT_EQ(flows_, 12U * (kDatagrams + 1));
  const DataplaneStatus status = dataplane_->status();
  EXPECT_EQ(
      status.workers.at(0).accounting->outcomes.Total() + status.workers.at(1).accounting->outcomes.Total(),
      kDatagrams + 1);
  for (const WorkerStatus& worker : status.workers) {
    EXPECT_EQ(worker.accounting->sets_skipped.Get(ipfix::SetSkip::kUnknownTemplate), 0U);
  }
  EXPECT_EQ(status.workers.at(0).exporters + status.workers.at(1).exporters, 1U)
      << "one worker knows the exporter";
}

/// An exporter all of whose datagrams come in fragments is read where the first of them come.
TEST_F(FragmentsTest, WhoSendsOnlyFragmentsIsReadWhereTheFirstCome) {
  if (AllowedCpus().size() < 2) GTEST_SKIP() << "needs two CPUs";
  config_.worker_cpus = {AllowedCpus()[0], AllowedCpus()[1]};
  config_.control_cpus = config_.worker_cpus;
  std::vector<Bytes> one, other;
  for (std::uint32_t id = 0; id < 50; ++id) {
    UdpFrame frame = Ipv6Frame(IpfixMessage(12, 0));
    const std::vector<Bytes> parts = BuildFragments(frame, id, 80);
    other.push_back(parts.front());
    one.insert(one.end(), parts.begin() + 1, parts.end());
  }
  testing::WriteCapture(Path("one.pcap"), one);
  testing::WriteCapture(Path("other.pcap"), other);
  Run("net_pcap0,rx_pcap=" + Path("one.pcap") + ",rx_pcap=" + Path("other.pcap"), 2,
      one.size() + other.size());
  EXPECT_EQ(flows_, 50U * 12);
  EXPECT_EQ(dataplane_->status().workers.at(0).exporters, 0U);
  EXPECT_EQ(dataplane_->status().workers.at(1).exporters, 1U);
}

}  // namespace
}  // namespace hostscope::dataplane
