#include "dataplane/frame.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

#include "tests/dataplane/frame_builder.h"

namespace hostscope::dataplane {
namespace {

using testing::Build;
using testing::Bytes;
using ::testing::ElementsAreArray;
using testing::ParseAddress;
using testing::UdpFrame;

const Address kOurs4 = ParseAddress("10.0.0.1");
const Address kOurs6 = ParseAddress("2001:db8::1");

UdpFrame Ipv4() {
  UdpFrame frame;
  frame.source = ParseAddress("192.0.2.7");
  frame.destination = kOurs4;
  return frame;
}

UdpFrame Ipv6() {
  UdpFrame frame;
  frame.source = ParseAddress("2001:db8::7");
  frame.destination = kOurs6;
  return frame;
}

class FrameTest : public ::testing::Test {
 protected:
  FrameOutcome Classify(const Bytes& frame, FrameHints hints = {}) {
    const FrameClassifier classifier(rules_, testing::kOurMac, {kOurs4, kOurs6});
    return classifier.Classify(frame, hints, datagram_);
  }
  FrameOutcome Classify(const UdpFrame& frame, FrameHints hints = {}) {
    return Classify(Build(frame), hints);
  }

  FrameRules rules_{{2055, 4739}, true, false};
  ipfix::Datagram datagram_;
};

TEST_F(FrameTest, FindsTheDatagram) {
  for (const UdpFrame& frame : {Ipv4(), Ipv6()}) {
    const Bytes bytes = Build(frame);
    ASSERT_EQ(Classify(bytes), FrameOutcome::kDatagram);
    EXPECT_THAT(Bytes(datagram_.payload.begin(), datagram_.payload.end()), ElementsAreArray(frame.payload));
    EXPECT_EQ(datagram_.payload.data(), bytes.data() + bytes.size() - frame.payload.size()) << "in place";
    EXPECT_EQ(datagram_.source, frame.source);
    EXPECT_EQ(datagram_.source_port, 40000);
  }
}

TEST_F(FrameTest, TakesEveryCollectorPortAndNoOther) {
  UdpFrame frame = Ipv4();
  frame.destination_port = 2055;
  EXPECT_EQ(Classify(frame), FrameOutcome::kDatagram);
  frame.destination_port = 2056;
  EXPECT_EQ(Classify(frame), FrameOutcome::kOtherPort);
}

TEST_F(FrameTest, WalksOneOrTwoVlanTags) {
  UdpFrame frame = Ipv6();
  frame.tags = {{0x8100, 100}};
  EXPECT_EQ(Classify(frame), FrameOutcome::kDatagram);
  frame.tags = {{0x88a8, 100}, {0x8100, 200}};
  EXPECT_EQ(Classify(frame), FrameOutcome::kDatagram);
}

TEST_F(FrameTest, TakesFramesOfItsVlansAlone) {
  const auto outcome = [this](const std::vector<std::uint16_t>& vlans, const std::vector<testing::Tag>& tags,
                              FrameHints hints = {}) {
    rules_.vlans = vlans;
    UdpFrame frame = Ipv4();
    frame.tags = tags;
    return Classify(frame, hints);
  };
  EXPECT_EQ(outcome({}, {{0x8100, 7}}), FrameOutcome::kDatagram);
  EXPECT_EQ(outcome({7}, {{0x8100, 7}}), FrameOutcome::kDatagram);
  EXPECT_EQ(outcome({7}, {{0x8100, 0xe007}}), FrameOutcome::kDatagram) << "with a priority";
  EXPECT_EQ(outcome({7}, {{0x88a8, 7}, {0x8100, 9}}), FrameOutcome::kDatagram) << "the outermost counts";
  EXPECT_EQ(outcome({9}, {{0x88a8, 7}, {0x8100, 9}}), FrameOutcome::kOtherVlan);
  EXPECT_EQ(outcome({7}, {{0x8100, 8}}), FrameOutcome::kOtherVlan);
  EXPECT_EQ(outcome({7}, {}), FrameOutcome::kOtherVlan);
  EXPECT_EQ(outcome({0, 8}, {}), FrameOutcome::kDatagram);
  EXPECT_EQ(outcome({0, 8}, {{0x8100, 0xe000}}), FrameOutcome::kDatagram) << "a priority alone";
  FrameHints stripped;
  stripped.is_tag_off = true;
  stripped.tag_control = 0x2007;
  EXPECT_EQ(outcome({7}, {}, stripped), FrameOutcome::kDatagram);
  EXPECT_EQ(outcome({0}, {}, stripped), FrameOutcome::kOtherVlan);
}

TEST_F(FrameTest, WalksIpv4Options) {
  UdpFrame frame = Ipv4();
  frame.ipv4_options = Bytes(40, 1);
  EXPECT_EQ(Classify(frame), FrameOutcome::kDatagram);
  EXPECT_EQ(datagram_.payload.size(), frame.payload.size());
}

TEST_F(FrameTest, WalksIpv6ExtensionHeaders) {
  UdpFrame frame = Ipv6();
  frame.extensions = {{0, Bytes{0, 1, 4, 0, 0, 0, 0}}, {60, Bytes{0, 1, 4, 0, 0, 0, 0}}};
  EXPECT_EQ(Classify(frame), FrameOutcome::kDatagram);
  EXPECT_EQ(datagram_.payload.size(), frame.payload.size());
}

TEST_F(FrameTest, TakesAnAtomicFragment) {  // RFC 6946: a fragment header, but a whole datagram
  UdpFrame frame = Ipv6();
  frame.extensions = {{44, Bytes{0, 0, 0, 0, 0, 0, 9}}};
  EXPECT_EQ(Classify(frame), FrameOutcome::kDatagram);
}

TEST_F(FrameTest, CountsFragmentsApart) {
  UdpFrame frame = Ipv4();
  frame.ipv4_fragment = 0x2000;  // the first of several
  EXPECT_EQ(Classify(frame), FrameOutcome::kFragment);
  frame.ipv4_fragment = 0x00b9;  // the last
  EXPECT_EQ(Classify(frame), FrameOutcome::kFragment);
  frame.destination = ParseAddress("10.0.0.99");
  EXPECT_EQ(Classify(frame), FrameOutcome::kNotOurs);

  UdpFrame ipv6 = Ipv6();
  ipv6.extensions = {{44, Bytes{0, 0, 1, 0, 0, 0, 9}}};
  EXPECT_EQ(Classify(ipv6), FrameOutcome::kFragment);
}

TEST_F(FrameTest, LeavesOtherHostsAndProtocols) {
  UdpFrame frame = Ipv4();
  frame.destination = ParseAddress("10.0.0.2");
  EXPECT_EQ(Classify(frame), FrameOutcome::kNotOurs);
  UdpFrame ipv6 = Ipv6();
  ipv6.destination = ParseAddress("2001:db8::2");
  EXPECT_EQ(Classify(ipv6), FrameOutcome::kNotOurs);
  EXPECT_EQ(Classify(Build(Ipv4(), 6, Bytes(20))), FrameOutcome::kNotUdp);
  EXPECT_EQ(Classify(Build(Ipv6(), 6, Bytes(20))), FrameOutcome::kNotUdp);

  Bytes lldp(60);
  lldp[12] = 0x88;
  lldp[13] = 0xcc;
  EXPECT_EQ(Classify(lldp), FrameOutcome::kNotIp);
}

TEST_F(FrameTest, VerifiesTheIpv4HeaderChecksum) {
  UdpFrame frame = Ipv4();
  frame.ipv4_checksum = 0xbeef;
  EXPECT_EQ(Classify(frame), FrameOutcome::kBadIpChecksum);
  EXPECT_EQ(Classify(frame, {ChecksumState::kGood, ChecksumState::kUnknown}), FrameOutcome::kDatagram);
  EXPECT_EQ(Classify(Ipv4(), {ChecksumState::kBad, ChecksumState::kUnknown}), FrameOutcome::kBadIpChecksum);
}

TEST_F(FrameTest, VerifiesTheUdpChecksum) {
  for (UdpFrame frame : {Ipv4(), Ipv6()}) {
    frame.udp_checksum = 0xbeef;
    EXPECT_EQ(Classify(frame), FrameOutcome::kBadUdpChecksum);
    EXPECT_EQ(Classify(frame, {ChecksumState::kUnknown, ChecksumState::kGood}), FrameOutcome::kDatagram);
    frame.udp_checksum.reset();
    EXPECT_EQ(Classify(frame, {ChecksumState::kUnknown, ChecksumState::kBad}), FrameOutcome::kBadUdpChecksum);
  }
}

TEST_F(FrameTest, VerifiesTheUdpChecksumOfEveryLength) {
  for (std::size_t length = 0; length < 300; ++length) {
    UdpFrame frame = length % 2 == 0 ? Ipv4() : Ipv6();
    frame.payload = Bytes(length);
    for (std::size_t i = 0; i < length; ++i) frame.payload[i] = static_cast<std::uint8_t>(i * 37 + length);
    Bytes bytes = Build(frame);
    ASSERT_EQ(Classify(bytes), FrameOutcome::kDatagram) << length;
    if (length == 0) continue;
    bytes.back() ^= 0x10;
    ASSERT_EQ(Classify(bytes), FrameOutcome::kBadUdpChecksum) << length;
  }
}

TEST_F(FrameTest, NoUdpChecksumIsLegalOverIpv4Only) {
  UdpFrame frame = Ipv4();
  frame.udp_checksum = 0;
  EXPECT_EQ(Classify(frame), FrameOutcome::kDatagram);
  UdpFrame ipv6 = Ipv6();
  ipv6.udp_checksum = 0;
  EXPECT_EQ(Classify(ipv6), FrameOutcome::kBadUdpChecksum);
}

TEST_F(FrameTest, ChecksumsCanBeLeftAlone) {
  rules_.verify_udp_checksum = false;
  UdpFrame frame = Ipv6();
  frame.udp_checksum = 0xbeef;
  EXPECT_EQ(Classify(frame), FrameOutcome::kDatagram);
}

TEST_F(FrameTest, TakesAPartialChecksumFromTheKernelOnly) {
  for (UdpFrame frame : {Ipv4(), Ipv6()}) {
    frame.udp_checksum = static_cast<std::uint16_t>(
        testing::PseudoSum(frame.source, frame.destination, 17, 8 + frame.payload.size()));
    rules_.accept_partial_checksum = false;
    EXPECT_EQ(Classify(frame), FrameOutcome::kBadUdpChecksum);
    rules_.accept_partial_checksum = true;
    EXPECT_EQ(Classify(frame), FrameOutcome::kDatagram);
    frame.udp_checksum = static_cast<std::uint16_t>(*frame.udp_checksum + 1);
    EXPECT_EQ(Classify(frame), FrameOutcome::kBadUdpChecksum);
  }
}

TEST_F(FrameTest, UdpLengthMustFitTheIpPacket) {
  UdpFrame frame = Ipv4();
  frame.udp_checksum = 0;
  frame.udp_length = 14;  // a byte more than there is
  EXPECT_EQ(Classify(frame), FrameOutcome::kMalformed);
  frame.udp_length = 7;
  EXPECT_EQ(Classify(frame), FrameOutcome::kMalformed);
  frame.udp_length = 10;  // less is allowed: the rest is not the datagram's
  ASSERT_EQ(Classify(frame), FrameOutcome::kDatagram);
  EXPECT_EQ(datagram_.payload.size(), 2U);
}

TEST_F(FrameTest, IpLengthMustFitTheFrame) {
  UdpFrame frame = Ipv4();
  frame.ip_length = 34;  // 20 + 8 + 5, and one
  EXPECT_EQ(Classify(frame), FrameOutcome::kTruncated);
  frame.ip_length = 27;  // ends within the UDP header
  EXPECT_EQ(Classify(frame), FrameOutcome::kMalformed);
  frame.ip_length = 19;
  EXPECT_EQ(Classify(frame), FrameOutcome::kMalformed);
}

TEST_F(FrameTest, EthernetPaddingIsNotPayload) {
  UdpFrame frame = Ipv4();
  frame.trailer = Bytes(13, 0xee);
  ASSERT_EQ(Classify(frame), FrameOutcome::kDatagram);
  EXPECT_EQ(datagram_.payload.size(), frame.payload.size());
}

TEST_F(FrameTest, AFrameCutAnywhereIsNoDatagram) {
  UdpFrame ipv6 = Ipv6();
  ipv6.tags = {{0x88a8, 1}, {0x8100, 2}};
  ipv6.extensions = {{0, Bytes{0, 1, 4, 0, 0, 0, 0}}};
  for (const UdpFrame& frame : {Ipv4(), ipv6}) {
    const Bytes whole = Build(frame);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
      EXPECT_EQ(Classify(cut), FrameOutcome::kTruncated) << length;
    }
  }
}

TEST_F(FrameTest, WhateverTheBytesThePayloadIsInTheFrame) {
  rules_.verify_udp_checksum = false;
  UdpFrame tagged = Ipv6();
  tagged.tags = {{0x8100, 2}};
  tagged.extensions = {{0, Bytes{0, 1, 4, 0, 0, 0, 0}}};
  const std::vector<Bytes> seeds{Build(Ipv4()), Build(tagged)};
  std::mt19937 random(20261124);
  std::array<std::size_t, FrameCounters::kSize> seen{};
  for (int i = 0; i < 200000; ++i) {
    Bytes frame = seeds[random() % seeds.size()];
    for (unsigned changes = random() % 4; changes > 0; --changes) {
      frame[random() % frame.size()] = static_cast<std::uint8_t>(random());
    }
    frame.resize(random() % 4 == 0 ? random() % (frame.size() + 1) : frame.size());
    const FrameOutcome outcome = Classify(frame, {ChecksumState::kGood, ChecksumState::kUnknown});
    ASSERT_LT(outcome, FrameOutcome::kCount);
    ++seen[static_cast<std::size_t>(outcome)];
    if (outcome != FrameOutcome::kDatagram) continue;
    ASSERT_GE(datagram_.payload.data(), frame.data());
    ASSERT_LE(datagram_.payload.data() + datagram_.payload.size(), frame.data() + frame.size());
  }
  for (const FrameOutcome expected : {FrameOutcome::kDatagram, FrameOutcome::kNotIp, FrameOutcome::kNotOurs,
                                      FrameOutcome::kTruncated, FrameOutcome::kMalformed}) {
    EXPECT_GT(seen[static_cast<std::size_t>(expected)], 0U) << NameOf(expected).name;
  }
}

TEST(FrameOutcomeTest, EveryOutcomeHasANameOfItsOwn) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < FrameCounters::kSize; ++i) {
    const auto& name = NameOf(static_cast<FrameOutcome>(i));
    EXPECT_EQ(name.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos)
        << name.name;
    EXPECT_TRUE(name.help.ends_with('.')) << name.name;
    names.emplace(name.name);
  }
  EXPECT_EQ(names.size(), FrameCounters::kSize);
}

TEST(FrameOutcomeTest, TheClassesAreAPartition) {
  FrameCounters counters;
  for (std::size_t i = 0; i < FrameCounters::kSize; ++i) counters.Add(static_cast<FrameOutcome>(i), 1U << i);
  EXPECT_EQ(TotalOf(counters, FrameClass::kDelivered) + TotalOf(counters, FrameClass::kAnswered) +
                TotalOf(counters, FrameClass::kIgnored) + TotalOf(counters, FrameClass::kDropped) +
                TotalOf(counters, FrameClass::kPart),
            counters.Total());
  EXPECT_EQ(TotalOf(counters, FrameClass::kDelivered), 1U);
}

}  // namespace
}  // namespace hostscope::dataplane
