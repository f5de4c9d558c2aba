// Rules 7 to 13 of docs/decoding-rules.md: templates, what they may say, and how long they hold.

#include "tests/ipfix/decoder_fixture.h"

namespace hostscope::ipfix::test {
namespace {

using ::testing::SizeIs;

constexpr std::int64_t kSecond_ns = 1'000'000'000;

class TemplateRules : public DecoderTest {
 protected:
  /// Drops whatever is too old at `now_ns`: each call looks at a part of it.
  void ExpireAll(std::int64_t now_ns) {
    for (int i = 0; i < 32; ++i) decoder().Expire({now_ns});
  }
  /// Sends `fields` as template 256, with a record, so many seconds after the first possible moment. How many
  /// flow records come of it.
  std::size_t FlowsByShape(const std::vector<Field>& fields, std::int64_t seconds) {
    Send(MessageBuilder::Ipfix().Template(256, fields).Data(256, {FlowBytes()}),
         {.received_ns = Sender{}.received_ns + seconds * kSecond_ns});
    return TakeFlows().size();
  }
  void ExpectIgnored(const MessageBuilder& withdrawals, std::uint64_t count) {
    Send(MessageBuilder::Ipfix().Template(256, kFlowFields));
    Send(withdrawals);
    EXPECT_EQ(Templates(TemplateEvent::kWithdrawn), count);
    Send(MessageBuilder::Ipfix().Data(256, {FlowBytes()}));
    EXPECT_THAT(TakeFlows(), SizeIs(1));
  }
  /// `before`, and behind it in the same set the template of an ordinary flow record.
  void SendBehind(Bytes before) {
    before.U16(256).U16(kFlowFields.size());
    for (const Field& field : kFlowFields) before.U16(field.id).U16(field.length);
    Send(MessageBuilder::Ipfix().RawSet(2, before).Data(256, {FlowBytes()}));
  }
};

/// Those of kFlowFields with both directions the other way round: as long, and something else.
const std::vector<Field> kSwapped = {{12, 4}, {8, 4}, {11, 2}, {7, 2}, {4, 1}, {2, 4}, {1, 4}};

TEST_F(TemplateRules, Rule07IpfixWithdrawalOverUdpIsIgnoredAndCounted) {
  ExpectIgnored(MessageBuilder::Ipfix().Withdrawal(256), 1);
}

TEST_F(TemplateRules, Rule07WithdrawalOfAllTemplatesIsIgnoredToo) {
  ExpectIgnored(MessageBuilder::Ipfix().RawSet(2, Bytes().U16(2).U16(0)).RawSet(3, Bytes().U16(3).U16(0)), 2);
}

TEST_F(TemplateRules, Rule07AWithdrawalIsNeverStored) {
  Send(MessageBuilder::Ipfix().Withdrawal(256).Data(256, {FlowBytes()}));
  EXPECT_THAT(TakeFlows(), SizeIs(0));
  EXPECT_EQ(SetsSkipped(SetSkip::kUnknownTemplate), 1U);
}

TEST_F(TemplateRules, Rule07TemplatesBehindAWithdrawalInTheSameSetAreRead) {
  SendBehind(Bytes().U16(300).U16(0));
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
  SendBehind(Bytes().U16(300).U16(kFlowFields.size() + 1).Zeros(4 * (kFlowFields.size() + 1)));
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

TEST_F(TemplateRules, Rule08ExportersWithOneAddressAreCapped) {
  DontCompareWithNaive();
  settings_.max_exporters = 8;
  settings_.max_exporters_per_address = 3;
  settings_.exporter_lifetime_ns = 100 * kSecond_ns;
  const auto send = [&](std::uint32_t domain, const Sender& from) {
    return Send(MessageBuilder::Ipfix(domain), from);
  };
  EXPECT_EQ(send(1, {"192.0.2.1", 2055}), DatagramOutcome::kDecoded);
  EXPECT_EQ(send(2, {"192.0.2.1", 2055}), DatagramOutcome::kDecoded);
  EXPECT_EQ(send(1, {"192.0.2.1", 2056}), DatagramOutcome::kDecoded);
  EXPECT_EQ(send(3, {"192.0.2.1", 2055}), DatagramOutcome::kAddressFull);
  EXPECT_EQ(send(1, {"192.0.2.1", 2057}), DatagramOutcome::kAddressFull);
  EXPECT_EQ(send(2, {"192.0.2.1", 2055}), DatagramOutcome::kDecoded) << "who is known goes on";
  EXPECT_EQ(send(3, {"192.0.2.2", 2055}), DatagramOutcome::kDecoded) << "another address";
  // Those that are forgotten give their places away.
  const std::int64_t later = Sender{}.received_ns + 101 * kSecond_ns;
  ExpireAll(later);
  EXPECT_EQ(decoder().exporter_count(), 0U);
  EXPECT_EQ(send(3, {"192.0.2.1", 2055, later}), DatagramOutcome::kDecoded);
}

TEST_F(TemplateRules, Rule08BytesOfTemplatesAreCapped) {
  DontCompareWithNaive();
  const std::size_t size = 4 + 4 * kFlowFields.size();
  settings_.max_template_bytes_per_exporter = 3 * size;
  settings_.max_template_bytes = 5 * size;
  settings_.template_lifetime_ns = 100 * kSecond_ns;
  const auto send_template = [&](std::uint16_t id, const std::vector<Field>& fields, const Sender& from) {
    Send(MessageBuilder::Ipfix().Template(id, fields), from);
  };
  const Sender first{.address = "192.0.2.1"};
  const Sender second{.address = "192.0.2.2"};
  for (std::uint16_t id = 256; id < 260; ++id) send_template(id, kFlowFields, first);
  EXPECT_EQ(Refused(TemplateRefusal::kExporterBytes), 1U);
  for (std::uint16_t id = 256; id < 259; ++id) send_template(id, kFlowFields, second);
  EXPECT_EQ(Refused(TemplateRefusal::kTableBytes), 1U);
  // A shorter one makes room for the difference, a longer one needs it.
  std::vector<Field> shorter(kFlowFields.begin(), kFlowFields.end() - 1);
  send_template(256, shorter, first);
  EXPECT_EQ(Templates(TemplateEvent::kLearned), 6U);
  send_template(256, kFlowFields, first);
  EXPECT_EQ(Templates(TemplateEvent::kLearned), 7U);
  std::vector<Field> longer = kFlowFields;
  longer.push_back({5, 1});
  send_template(256, longer, first);
  EXPECT_EQ(Refused(TemplateRefusal::kExporterBytes), 2U);
  // What is dropped takes no room any more.
  const std::int64_t later = first.received_ns + 101 * kSecond_ns;
  ExpireAll(later);
  for (std::uint16_t id = 256; id < 259; ++id)
    send_template(id, kFlowFields, {.address = "192.0.2.1", .received_ns = later});
  EXPECT_EQ(Templates(TemplateEvent::kLearned), 10U);
}

TEST_F(TemplateRules, Rule08WhatIsRefusedHasItsCause) {
  DontCompareWithNaive();
  settings_.max_templates = 4;
  settings_.max_templates_per_exporter = 3;
  settings_.max_fields_per_template = kFlowFields.size();
  std::vector<Field> many = kFlowFields;
  many.push_back({5, 1});
  Send(MessageBuilder::Ipfix().Template(300, many));
  EXPECT_EQ(Refused(TemplateRefusal::kTooManyFields), 1U);
  Send(MessageBuilder::Ipfix().Template(300, {{8, 0}}));
  EXPECT_EQ(Refused(TemplateRefusal::kUnusable), 1U);
  Send(MessageBuilder::Ipfix().RawSet(2, Bytes().U16(256).U16(3).U16(8)));
  EXPECT_EQ(Refused(TemplateRefusal::kMalformed), 1U);
  for (std::uint16_t id = 256; id < 260; ++id) Send(MessageBuilder::Ipfix().Template(id, kFlowFields));
  EXPECT_EQ(Refused(TemplateRefusal::kExporterFull), 1U);
  for (std::uint16_t id = 256; id < 258; ++id)
    Send(MessageBuilder::Ipfix().Template(id, kFlowFields), {.address = "192.0.2.2"});
  EXPECT_EQ(Refused(TemplateRefusal::kTableFull), 1U);
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
  Send(MessageBuilder::Ipfix().Template(256, kFlowFields), {.received_ns = 1000 * kSecond_ns});
  Send(MessageBuilder::Ipfix().Template(256, kFlowFields), {.received_ns = 1090 * kSecond_ns});
  EXPECT_EQ(Templates(TemplateEvent::kRefreshed), 1U);
  ExpireAll(1150 * kSecond_ns);
  Send(MessageBuilder::Ipfix().Data(256, {FlowBytes()}), {.received_ns = 1150 * kSecond_ns});
  EXPECT_THAT(TakeFlows(), SizeIs(1));
  ExpireAll(1191 * kSecond_ns);
  Send(MessageBuilder::Ipfix().Data(256, {FlowBytes()}), {.received_ns = 1191 * kSecond_ns});
  EXPECT_THAT(TakeFlows(), SizeIs(0));
  EXPECT_EQ(Templates(TemplateEvent::kExpired), 1U);
}

TEST_F(TemplateRules, Rule11ADifferentTemplateReplacesTheOldFromThereOn) {
  MessageBuilder message = MessageBuilder::Ipfix();
  message.Template(256, kFlowFields)
      .Data(256, {FlowBytes()})
      .Template(256, kSwapped)
      .Data(256, {FlowBytes()});
  Send(message);
  const std::vector<FlowRecord> flows = TakeFlows();
  ASSERT_THAT(flows, SizeIs(2));
  EXPECT_EQ(TextOf(flows[0].source), "10.0.0.1");
  EXPECT_EQ(TextOf(flows[1].source), "10.0.0.2");
  EXPECT_EQ(flows[1].destination_port, 40000);
  EXPECT_EQ(Templates(TemplateEvent::kLearned), 2U);
}

TEST_F(TemplateRules, Rule11DataOfARefusedShapeAreNotReadByTheOldOne) {
  Send(MessageBuilder::Ipfix().Template(256, kFlowFields));
  // The same id, now for records of no bytes, which can't be used. Whatever comes by it is something else.
  Send(MessageBuilder::Ipfix().Template(256, {{8, 0}}).Data(256, {FlowBytes()}));
  EXPECT_THAT(TakeFlows(), SizeIs(0));
  EXPECT_EQ(SetsSkipped(SetSkip::kRefusedTemplate), 1U);
  Send(MessageBuilder::Ipfix().Template(256, kSwapped).Data(256, {FlowBytes()}));
  EXPECT_EQ(TextOf(TakeOneFlow().source), "10.0.0.2");
}

TEST_F(TemplateRules, Rule11ATemplateThatChangesTooOftenIsRefusedUntilItHoldsStill) {
  DontCompareWithNaive();
  settings_.max_template_changes = 3;
  settings_.template_change_interval_ns = 60 * kSecond_ns;
  EXPECT_EQ(FlowsByShape(kFlowFields, 0), 1U);
  EXPECT_EQ(FlowsByShape(kSwapped, 1), 1U);
  EXPECT_EQ(FlowsByShape(kFlowFields, 2), 1U);
  EXPECT_EQ(FlowsByShape(kSwapped, 3), 1U);
  EXPECT_EQ(FlowsByShape(kFlowFields, 4), 0U) << "the fourth change within a minute";
  EXPECT_EQ(FlowsByShape(kSwapped, 5), 0U) << "the shape of before, but who knows for how long";
  EXPECT_EQ(Refused(TemplateRefusal::kUnstable), 2U);
  EXPECT_EQ(SetsSkipped(SetSkip::kRefusedTemplate), 2U);
  Send(MessageBuilder::Ipfix().Data(256, {FlowBytes()}),
       {.received_ns = Sender{}.received_ns + 30 * kSecond_ns});
  EXPECT_EQ(SetsSkipped(SetSkip::kRefusedTemplate), 3U) << "data alone don't show what they are";
  EXPECT_EQ(FlowsByShape(kSwapped, 61), 1U) << "a minute after the first change one more may follow";
  EXPECT_EQ(FlowsByShape(kFlowFields, 62), 0U);
  EXPECT_EQ(FlowsByShape(kFlowFields, 122), 1U);
  EXPECT_EQ(FlowsByShape(kFlowFields, 123), 1U) << "the same again is no change";
  EXPECT_EQ(Templates(TemplateEvent::kRefreshed), 1U);
}

TEST_F(TemplateRules, Rule11ARouterMayChangeItsTemplatesWheneverItIsReloaded) {
  DontCompareWithNaive();
  settings_.max_template_changes = 3;
  settings_.template_change_interval_ns = 60 * kSecond_ns;
  const std::int64_t start = Sender{}.received_ns;
  // Each reload changes a hundred templates at once, and each is repeated every 20 seconds.
  for (int reload = 0; reload < 10; ++reload) {
    for (int repeat = 0; repeat < 4; ++repeat) {
      MessageBuilder message = MessageBuilder::Ipfix();
      for (std::uint16_t id = 256; id < 356; ++id) {
        message.Template(id, reload % 2 == 0 ? kFlowFields : kSwapped).Data(id, {FlowBytes()});
      }
      Send(message, {.received_ns = start + (reload * 60 + repeat * 15) * kSecond_ns});
    }
  }
  EXPECT_THAT(TakeFlows(), SizeIs(10 * 4 * 100));
  EXPECT_EQ(Templates(TemplateEvent::kRefused), 0U);
}

TEST_F(TemplateRules, Rule11AClockThatIsSetBackDoesNotHoldChangesUp) {
  DontCompareWithNaive();
  settings_.max_template_changes = 1;
  settings_.template_change_interval_ns = 60 * kSecond_ns;
  EXPECT_EQ(FlowsByShape(kFlowFields, 0), 1U);
  EXPECT_EQ(FlowsByShape(kSwapped, 1), 1U);
  EXPECT_EQ(FlowsByShape(kFlowFields, 2 - 36000), 0U);
  EXPECT_EQ(FlowsByShape(kFlowFields, 62 - 36000), 1U);
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
  Send(MessageBuilder::Netflow9(1).Template(256, kFlowFields));
  Send(MessageBuilder::Netflow9(2).Template(256, kSwapped));
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
  ExpireAll(1150 * kSecond_ns);
  EXPECT_EQ(decoder().exporter_count(), 1U);
  Send(MessageBuilder::Ipfix(1).Data(256, {FlowBytes()}), {.received_ns = 1151 * kSecond_ns});
  EXPECT_THAT(TakeFlows(), SizeIs(0));
  Send(MessageBuilder::Ipfix(2).Data(256, {FlowBytes()}), {.received_ns = 1151 * kSecond_ns});
  EXPECT_THAT(TakeFlows(), SizeIs(1));
}

}  // namespace
}  // namespace hostscope::ipfix::test
