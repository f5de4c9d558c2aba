// Rules 1 to 6 of docs/decoding-rules.md: where messages, sets and records begin and end.

#include "tests/ipfix/decoder_fixture.h"

namespace hostscope::ipfix::test {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class FramingRules : public DecoderTest {};

TEST_F(FramingRules, Rule01IpfixIsReadUpToItsHeadersLength) {
  MessageBuilder message = MessageBuilder::Ipfix();
  message.Template(256, kFlowFields).Data(256, {FlowBytes()});
  const auto length = static_cast<std::uint16_t>(message.Build().size());
  message.Data(256, {FlowBytes({.source = "10.9.9.9"})});
  EXPECT_EQ(Send(message.HeaderLength(length)), DatagramOutcome::kDecoded);
  EXPECT_EQ(TextOf(TakeOneFlow().source), "10.0.0.1");
}

TEST_F(FramingRules, Rule01IpfixLengthBelowItsHeaderOrBeyondThePayloadIsRefused) {
  const MessageBuilder message = MessageBuilder::Ipfix().Template(256, kFlowFields).Data(256, {FlowBytes()});
  const auto length = static_cast<std::uint16_t>(message.Build().size());
  constexpr std::uint16_t kTooShort[] = {0, 1, 15};
  for (const std::uint16_t lie : kTooShort) {
    EXPECT_EQ(Send(MessageBuilder(message).HeaderLength(lie)), DatagramOutcome::kBadLength) << lie;
  }
  EXPECT_EQ(Send(MessageBuilder(message).HeaderLength(static_cast<std::uint16_t>(length + 1))),
            DatagramOutcome::kBadLength);
  EXPECT_EQ(Send(MessageBuilder(message).HeaderLength(0xffff)), DatagramOutcome::kBadLength);
  EXPECT_THAT(TakeFlows(), SizeIs(0));
}

TEST_F(FramingRules, Rule01Netflow9CountIsAdvisory) {
  constexpr std::uint16_t kLies[] = {0, 1, 9999};
  for (const std::uint16_t lie : kLies) {
    const MessageBuilder message = MessageBuilder::Netflow9()
                                       .Template(256, kFlowFields)
                                       .Data(256, {FlowBytes(), FlowBytes()})
                                       .Count(lie);
    EXPECT_EQ(Send(message), DatagramOutcome::kDecoded);
    EXPECT_THAT(TakeFlows(), SizeIs(2)) << lie;
  }
}

TEST_F(FramingRules, Rule01DatagramShorterThanItsHeaderIsTooShort) {
  const std::vector<std::uint8_t> ipfix = MessageBuilder::Ipfix().Build();
  const std::vector<std::uint8_t> v9 = MessageBuilder::Netflow9().Build();
  const std::vector<std::uint8_t> v5 = Netflow5Builder().Record({}).Build();
  const auto head = [](const std::vector<std::uint8_t>& bytes, std::ptrdiff_t size) {
    return std::vector<std::uint8_t>(bytes.begin(), bytes.begin() + size);
  };
  EXPECT_EQ(Send(std::vector<std::uint8_t>{}), DatagramOutcome::kTooShort);
  EXPECT_EQ(Send(head(ipfix, 1)), DatagramOutcome::kTooShort);
  EXPECT_EQ(Send(head(ipfix, 15)), DatagramOutcome::kTooShort);
  EXPECT_EQ(Send(head(v9, 19)), DatagramOutcome::kTooShort);
  EXPECT_EQ(Send(head(v5, 23)), DatagramOutcome::kTooShort);
  EXPECT_EQ(Send(ipfix), DatagramOutcome::kDecoded) << "a message without sets is legal";
}

TEST_F(FramingRules, Rule01OtherVersionsAreUnknown) {
  constexpr std::uint16_t kOthers[] = {0, 1, 6, 7, 8, 11, 0x8009, 0xffff};
  for (const std::uint16_t version : kOthers) {
    EXPECT_EQ(Send(MessageBuilder::Ipfix().Version(version)), DatagramOutcome::kUnknownVersion) << version;
  }
}

class SetLengths : public DecoderTest, public ::testing::WithParamInterface<std::size_t> {};

TEST_P(SetLengths, Rule02SetLengthBelowFourOrBeyondTheMessageEndsTheMessage) {
  MessageBuilder message = MessageBuilder::Ipfix();
  message.Template(256, kFlowFields).Data(256, {FlowBytes()});
  message.Data(256, {FlowBytes()}).SetLength(GetParam()).Tail(Bytes().U16(256).U16(25).Append(FlowBytes()));
  EXPECT_EQ(Send(message), DatagramOutcome::kDecoded) << "what came before still counts";
  EXPECT_THAT(TakeFlows(), SizeIs(1));
  EXPECT_EQ(SetsSkipped(SetSkip::kBadLength), 1U);

  EXPECT_EQ(Send(MessageBuilder::Ipfix().Data(256, {FlowBytes()}).SetLength(GetParam())),
            DatagramOutcome::kMalformed)
      << "nothing came before";
}
INSTANTIATE_TEST_SUITE_P(Lies, SetLengths, ::testing::Values(0, 1, 3, 200, 0xffff));

TEST_F(FramingRules, Rule02ZeroFillBehindTheLastSetIsNoError) {
  for (const MessageBuilder& start : {MessageBuilder::Netflow9(), MessageBuilder::Ipfix()}) {
    MessageBuilder message = start;
    message.Template(256, kFlowFields).Data(256, {FlowBytes()}).Tail(Bytes().Zeros(1000));
    EXPECT_EQ(Send(message), DatagramOutcome::kDecoded);
    EXPECT_THAT(TakeFlows(), SizeIs(1));
  }
  EXPECT_EQ(books().sets_skipped.Total(), 0U);
}

TEST_F(FramingRules, Rule02FewerThanFourBytesBehindTheLastSetAreIgnored) {
  MessageBuilder message = MessageBuilder::Netflow9();
  message.Template(256, kFlowFields).Data(256, {FlowBytes()}).Tail(Bytes().U8(1).U16(2));
  EXPECT_EQ(Send(message), DatagramOutcome::kDecoded);
  EXPECT_THAT(TakeFlows(), SizeIs(1));
  EXPECT_EQ(books().sets_skipped.Total(), 0U);
}

TEST_F(FramingRules, Rule03PaddingMayBeShorterOrLongerThanARecord) {
  constexpr std::size_t kPaddings[] = {0, 1, 3, kFlowLength - 1, kFlowLength, 24, 36, 10 * kFlowLength + 5};
  for (const std::size_t padding : kPaddings) {
    Send(MessageBuilder::Netflow9()
             .Template(256, kFlowFields)
             .Data(256, {FlowBytes(), FlowBytes()})
             .Padding(padding));
    EXPECT_THAT(TakeFlows(), SizeIs(2)) << padding;
  }
}

TEST_F(FramingRules, Rule03ARecordOfZerosBeforeOthersIsARecord) {
  Send(MessageBuilder::Ipfix()
           .Template(256, kFlowFields)
           .Data(256, {Bytes().Zeros(kFlowLength), FlowBytes()}));
  EXPECT_THAT(TakeFlows(), SizeIs(2));
}

TEST_F(FramingRules, Rule03PaddingBehindVariableLengthRecords) {
  std::vector<Field> fields = kFlowFields;
  fields.push_back({82, kVariable});
  const Bytes name = Bytes().U32(0x65746830);
  Send(MessageBuilder::Ipfix()
           .Template(256, fields)
           .Data(256, {FlowBytes().Variable(name.span())})
           .Padding(50));
  EXPECT_THAT(TakeFlows(), SizeIs(1));
}

TEST_F(FramingRules, Rule03SetsMayBeUnaligned) {
  static_assert(kFlowLength % 4 != 0);
  Send(MessageBuilder::Ipfix().Template(256, kFlowFields).Data(256, {FlowBytes()}).Data(256, {FlowBytes()}));
  EXPECT_THAT(TakeFlows(), SizeIs(2));
}

TEST_F(FramingRules, Rule04AMalformedDataSetNeverDeletesATemplate) {
  std::vector<Field> fields = kFlowFields;
  fields.push_back({82, kVariable});
  Send(MessageBuilder::Ipfix().Template(256, fields));
  Send(MessageBuilder::Ipfix().RawSet(256, Bytes().Append(FlowBytes()).U8(200).U8(1)));
  EXPECT_EQ(Skipped(RecordSkip::kMalformed), 1U);
  EXPECT_THAT(TakeFlows(), SizeIs(0));
  Send(MessageBuilder::Ipfix().RawSet(256, Bytes().U16(0x0102)));
  Send(MessageBuilder::Ipfix().Data(256, {FlowBytes()}).SetLength(2));
  Send(MessageBuilder::Ipfix().Data(256, {FlowBytes().Variable({})}));
  EXPECT_THAT(TakeFlows(), SizeIs(1));
}

TEST_F(FramingRules, Rule04RecordsBeforeAMalformedOneCount) {
  std::vector<Field> fields = kFlowFields;
  fields.push_back({82, kVariable});
  Send(MessageBuilder::Ipfix()
           .Template(256, fields)
           .Data(256, {FlowBytes().Variable({}), FlowBytes().Variable({}), FlowBytes().U8(9)}));
  EXPECT_THAT(TakeFlows(), SizeIs(2));
  EXPECT_EQ(Skipped(RecordSkip::kMalformed), 1U);
}

TEST_F(FramingRules, Rule05ASetWithoutTemplateIsSkippedAlone) {
  MessageBuilder message = MessageBuilder::Ipfix();
  message.Template(256, kFlowFields)
      .Data(256, {FlowBytes()})
      .Data(999, {FlowBytes()})
      .Data(256, {FlowBytes()});
  EXPECT_EQ(Send(message), DatagramOutcome::kDecoded);
  EXPECT_THAT(TakeFlows(), SizeIs(2));
  EXPECT_EQ(SetsSkipped(SetSkip::kUnknownTemplate), 1U);
}

TEST_F(FramingRules, Rule05ReservedSetsAreSkippedAlone) {
  MessageBuilder message = MessageBuilder::Ipfix();
  message.Template(256, kFlowFields)
      .RawSet(4, Bytes().Zeros(8))
      .RawSet(255, Bytes().Zeros(8))
      .RawSet(1, Bytes());
  EXPECT_EQ(Send(message.Data(256, {FlowBytes()})), DatagramOutcome::kDecoded);
  EXPECT_THAT(TakeFlows(), SizeIs(1));
  EXPECT_EQ(SetsSkipped(SetSkip::kReservedId), 3U);
}

TEST_F(FramingRules, Rule06Netflow5CountIsAtMostThirtyAndWithinTheLength) {
  Netflow5Builder two;
  two.Record({}).Record({.source = "10.0.0.9"});
  EXPECT_EQ(Send(two), DatagramOutcome::kDecoded);
  EXPECT_THAT(TakeFlows(), SizeIs(2));
  EXPECT_EQ(Send(Netflow5Builder(two).Count(1)), DatagramOutcome::kDecoded);
  EXPECT_EQ(TextOf(TakeOneFlow().source), "10.0.0.1");
  constexpr std::uint16_t kLies[] = {0, 3, 30, 31, 0xffff};
  for (const std::uint16_t lie : kLies) {
    EXPECT_EQ(Send(Netflow5Builder(two).Count(lie)), DatagramOutcome::kBadCount) << lie;
  }
  Netflow5Builder thirty_one;
  for (int i = 0; i < 31; ++i) thirty_one.Record({});
  EXPECT_EQ(Send(thirty_one), DatagramOutcome::kBadCount);
}

TEST_F(FramingRules, Rule06Netflow5HasNoPaddingSinceItsHeaderCounts) {
  const Netflow5Record nothing{.source = "0.0.0.0",
                               .destination = "0.0.0.0",
                               .packets = 0,
                               .bytes = 0,
                               .first_ms = 0,
                               .last_ms = 0,
                               .source_port = 0,
                               .destination_port = 0,
                               .protocol = 0};
  Send(Netflow5Builder().Record({}).Record(nothing).Record(nothing));
  EXPECT_THAT(TakeFlows(), SizeIs(3));
}

TEST_F(FramingRules, Rule06HuaweisVersionWordIsNetflow5) {
  EXPECT_EQ(Send(Netflow5Builder().Record({}).Version(0x8005)), DatagramOutcome::kDecoded);
  EXPECT_THAT(TakeFlows(), SizeIs(1));
}

TEST_F(FramingRules, Rule06Netflow5RecordsAreReadWhole) {
  Send(Netflow5Builder().Record({.source = "10.1.2.3",
                                 .destination = "10.4.5.6",
                                 .packets = 7,
                                 .bytes = 700,
                                 .first_ms = 10'000,
                                 .last_ms = 12'500,
                                 .source_port = 1234,
                                 .destination_port = 80,
                                 .tcp_flags = 0x12,
                                 .protocol = 6}));
  FlowRecord expected{};
  expected.source = AddressOf("10.1.2.3");
  expected.destination = AddressOf("10.4.5.6");
  expected.packets = 7;
  expected.bytes = 700;
  expected.duration_us = 2'500'000;
  expected.source_port = 1234;
  expected.destination_port = 80;
  expected.protocol = 6;
  expected.tcp_flags = 0x12;
  expected.traits = FlowRecord::kHasPorts | FlowRecord::kHasDuration;
  EXPECT_THAT(TakeFlows(), ElementsAre(expected));
}

}  // namespace
}  // namespace hostscope::ipfix::test
