#include "dataplane/announcements.h"

#include <gtest/gtest.h>

#include "dataplane/frame.h"
#include "tests/dataplane/frame_builder.h"

namespace hostscope::dataplane {
namespace {

using testing::Bytes;
using testing::kOurMac;
using testing::kPeerMac;
using testing::ParseAddress;

const Address kOurs4 = ParseAddress("10.0.0.1");
const Address kOurs6 = ParseAddress("2001:db8::aa:1234");

template <typename Write>
Bytes Written(Write write, const Address& address, std::uint16_t vlan) {
  Bytes frame(kMaxAnnouncement, 0xee);
  frame.resize(write(kOurMac, address, vlan, frame));
  return frame;
}

Bytes Slice(const Bytes& bytes, std::size_t at, std::size_t length) {
  const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
  return {begin, begin + static_cast<std::ptrdiff_t>(length)};
}

/// What another station that has the same addresses makes of it.
FrameOutcome AtAnother(const Bytes& frame) {
  const FrameClassifier other(FrameRules{{4739}}, kPeerMac, {kOurs4, kOurs6});
  ipfix::Datagram datagram;
  return other.Classify(frame, {}, datagram);
}

FrameOutcome AtOurselves(const Bytes& frame) {
  const FrameClassifier own(FrameRules{{4739}}, kOurMac, {kOurs4, kOurs6});
  ipfix::Datagram datagram;
  return own.Classify(frame, {}, datagram);
}

TEST(AnnouncementsTest, AProbeIsAnsweredByWhoHasTheAddress) {
  for (const std::uint16_t vlan : {std::uint16_t{0}, std::uint16_t{120}}) {
    EXPECT_EQ(AtAnother(Written(WriteProbe, kOurs4, vlan)), FrameOutcome::kArp);
    EXPECT_EQ(AtAnother(Written(WriteProbe, kOurs6, vlan)), FrameOutcome::kNeighbour);
    EXPECT_EQ(OutermostVlan(Written(WriteProbe, kOurs4, vlan)), vlan);
    EXPECT_EQ(OutermostVlan(Written(WriteProbe, kOurs6, vlan)), vlan);
  }
  const Bytes arp = Written(WriteProbe, kOurs4, 0);
  EXPECT_EQ(arp.size(), 60U) << "Ethernet's smallest";
  EXPECT_EQ(Slice(arp, 28, 4), Bytes(4)) << "no sender: nobody's cache changes";
}

TEST(AnnouncementsTest, AnAnnouncementIsAConflictForWhoHasTheAddress) {
  for (const std::uint16_t vlan : {std::uint16_t{0}, std::uint16_t{120}}) {
    for (const Address& address : {kOurs4, kOurs6}) {
      const Bytes frame = Written(WriteAnnouncement, address, vlan);
      EXPECT_EQ(AtAnother(frame), FrameOutcome::kConflict);
      EXPECT_EQ(AtOurselves(frame), FrameOutcome::kNotOurs) << "where the network brings it back";
    }
  }
}

TEST(AnnouncementsTest, AReportJoinsTheSolicitedNodeGroup) {
  const Bytes frame = Written(WriteGroupReport, kOurs6, 0);
  ASSERT_EQ(frame.size(), 14U + 40 + 8 + 28);
  EXPECT_EQ(Slice(frame, 0, 6), (Bytes{0x33, 0x33, 0, 0, 0, 0x16}));
  EXPECT_EQ(Slice(frame, 18, 4), (Bytes{0, 36, 0, 1})) << "payload length, hop-by-hop options, hop limit";
  EXPECT_EQ(Slice(frame, 54, 8), (Bytes{58, 0, 5, 2, 0, 0, 1, 0})) << "router alert";
  const Bytes message = Slice(frame, 62, 28);
  EXPECT_EQ(message[0], 143);
  EXPECT_EQ(Slice(message, 6, 6), (Bytes{0, 1, 4, 0, 0, 0})) << "one record, of all sources";
  const Bytes group = Slice(message, 12, 16);
  EXPECT_EQ(Address::FromIpv6(group.data()), ParseAddress("ff02::1:ffaa:1234"));
  EXPECT_EQ(testing::Checksum(message, testing::PseudoSum(Address{}, ParseAddress("ff02::16"), 58, 28)), 0);
}

}  // namespace
}  // namespace hostscope::dataplane
