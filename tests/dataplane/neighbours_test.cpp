#include "dataplane/neighbours.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "dataplane/frame.h"
#include "tests/dataplane/frame_builder.h"

namespace hostscope::dataplane {
namespace {

using testing::Build;
using testing::BuildArp;
using testing::BuildIcmp;
using testing::Bytes;
using testing::Checksum;
using ::testing::ElementsAreArray;
using testing::IpFrame;
using testing::kOurMac;
using testing::kPeerMac;
using testing::ParseAddress;
using testing::PseudoSum;

const Address kOurs4 = ParseAddress("10.0.0.1");
const Address kOurs6 = ParseAddress("2001:db8::aa:1234");
const Address kPeer4 = ParseAddress("10.0.0.7");
const Address kPeer6 = ParseAddress("fe80::7");

Bytes Slice(const Bytes& bytes, std::size_t at, std::size_t length) {
  return {bytes.begin() + static_cast<std::ptrdiff_t>(at),
          bytes.begin() + static_cast<std::ptrdiff_t>(at + length)};
}
Bytes BytesOf(const MacAddress& mac) {
  return {mac.begin(), mac.end()};
}
Bytes BytesOf(const Address& address) {
  return {address.bytes.begin() + (address.IsIpv4() ? 12 : 0), address.bytes.end()};
}

class NeighboursTest : public ::testing::Test {
 protected:
  FrameOutcome Classify(const Bytes& frame) const {
    ipfix::Datagram datagram;
    return classifier_.Classify(frame, {}, datagram);
  }
  /// The reply, after checking that the request was taken for `expected`.
  Bytes Answer(const Bytes& request, FrameOutcome expected) const {
    EXPECT_EQ(Classify(request), expected);
    Bytes buffer = request;
    buffer.resize(request.size() + Neighbours::kMaxGrowth);
    const std::size_t length = classifier_.neighbours().Answer(expected, buffer, request.size());
    EXPECT_LE(length, buffer.size());
    buffer.resize(length);
    return buffer;
  }

