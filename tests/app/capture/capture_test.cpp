#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/app/replay/replay_fixture.h"

// Kinds of capture files, of links and of packets; and what is wrong with some.
namespace hostscope::app::testing {
namespace {

using ::testing::HasSubstr;

constexpr std::uint16_t kIpv4 = 0x0800;
constexpr std::uint16_t kIpv6 = 0x86dd;

std::vector<std::uint8_t> TwoFlows() {
  return ipfix::test::Netflow5Builder().Record({}).Record({.source = "10.0.0.3"}).Build();
}
Bytes Ipv4Packet() {
  return fuzz::UdpPacket("192.0.2.1", "192.0.2.9", TwoFlows());
}
Bytes Ipv6Packet() {
  return fuzz::UdpPacket("2001:db8::1", "2001:db8::9", TwoFlows());
}
std::vector<std::uint8_t> Vector(const Bytes& bytes) {
  return {bytes.span().begin(), bytes.span().end()};
}
std::vector<Bytes> InEthernet(const std::vector<Bytes>& packets, std::uint16_t ether_type) {
  std::vector<Bytes> frames;
  for (const Bytes& packet : packets) frames.push_back(fuzz::Ethernet(packet, ether_type));
  return frames;
}

class CaptureTest : public ReplayFixture {
 protected:
  /// Replays the bytes as a file: every datagram in it must have been decoded, with two flow records each.
  void ExpectDatagrams(const Bytes& file, double datagrams) {
    Replay({"--windows", "1h", Put("a.pcap", file)});
    EXPECT_EQ(stats_.at("datagrams.received"), datagrams);
    EXPECT_EQ(stats_.at("datagrams.decoded"), datagrams);
    EXPECT_EQ(stats_.at("records.counted"), 2 * datagrams);
  }
};

TEST_F(CaptureTest, MicrosecondsAndNanoseconds) {
  const std::vector<Bytes> frames = {fuzz::Ethernet(Ipv4Packet(), kIpv4),
                                     fuzz::Ethernet(Ipv6Packet(), kIpv6)};
  for (const bool nanoseconds : {false, true}) {
    ExpectDatagrams(fuzz::Pcap(fuzz::kLinkEthernet, frames, nanoseconds), 2);
  }
}

TEST_F(CaptureTest, Pcapng) {
  // Its last packet is there once more, in a simple packet block, which has no time.
  ExpectDatagrams(fuzz::Pcapng(fuzz::kLinkEthernet, {fuzz::Ethernet(Ipv4Packet(), kIpv4)}), 2);
}

TEST_F(CaptureTest, VlanTagsInAnyNumber) {
  for (const std::size_t tags : {1U, 2U}) {
    ExpectDatagrams(fuzz::Pcap(fuzz::kLinkEthernet, {fuzz::Ethernet(Ipv4Packet(), kIpv4, tags),
                                                     fuzz::Ethernet(Ipv6Packet(), kIpv6, tags)}),
                    2);
  }
}

TEST_F(CaptureTest, OtherLinks) {
  const Bytes packet = Ipv4Packet();
  ExpectDatagrams(fuzz::Pcap(fuzz::kLinkRaw, {packet, Ipv6Packet()}), 2);
  ExpectDatagrams(fuzz::Pcap(fuzz::kLinkNull, {Bytes().U32(2).Append(packet)}), 1);
  ExpectDatagrams(fuzz::Pcap(fuzz::kLinkSll, {Bytes().Zeros(14).U16(kIpv4).Append(packet)}), 1);
  ExpectDatagrams(fuzz::Pcap(fuzz::kLinkSll2, {Bytes().U16(kIpv4).Zeros(18).Append(packet)}), 1);
}

TEST_F(CaptureTest, EthernetPaddingIsNotPartOfTheDatagram) {
  Bytes padded = fuzz::Ethernet(Ipv4Packet(), kIpv4);
  padded.Zeros(18);
  ExpectDatagrams(fuzz::Pcap(fuzz::kLinkEthernet, {padded}), 1);
}

TEST_F(CaptureTest, FragmentsOfBothFamiliesInAnyOrder) {
  for (const bool is_ipv6 : {false, true}) {
    std::vector<Bytes> pieces =
        is_ipv6 ? fuzz::Ipv6Fragments(TwoFlows(), 40) : fuzz::Ipv4Fragments(TwoFlows(), 40);
    ASSERT_GE(pieces.size(), 3U);
    std::swap(pieces.front(), pieces.back());
    ExpectDatagrams(fuzz::Pcap(fuzz::kLinkEthernet, InEthernet(pieces, is_ipv6 ? kIpv6 : kIpv4)), 1);
    EXPECT_EQ(stats_.at("packets.reassembled"), 1);
    EXPECT_EQ(stats_.at("packets.fragment"), static_cast<double>(pieces.size() - 1));
  }
}

TEST_F(CaptureTest, AFragmentThatIsMissingIsADatagramDropped) {
  std::vector<Bytes> pieces = fuzz::Ipv4Fragments(TwoFlows(), 40);
  pieces.erase(pieces.begin() + 1);
  Replay({Put("a.pcap", fuzz::Pcap(fuzz::kLinkEthernet, InEthernet(pieces, kIpv4)))});
  EXPECT_EQ(stats_.at("datagrams.received"), 1);
  EXPECT_EQ(stats_.at("datagrams.dropped.frame_missing_fragment"), 1);
  EXPECT_EQ(stats_.at("hosts"), 0);
}

TEST_F(CaptureTest, WhatIsNoExportDatagramIsCountedAndLeftOut) {
  const std::vector<std::uint8_t> other = {0, 1, 2, 3};
  const Bytes arp = Bytes().Zeros(28);
  Bytes tcp = Ipv4Packet();
  tcp.raw()[9] = 6;
  Bytes cut = Ipv4Packet();
  cut.raw().resize(12);
  Replay(
      {Put("a.pcap", fuzz::Pcap(fuzz::kLinkEthernet,
                                {fuzz::Ethernet(Ipv4Packet(), kIpv4), fuzz::Ethernet(arp, 0x0806),
                                 fuzz::Ethernet(tcp, kIpv4), fuzz::Ethernet(cut, kIpv4),
                                 fuzz::Ethernet(fuzz::UdpPacket("192.0.2.1", "192.0.2.9", other), kIpv4)}))});
  EXPECT_EQ(stats_.at("packets.read"), 5);
  EXPECT_EQ(stats_.at("packets.datagram"), 1);
  EXPECT_EQ(stats_.at("packets.not_ip"), 1);
  EXPECT_EQ(stats_.at("packets.not_udp"), 1);
  EXPECT_EQ(stats_.at("packets.unreadable"), 1);
  EXPECT_EQ(stats_.at("packets.not_export"), 1);
  EXPECT_EQ(stats_.at("datagrams.received"), 1);
}

TEST_F(CaptureTest, ADatagramThatWasCapturedInPartIsDropped) {
  TimedFrame cut{kNewYearNs, fuzz::Ethernet(Ipv4Packet(), kIpv4), 20};
  Replay({Put("a.pcap", PcapOf({cut}))});
  EXPECT_EQ(stats_.at("datagrams.received"), 1);
  EXPECT_EQ(stats_.at("datagrams.dropped.frame_truncated"), 1);
}

TEST_F(CaptureTest, EveryOutcomeOfTheDecoderIsInTheBooks) {
  const auto frame = [](const std::vector<std::uint8_t>& payload) {
    return fuzz::Ethernet(fuzz::UdpPacket("192.0.2.1", "192.0.2.9", payload), kIpv4);
  };
  std::vector<std::uint8_t> short_header = TwoFlows();
  short_header.resize(10);
  using ipfix::test::MessageBuilder;
  Replay({Put("a.pcap",
              fuzz::Pcap(fuzz::kLinkEthernet,
                         {frame(TwoFlows()), frame(short_header),
                          frame(ipfix::test::Netflow5Builder().Record({}).Count(31).Build()),
                          frame(MessageBuilder::Ipfix().Template(256, {{8, 4}}).HeaderLength(9000).Build()),
                          frame(MessageBuilder::Ipfix().Data(999, {Bytes().U32(1)}).Build())}))});
  EXPECT_EQ(stats_.at("datagrams.received"), 5);
  EXPECT_EQ(stats_.at("datagrams.decoded"), 2);
  EXPECT_EQ(stats_.at("datagrams.dropped.too_short"), 1);
  EXPECT_EQ(stats_.at("datagrams.dropped.bad_count"), 1);
  EXPECT_EQ(stats_.at("datagrams.dropped.bad_length"), 1);
  EXPECT_EQ(stats_.at("sets.skipped.unknown_template"), 1);
}

TEST_F(CaptureTest, ACaptureWithoutPacketsIsNoError) {
  EXPECT_EQ(Replay({Put("a.pcap", fuzz::Pcap(fuzz::kLinkEthernet, {}))}).out, "");
  EXPECT_EQ(stats_.at("packets.read"), 0);
}

TEST_F(CaptureTest, WhatCameBeforeABrokenEndIsCounted) {
  const std::vector<std::uint8_t> whole =
      Vector(fuzz::Pcap(fuzz::kLinkEthernet, std::vector<Bytes>(3, fuzz::Ethernet(Ipv4Packet(), kIpv4))));
  const std::size_t packet = (whole.size() - 24) / 3;
  for (const std::size_t missing : {std::size_t{1}, packet - 16, packet - 8}) {
    const std::string path =
        Put("a.pcap",
            std::vector<std::uint8_t>(whole.begin(), whole.end() - static_cast<std::ptrdiff_t>(missing)));
    const Finished finished = Replay({path}, 1);
    EXPECT_THAT(finished.err, HasSubstr("hostscope replay: " + path + ": broken after 2 packets: "));
    EXPECT_EQ(stats_.at("datagrams.decoded"), 2);
    EXPECT_EQ(ParseRecords(finished.out).back().summary.at("flows"), 4);
  }
}

TEST_F(CaptureTest, OneBrokenCaptureDoesNotKeepOthersFromBeingCounted) {
  const TimedFrame frame{kNewYearNs, fuzz::Ethernet(Ipv4Packet(), kIpv4)};
  std::vector<std::uint8_t> broken = PcapOf({frame, frame});
  broken.resize(broken.size() - 5);
  const std::string good = Put("good.pcap", PcapOf({frame, frame, frame}));
  const Finished finished = Replay({Put("broken.pcap", broken), good}, 1);
  EXPECT_THAT(finished.err, HasSubstr("broken.pcap: broken after 1 packets"));
  EXPECT_EQ(stats_.at("datagrams.decoded"), 4);
}

TEST_F(CaptureTest, WhatIsNoCaptureIsSaidSo) {
  struct Case {
    std::vector<std::uint8_t> bytes;
    std::string message;
  };
  const std::vector<Case> cases = {
      {{}, "not a capture that can be read"},
      {{'t', 'e', 'x', 't', ' ', 'a', 'n', 'd', ' ', 'm', 'o', 'r', 'e', ' ', 't', 'e', 'x', 't'},
       "not a capture that can be read"},
      {Vector(fuzz::Pcap(105, {})), "packets of link type IEEE802_11 can't be read; Ethernet, raw IP"}};
  for (const Case& wrong : cases) {
    const std::string path = Put("wrong", wrong.bytes);
    const Finished finished = RunHostscope({"replay", path});
    EXPECT_EQ(finished.status, 1);
    EXPECT_EQ(finished.out, "");
    EXPECT_THAT(finished.err, HasSubstr("hostscope: " + path + ": " + wrong.message));
  }
}

}  // namespace
}  // namespace hostscope::app::testing
