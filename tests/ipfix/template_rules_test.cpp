// Rules 7 to 13 of docs/decoding-rules.md: templates, what they may say, and how long they hold.

#include "tests/ipfix/decoder_fixture.h"

namespace hostscope::ipfix::test {
namespace {

using ::testing::SizeIs;

class TemplateRules : public DecoderTest {};

constexpr std::int64_t kSecond_ns = 1'000'000'000;

TEST_F(TemplateRules, Rule07IpfixWithdrawalOverUdpIsIgnoredAndCounted) {
  Send(MessageBuilder::Ipfix().Template(256, kFlowFields));
  Send(MessageBuilder::Ipfix().Withdrawal(256));
  EXPECT_EQ(Templates(TemplateEvent::kWithdrawn), 1U);
  Send(MessageBuilder::Ipfix().Data(256, {FlowBytes()}));
  EXPECT_THAT(TakeFlows(), SizeIs(1));
}

TEST_F(TemplateRules, Rule07WithdrawalOfAllTemplatesIsIgnoredToo) {
  Send(MessageBuilder::Ipfix().Template(256, kFlowFields));
  Send(MessageBuilder::Ipfix().RawSet(2, Bytes().U16(2).U16(0)).RawSet(3, Bytes().U16(3).U16(0)));
  EXPECT_EQ(Templates(TemplateEvent::kWithdrawn), 2U);
  Send(MessageBuilder::Ipfix().Data(256, {FlowBytes()}));
  EXPECT_THAT(TakeFlows(), SizeIs(1));
}

TEST_F(TemplateRules, Rule07AWithdrawalIsNeverStored) {
  Send(MessageBuilder::Ipfix().Withdrawal(256).Data(256, {FlowBytes()}));
  EXPECT_THAT(TakeFlows(), SizeIs(0));
  EXPECT_EQ(SetsSkipped(SetSkip::kUnknownTemplate), 1U);
}

TEST_F(TemplateRules, Rule07TemplatesBehindAWithdrawalInTheSameSetAreRead) {
  Bytes set = Bytes().U16(300).U16(0).U16(256).U16(kFlowFields.size());
  for (const Field& field : kFlowFields) set.U16(field.id).U16(field.length);
  Send(MessageBuilder::Ipfix().RawSet(2, set).Data(256, {FlowBytes()}));
  EXPECT_THAT(TakeFlows(), SizeIs(1));
}

TEST_F(TemplateRules, Rule07ANetflow9TemplateWithoutFieldsIsRefused) {
  Send(MessageBuilder::Netflow9().Template(256, {}).Data(256, {FlowBytes()}));
  EXPECT_EQ(Templates(TemplateEvent::kRefused), 1U);
  EXPECT_EQ(SetsSkipped(SetSkip::kUnknownTemplate), 1U);
}

TEST_F(TemplateRules, Rule08VariableLengthFieldsCountOneByteInTheMinimum) {
  std::vector<Field> fields = kFlowFields;
  fields.push_back({82, kVariable});
  fields.push_back({83, kVariable});
  // 21 fixed bytes and two length bytes: 22 bytes are padding, whatever they hold, and 23 are a record.
  Send(MessageBuilder::Ipfix().Template(256, fields).RawSet(256, FlowBytes().U8(1)));
  EXPECT_THAT(TakeFlows(), SizeIs(0));
  EXPECT_EQ(books().records_seen.Get(), 0U);
  Send(MessageBuilder::Ipfix().Data(256, {FlowBytes().U8(0).U8(0)}));
  EXPECT_THAT(TakeFlows(), SizeIs(1));
}

TEST_F(TemplateRules, Rule08FieldsPerTemplateAreCapped) {
  settings_.max_fields_per_template = 8;
  std::vector<Field> fields = kFlowFields;
  fields.push_back({5, 1});
  Send(MessageBuilder::Ipfix().Template(256, fields).Data(256, {FlowBytes().U8(0)}));
  EXPECT_THAT(TakeFlows(), SizeIs(1));
  fields.push_back({5, 1});
  Send(MessageBuilder::Ipfix().Template(257, fields).Data(257, {FlowBytes().U16(0)}));
  EXPECT_THAT(TakeFlows(), SizeIs(0));
  EXPECT_EQ(Templates(TemplateEvent::kRefused), 1U);
}

TEST_F(TemplateRules, Rule08ATemplateBeyondTheCapDoesNotHideTheNextInItsSet) {
  settings_.max_fields_per_template = kFlowFields.size();
  Bytes set = Bytes().U16(300).U16(kFlowFields.size() + 1).Zeros(4 * (kFlowFields.size() + 1));
  set.U16(256).U16(kFlowFields.size());
  for (const Field& field : kFlowFields) set.U16(field.id).U16(field.length);
  Send(MessageBuilder::Ipfix().RawSet(2, set).Data(256, {FlowBytes()}));
  EXPECT_THAT(TakeFlows(), SizeIs(1));
  EXPECT_EQ(Templates(TemplateEvent::kRefused), 1U);
}

TEST_F(TemplateRules, Rule08TemplatesPerExporterAndInAllAreCapped) {
  DontCompareWithNaive();
  settings_.max_templates = 4;
  settings_.max_templates_per_exporter = 3;
  const auto send_templates = [&](const Sender& from, int count) {
    for (int i = 0; i < count; ++i) {
      Send(MessageBuilder::Ipfix().Template(static_cast<std::uint16_t>(256 + i), kFlowFields), from);
    }
  };
  send_templates({.address = "192.0.2.1"}, 5);
  EXPECT_EQ(Templates(TemplateEvent::kLearned), 3U);
  EXPECT_EQ(Templates(TemplateEvent::kRefused), 2U);
  send_templates({.address = "192.0.2.2"}, 2);
  EXPECT_EQ(Templates(TemplateEvent::kLearned), 4U);
  EXPECT_EQ(Templates(TemplateEvent::kRefused), 3U);
  Send(MessageBuilder::Ipfix().Data(256, {FlowBytes()}), {.address = "192.0.2.2"});
  EXPECT_THAT(TakeFlows(), SizeIs(1));
}

TEST_F(TemplateRules, Rule08ExportersAreCapped) {
  DontCompareWithNaive();
  settings_.max_exporters = 2;
  for (std::uint32_t domain = 1; domain <= 2; ++domain) {
    EXPECT_EQ(Send(MessageBuilder::Ipfix(domain)), DatagramOutcome::kDecoded);
  }
  EXPECT_EQ(Send(MessageBuilder::Ipfix(3)), DatagramOutcome::kExporterTableFull);
  EXPECT_EQ(Send(MessageBuilder::Ipfix(1)), DatagramOutcome::kDecoded);
}

TEST_F(TemplateRules, Rule08RecordsOfOneByteFillADatagramAndNoMore) {
  // The smallest record there is: 65,000 of them are read, none is a flow record, and it ends.
  Send(MessageBuilder::Ipfix().Template(256, {{5, 1}}));
  Bytes records;
  for (int i = 0; i < 65'000; ++i) records.U8(1);
  EXPECT_EQ(Send(MessageBuilder::Ipfix().RawSet(256, records)), DatagramOutcome::kDecoded);
  EXPECT_EQ(Skipped(RecordSkip::kNoAddresses), 65'000U);
}

TEST_F(TemplateRules, Rule08ATemplateThatEndsWithinItselfIsRefused) {
  Send(MessageBuilder::Ipfix().RawSet(2, Bytes().U16(256).U16(3).U16(8).U16(4).U16(12)));
  Send(MessageBuilder::Ipfix().RawSet(2, Bytes().U16(256).U16(1).U16(0x8001).U16(4).U16(0)));
  Send(MessageBuilder::Ipfix().RawSet(3, Bytes().U16(256).U16(1)));
  Send(MessageBuilder::Netflow9().RawSet(1, Bytes().U16(256).U16(4).U16(4).U32(0)));
  Send(MessageBuilder::Netflow9().RawSet(0, Bytes().U16(255).U16(1).U16(8).U16(4)));
  EXPECT_EQ(SetsSkipped(SetSkip::kBadTemplate), 5U);
  EXPECT_EQ(Templates(TemplateEvent::kLearned), 0U);
}

TEST_F(TemplateRules, Rule09ZeroLengthFieldsAreLegal) {
  std::vector<Field> fields = {{10, 0}, {1, 0}};  // the deltas that count come later
  fields.insert(fields.end(), kFlowFields.begin(), kFlowFields.end());
  const FlowRecord flow = FlowOf(fields, FlowBytes());
  EXPECT_EQ(flow.bytes, 1000U);
  EXPECT_EQ(TextOf(flow.source), "10.0.0.1");
}

TEST_F(TemplateRules, Rule09ARecordOfNoBytesIsRefused) {
  Send(MessageBuilder::Ipfix().Template(256, {{8, 0}, {12, 0}}).Data(256, {FlowBytes()}));
  EXPECT_EQ(Templates(TemplateEvent::kRefused), 1U);
  EXPECT_EQ(SetsSkipped(SetSkip::kUnknownTemplate), 1U);
}

TEST_F(TemplateRules, Rule09AnElementThatOccursTwiceIsReadWhereItOccursFirst) {
  std::vector<Field> fields = kFlowFields;
  fields.insert(fields.end(), {{1, 8}, {8, 4}});
  const FlowRecord flow = FlowOf(fields, FlowBytes().U64(5).Address("10.7.7.7"));
  EXPECT_EQ(flow.bytes, 1000U);
  EXPECT_EQ(TextOf(flow.source), "10.0.0.1");
}

TEST_F(TemplateRules, Rule10DataAndOptionsTemplatesShareOneIdSpace) {
  const std::vector<Field> scope = {{149, 4}};
  const std::vector<Field> options = {{34, 4}};
  Send(MessageBuilder::Ipfix().Template(256, kFlowFields).OptionsTemplate(256, scope, options));
  Send(MessageBuilder::Ipfix().Data(256, {Bytes().U32(1).U32(10)}));
  EXPECT_EQ(books().options_records.Get(), 1U);
  EXPECT_EQ(books().records_seen.Get(), 0U);
  Send(MessageBuilder::Ipfix().Template(256, kFlowFields).Data(256, {FlowBytes()}));
  EXPECT_THAT(TakeFlows(), SizeIs(1));
}

TEST_F(TemplateRules, Rule11TheSameTemplateAgainOnlyRefreshesItsAge) {
  DontCompareWithNaive();
  settings_.template_lifetime_ns = 100 * kSecond_ns;
  const auto expire = [&](std::int64_t now) {
    for (int i = 0; i < 32; ++i) decoder().Expire({now});
  };
  Send(MessageBuilder::Ipfix().Template(256, kFlowFields), {.received_ns = 1000 * kSecond_ns});
  Send(MessageBuilder::Ipfix().Template(256, kFlowFields), {.received_ns = 1090 * kSecond_ns});
  EXPECT_EQ(Templates(TemplateEvent::kRefreshed), 1U);
  expire(1150 * kSecond_ns);
  Send(MessageBuilder::Ipfix().Data(256, {FlowBytes()}), {.received_ns = 1150 * kSecond_ns});
  EXPECT_THAT(TakeFlows(), SizeIs(1));
  expire(1191 * kSecond_ns);
  Send(MessageBuilder::Ipfix().Data(256, {FlowBytes()}), {.received_ns = 1191 * kSecond_ns});
  EXPECT_THAT(TakeFlows(), SizeIs(0));
  EXPECT_EQ(Templates(TemplateEvent::kExpired), 1U);
}

TEST_F(TemplateRules, Rule11ADifferentTemplateReplacesTheOldFromThereOn) {
  const std::vector<Field> swapped = {{12, 4}, {8, 4}, {11, 2}, {7, 2}, {4, 1}, {2, 4}, {1, 4}};
  MessageBuilder message = MessageBuilder::Ipfix();
  message.Template(256, kFlowFields).Data(256, {FlowBytes()}).Template(256, swapped).Data(256, {FlowBytes()});
  Send(message);
  const std::vector<FlowRecord> flows = TakeFlows();
  ASSERT_THAT(flows, SizeIs(2));
  EXPECT_EQ(TextOf(flows[0].source), "10.0.0.1");
  EXPECT_EQ(TextOf(flows[1].source), "10.0.0.2");
  EXPECT_EQ(flows[1].destination_port, 40000);
  EXPECT_EQ(Templates(TemplateEvent::kLearned), 2U);
}

TEST_F(TemplateRules, Rule12TemplatesBelongToAddressPortAndDomain) {
  Send(MessageBuilder::Ipfix(7).Template(256, kFlowFields), {"192.0.2.1", 2055});
  Send(MessageBuilder::Ipfix(8).Data(256, {FlowBytes()}), {"192.0.2.1", 2055});
  Send(MessageBuilder::Ipfix(7).Data(256, {FlowBytes()}), {"192.0.2.1", 2056});
  Send(MessageBuilder::Ipfix(7).Data(256, {FlowBytes()}), {"192.0.2.2", 2055});
  EXPECT_EQ(SetsSkipped(SetSkip::kUnknownTemplate), 3U);
  EXPECT_THAT(TakeFlows(), SizeIs(0));
  Send(MessageBuilder::Ipfix(7).Data(256, {FlowBytes()}), {"192.0.2.1", 2055});
  EXPECT_THAT(TakeFlows(), SizeIs(1));
}

TEST_F(TemplateRules, Rule12LineCardsReuseIdsForDifferentTemplates) {
  const std::vector<Field> swapped = {{12, 4}, {8, 4}, {11, 2}, {7, 2}, {4, 1}, {2, 4}, {1, 4}};
  Send(MessageBuilder::Netflow9(1).Template(256, kFlowFields));
  Send(MessageBuilder::Netflow9(2).Template(256, swapped));
  Send(MessageBuilder::Netflow9(1).Data(256, {FlowBytes()}));
  EXPECT_EQ(TextOf(TakeOneFlow().source), "10.0.0.1");
  Send(MessageBuilder::Netflow9(2).Data(256, {FlowBytes()}));
  EXPECT_EQ(TextOf(TakeOneFlow().source), "10.0.0.2");
}

TEST_F(TemplateRules, Rule12SamplingAnnouncedFromAnotherPortOfTheSameDomainHolds) {
  const auto announce = [](std::uint32_t domain) {
    return MessageBuilder::Ipfix(domain)
        .OptionsTemplate(300, {{149, 4}}, {{34, 4}})
        .Data(300, {Bytes().U32(0).U32(10)});
  };
  Send(announce(7), {"192.0.2.1", 9999});
  Send(MessageBuilder::Ipfix(7).Template(256, kFlowFields).Data(256, {FlowBytes()}), {"192.0.2.1", 2055});
  EXPECT_EQ(TakeOneFlow().packets, 100U);
  Send(MessageBuilder::Ipfix(8).Template(256, kFlowFields).Data(256, {FlowBytes()}), {"192.0.2.1", 2055});
  EXPECT_EQ(TakeOneFlow().packets, 10U) << "another domain";
  Send(MessageBuilder::Ipfix(7).Template(256, kFlowFields).Data(256, {FlowBytes()}), {"192.0.2.2", 2055});
  EXPECT_EQ(TakeOneFlow().packets, 10U) << "another address";
}

TEST_F(TemplateRules, Rule13ForgettingOneExporterLeavesTheTemplatesOfOthers) {
  DontCompareWithNaive();
  settings_.template_lifetime_ns = 0;
  settings_.exporter_lifetime_ns = 100 * kSecond_ns;
  Send(MessageBuilder::Ipfix(1).Template(256, kFlowFields), {.received_ns = 1000 * kSecond_ns});
  Send(MessageBuilder::Ipfix(2).Template(256, kFlowFields), {.received_ns = 1090 * kSecond_ns});
  for (int i = 0; i < 32; ++i) decoder().Expire({1150 * kSecond_ns});
  EXPECT_EQ(decoder().exporter_count(), 1U);
  Send(MessageBuilder::Ipfix(1).Data(256, {FlowBytes()}), {.received_ns = 1151 * kSecond_ns});
  EXPECT_THAT(TakeFlows(), SizeIs(0));
  Send(MessageBuilder::Ipfix(2).Data(256, {FlowBytes()}), {.received_ns = 1151 * kSecond_ns});
  EXPECT_THAT(TakeFlows(), SizeIs(1));
}

}  // namespace
}  // namespace hostscope::ipfix::test