  const FrameClassifier classifier_{{{4739}, true, false}, kOurMac, {kOurs4, kOurs6}};
};

IpFrame From(const Address& source, const Address& destination, std::uint8_t hop_limit = 64) {
  IpFrame frame;
  frame.source = source;
  frame.destination = destination;
  frame.hop_limit = hop_limit;
  return frame;
}

const Address kSolicitedNode = ParseAddress("ff02::1:ffaa:1234");

Bytes Solicitation(const Address& target, bool with_option) {
  Bytes message{135, 0, 0, 0, 0, 0, 0, 0};
  const Bytes address = BytesOf(target);
  message.insert(message.end(), address.begin(), address.end());
  if (with_option) {
    message.insert(message.end(), {1, 1});
    message.insert(message.end(), kPeerMac.begin(), kPeerMac.end());
  }
  return message;
}

TEST_F(NeighboursTest, AnswersArp) {
  const Bytes reply = Answer(BuildArp({}, 1, kPeerMac, kPeer4, kOurs4), FrameOutcome::kArp);
  ASSERT_EQ(reply.size(), 42U);
  EXPECT_EQ(Slice(reply, 0, 6), BytesOf(kPeerMac));
  EXPECT_EQ(Slice(reply, 6, 6), BytesOf(kOurMac));
  EXPECT_EQ(Slice(reply, 12, 10), (Bytes{0x08, 0x06, 0, 1, 0x08, 0x00, 6, 4, 0, 2}));
  EXPECT_EQ(Slice(reply, 22, 6), BytesOf(kOurMac));
  EXPECT_EQ(Slice(reply, 28, 4), BytesOf(kOurs4));
  EXPECT_EQ(Slice(reply, 32, 6), BytesOf(kPeerMac));
  EXPECT_EQ(Slice(reply, 38, 4), BytesOf(kPeer4));
}

TEST_F(NeighboursTest, KeepsTheTagsOfTheRequest) {
  const Bytes reply =
      Answer(BuildArp({{0x88a8, 7}, {0x8100, 42}}, 1, kPeerMac, kPeer4, kOurs4), FrameOutcome::kArp);
  ASSERT_EQ(reply.size(), 50U);
  EXPECT_EQ(Slice(reply, 12, 10), (Bytes{0x88, 0xa8, 0, 7, 0x81, 0x00, 0, 42, 0x08, 0x06}));

  IpFrame ping = From(kPeer4, kOurs4);
  ping.tags = {{0x8100, 42}};
  EXPECT_EQ(Slice(Answer(BuildIcmp(ping, {8, 0, 0, 0, 1, 2, 3, 4}), FrameOutcome::kEcho), 12, 4),
            (Bytes{0x81, 0x00, 0, 42}));
}

TEST_F(NeighboursTest, AnswersAnArpProbe) {  // RFC 5227: asked by a host that has no address yet
  const Bytes reply = Answer(BuildArp({}, 1, kPeerMac, ParseAddress("0.0.0.0"), kOurs4), FrameOutcome::kArp);
  EXPECT_EQ(Slice(reply, 38, 4), Bytes(4));
}

TEST_F(NeighboursTest, LeavesOtherArpAlone) {
  EXPECT_EQ(Classify(BuildArp({}, 1, kPeerMac, kPeer4, ParseAddress("10.0.0.2"))), FrameOutcome::kNotOurs);
  EXPECT_EQ(Classify(BuildArp({}, 2, kPeerMac, kPeer4, kOurs4)), FrameOutcome::kNotIp) << "a reply";
  EXPECT_EQ(Classify(BuildArp({}, 1, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, kPeer4, kOurs4)),
            FrameOutcome::kNotIp);
  Bytes short_one = BuildArp({}, 1, kPeerMac, kPeer4, kOurs4);
  short_one.resize(41);
  EXPECT_EQ(Classify(short_one), FrameOutcome::kTruncated);
}

TEST_F(NeighboursTest, NoticesWhoHasItsAddressToo) {  // RFC 5227 section 2.4, RFC 4862 section 5.4.4
  EXPECT_EQ(Classify(BuildArp({}, 1, kPeerMac, kOurs4, kOurs4)), FrameOutcome::kConflict);
  EXPECT_EQ(Classify(BuildArp({}, 1, kPeerMac, kOurs4, kPeer4)), FrameOutcome::kConflict);
  EXPECT_EQ(Classify(BuildArp({}, 2, kPeerMac, kOurs4, ParseAddress("0.0.0.0"))), FrameOutcome::kConflict);
  EXPECT_EQ(Classify(BuildArp({}, 1, kOurMac, kOurs4, kOurs4)), FrameOutcome::kNotOurs) << "our own";
  Bytes message = Solicitation(kOurs6, false);
  message[0] = 136;
  IpFrame claim = From(kOurs6, ParseAddress("ff02::1"), 255);
  EXPECT_EQ(Classify(BuildIcmp(claim, message)), FrameOutcome::kConflict);
  Bytes wrong = BuildIcmp(claim, message);
  wrong.back() ^= 1;
  EXPECT_EQ(Classify(wrong), FrameOutcome::kNotOurs) << "checksum";
  claim.source_mac = kOurMac;
  EXPECT_EQ(Classify(BuildIcmp(claim, message)), FrameOutcome::kNotOurs) << "our own";
  claim = From(kOurs6, ParseAddress("ff02::1"), 254);
  EXPECT_EQ(Classify(BuildIcmp(claim, message)), FrameOutcome::kNotOurs) << "from another network";
  const Bytes other = Solicitation(ParseAddress("2001:db8::99"), false);
  EXPECT_EQ(Classify(BuildIcmp(From(kPeer6, ParseAddress("ff02::1"), 255), other)), FrameOutcome::kNotOurs);
}

TEST_F(NeighboursTest, AnswersASolicitation) {
  for (const bool with_option : {true, false}) {
    const Bytes request = BuildIcmp(From(kPeer6, kSolicitedNode, 255), Solicitation(kOurs6, with_option));
    const Bytes reply = Answer(request, FrameOutcome::kNeighbour);
    ASSERT_EQ(reply.size(), 14U + 40 + 32);
    EXPECT_EQ(Slice(reply, 0, 6), BytesOf(kPeerMac));
    EXPECT_EQ(Slice(reply, 6, 6), BytesOf(kOurMac));
    EXPECT_EQ(Slice(reply, 18, 4), (Bytes{0, 32, 58, 255}));
    EXPECT_EQ(Slice(reply, 22, 16), BytesOf(kOurs6));
    EXPECT_EQ(Slice(reply, 38, 16), BytesOf(kPeer6));
    const Bytes message = Slice(reply, 54, 32);
    EXPECT_EQ(message[0], 136);
    EXPECT_EQ(message[4], 0x60) << "solicited, override";
    EXPECT_EQ(Slice(message, 8, 16), BytesOf(kOurs6));
    EXPECT_EQ(Slice(message, 24, 2), (Bytes{2, 1}));
    EXPECT_EQ(Slice(message, 26, 6), BytesOf(kOurMac));
    EXPECT_EQ(Checksum(message, PseudoSum(kOurs6, kPeer6, 58, 32)), 0);
  }
}

TEST_F(NeighboursTest, AnswersASolicitationSentToUsAlone) {  // RFC 4861 section 7.3: is it still there?
  Answer(BuildIcmp(From(kPeer6, kOurs6, 255), Solicitation(kOurs6, true)), FrameOutcome::kNeighbour);
}

TEST_F(NeighboursTest, DefendsItsAddressAgainstAProbe) {  // RFC 4862 section 5.4
  const Bytes reply = Answer(BuildIcmp(From(Address{}, kSolicitedNode, 255), Solicitation(kOurs6, false)),
                             FrameOutcome::kNeighbour);
  EXPECT_EQ(Slice(reply, 0, 6), (Bytes{0x33, 0x33, 0, 0, 0, 1}));
  EXPECT_EQ(Slice(reply, 38, 16), BytesOf(ParseAddress("ff02::1")));
  EXPECT_EQ(reply[14 + 40 + 4], 0x20) << "override, not solicited";
}

TEST_F(NeighboursTest, InvalidSolicitationsGetNoAnswer) {  // RFC 4861 section 7.1.1
  const IpFrame good = From(kPeer6, kSolicitedNode, 255);
  EXPECT_EQ(Classify(BuildIcmp(From(kPeer6, kSolicitedNode, 254), Solicitation(kOurs6, true))),
            FrameOutcome::kNotUdp);
  Bytes message = Solicitation(kOurs6, true);
  message[1] = 1;
  EXPECT_EQ(Classify(BuildIcmp(good, message)), FrameOutcome::kNotUdp) << "code";
  message = Solicitation(kOurs6, true);
  message[25] = 0;
  EXPECT_EQ(Classify(BuildIcmp(good, message)), FrameOutcome::kNotUdp) << "an option of length 0";
  message = Solicitation(kOurs6, false);
  message.resize(23);
  EXPECT_EQ(Classify(BuildIcmp(good, message)), FrameOutcome::kNotUdp) << "too short";
  Bytes frame = BuildIcmp(good, Solicitation(kOurs6, true));
  frame.back() ^= 1;
  EXPECT_EQ(Classify(frame), FrameOutcome::kNotUdp) << "checksum";
  EXPECT_EQ(Classify(BuildIcmp(From(Address{}, kSolicitedNode, 255), Solicitation(kOurs6, true))),
            FrameOutcome::kNotUdp)
      << "a probe with a source";
}

TEST_F(NeighboursTest, SolicitationsForOthersGetNoAnswer) {
  // The solicited-node group holds the last three bytes only, so others' solicitations do come here.
  EXPECT_EQ(Classify(BuildIcmp(From(kPeer6, kSolicitedNode, 255),
                               Solicitation(ParseAddress("2001:db8::bb:aa:1234"), true))),
            FrameOutcome::kNotOurs);
  EXPECT_EQ(
      Classify(BuildIcmp(From(kPeer6, ParseAddress("ff02::1:ffaa:1235"), 255), Solicitation(kOurs6, true))),
      FrameOutcome::kNotOurs);
}

TEST_F(NeighboursTest, AnswersPing) {
  Bytes message{8, 0, 0, 0, 0x12, 0x34, 0, 1, 'o', 'd', 'd'};
  const Bytes reply = Answer(BuildIcmp(From(kPeer4, kOurs4, 3), message), FrameOutcome::kEcho);
  ASSERT_EQ(reply.size(), 14U + 20 + 11);
  EXPECT_EQ(Slice(reply, 0, 6), BytesOf(kPeerMac));
  EXPECT_EQ(Slice(reply, 6, 6), BytesOf(kOurMac));
  EXPECT_EQ(Checksum(Slice(reply, 14, 20)), 0);
  EXPECT_EQ(reply[14 + 8], 64) << "time to live";
  EXPECT_EQ(Slice(reply, 26, 4), BytesOf(kOurs4));
  EXPECT_EQ(Slice(reply, 30, 4), BytesOf(kPeer4));
  EXPECT_EQ(reply[34], 0);
  EXPECT_EQ(Slice(reply, 38, 7), Slice(message, 4, 7));
  EXPECT_EQ(Checksum(Slice(reply, 34, 11)), 0);

  message[0] = 128;
  const Bytes reply6 = Answer(BuildIcmp(From(kPeer6, kOurs6, 3), message), FrameOutcome::kEcho);
  ASSERT_EQ(reply6.size(), 14U + 40 + 11);
  EXPECT_EQ(Slice(reply6, 22, 16), BytesOf(kOurs6));
  EXPECT_EQ(Slice(reply6, 38, 16), BytesOf(kPeer6));
  EXPECT_EQ(reply6[54], 129);
  EXPECT_EQ(Checksum(Slice(reply6, 54, 11), PseudoSum(kOurs6, kPeer6, 58, 11)), 0);
}

TEST_F(NeighboursTest, NothingElseIsAnswered) {
  const Bytes ping{8, 0, 0, 0, 0, 1, 0, 1};
  EXPECT_EQ(Classify(BuildIcmp(From(kPeer4, kOurs4), {13, 0, 0, 0, 0, 1, 0, 1})), FrameOutcome::kNotUdp)
      << "time stamp";
  EXPECT_EQ(Classify(BuildIcmp(From(kPeer4, ParseAddress("10.0.0.255")), ping)), FrameOutcome::kNotOurs);
  EXPECT_EQ(Classify(BuildIcmp(From(ParseAddress("224.0.0.1"), kOurs4), ping)), FrameOutcome::kNotUdp);
  EXPECT_EQ(Classify(BuildIcmp(From(ParseAddress("255.255.255.255"), kOurs4), ping)), FrameOutcome::kNotUdp);
  EXPECT_EQ(Classify(BuildIcmp(From(ParseAddress("0.0.0.0"), kOurs4), ping)), FrameOutcome::kNotUdp);
  EXPECT_EQ(Classify(BuildIcmp(From(ParseAddress("ff02::1"), kOurs6), {128, 0, 0, 0, 0, 1, 0, 1})),
            FrameOutcome::kNotUdp);
  EXPECT_EQ(Classify(BuildIcmp(From(kPeer6, kSolicitedNode), {128, 0, 0, 0, 0, 1, 0, 1})),
            FrameOutcome::kNotUdp);
  IpFrame with_options = From(kPeer4, kOurs4);
  with_options.ipv4_options = Bytes(4, 1);
  EXPECT_EQ(Classify(BuildIcmp(with_options, ping)), FrameOutcome::kNotUdp);
  IpFrame fragment = From(kPeer4, kOurs4);
  fragment.ipv4_fragment = 0x2000;
  EXPECT_EQ(Classify(BuildIcmp(fragment, ping)), FrameOutcome::kNotUdp);
  IpFrame from_group = From(kPeer4, kOurs4);
  from_group.source_mac = {0x01, 0, 0x5e, 0, 0, 1};
  EXPECT_EQ(Classify(BuildIcmp(from_group, ping)), FrameOutcome::kNotUdp);
}

TEST_F(NeighboursTest, RepliesStayWithinTheirBuffer) {
  const std::vector<Bytes> seeds{
      BuildArp({{0x8100, 5}}, 1, kPeerMac, kPeer4, kOurs4),
      BuildIcmp(From(kPeer6, kSolicitedNode, 255), Solicitation(kOurs6, false)),
      BuildIcmp(From(kPeer4, kOurs4), {8, 0, 0, 0, 0, 1, 0, 1, 7}),
      BuildIcmp(From(kPeer6, kOurs6), {128, 0, 0, 0, 0, 1, 0, 1, 7}),
  };
  std::mt19937 random(826);
  int answered = 0;
  for (int i = 0; i < 200000; ++i) {
    Bytes frame = seeds[random() % seeds.size()];
    const std::size_t at = random() % frame.size();
    if (random() % 2 == 0) frame[at] = static_cast<std::uint8_t>(random());
    const FrameOutcome outcome = Classify(frame);
    if (ClassOf(outcome) != FrameClass::kAnswered) continue;
    ++answered;
    const std::size_t length = frame.size();
    frame.resize(length + Neighbours::kMaxGrowth);
    const std::size_t reply = classifier_.neighbours().Answer(outcome, frame, length);
    ASSERT_GT(reply, 0U);
    ASSERT_LE(reply, frame.size());
    ASSERT_EQ(Slice(frame, 6, 6), BytesOf(kOurMac));
  }
  EXPECT_GT(answered, 100000);
}

}  // namespace
}  // namespace hostscope::dataplane
