// Rules 29 to 31 of docs/decoding-rules.md: sequence numbers, and datagrams that come late or in another
// order.

#include "tests/ipfix/decoder_fixture.h"

namespace hostscope::ipfix::test {
namespace {

using ::testing::SizeIs;

class SequenceRules : public DecoderTest {
 protected:
  std::uint64_t Lost() { return books().sequence_lost.Get(); }

  /// `count` flow records in one message.
  static MessageBuilder& AddFlows(MessageBuilder& message, int count) {
    Bytes records;
    for (int i = 0; i < count; ++i) records.Append(FlowBytes());
    return message.RawSet(256, records, static_cast<std::size_t>(count));
  }
};

TEST_F(SequenceRules, Rule29Netflow5CountsFlows) {
  Send(Netflow5Builder().Record({}).Record({}).Sequence(100));
  Send(Netflow5Builder().Record({}).Sequence(102));
  EXPECT_EQ(Lost(), 0U);
  Send(Netflow5Builder().Record({}).Sequence(110));
  EXPECT_EQ(Lost(), 7U);
}

TEST_F(SequenceRules, Rule29NumbersThatCountTheirOwnDatagramAreNoLoss) {
  Send(Netflow5Builder().Record({}).Sequence(1));
  Send(Netflow5Builder().Record({}).Record({}).Record({}).Sequence(4));
  Send(Netflow5Builder().Record({}).Record({}).Sequence(6));
  EXPECT_EQ(Lost(), 0U);
  Send(Netflow5Builder().Record({}).Sequence(12));
  EXPECT_EQ(Lost(), 5U);
}

TEST_F(SequenceRules, Rule29Netflow9CountsDatagrams) {
  Send(MessageBuilder::Netflow9().Sequence(5).Template(256, kFlowFields));
  MessageBuilder second = MessageBuilder::Netflow9();
  Send(AddFlows(second, 9).Sequence(6));
  MessageBuilder third = MessageBuilder::Netflow9();
  Send(AddFlows(third, 3).Sequence(7));
  EXPECT_EQ(Lost(), 0U);
  MessageBuilder sixth = MessageBuilder::Netflow9();
  Send(AddFlows(sixth, 3).Sequence(10));
  EXPECT_EQ(Lost(), 2U);
}

TEST_F(SequenceRules, Rule29IpfixCountsDataRecordsOptionsIncludedAndTemplatesNot) {
  MessageBuilder first = MessageBuilder::Ipfix();
  first.Sequence(1000).Template(256, kFlowFields).OptionsTemplate(300, {{149, 4}}, {{34, 4}});
  first.Data(300, {Bytes().U32(1).U32(1), Bytes().U32(1).U32(1)});
  Send(AddFlows(first, 5));
  MessageBuilder second = MessageBuilder::Ipfix();
  Send(AddFlows(second, 1).Sequence(1007));
  EXPECT_EQ(Lost(), 0U);
  MessageBuilder third = MessageBuilder::Ipfix();
  Send(AddFlows(third, 1).Sequence(1018));
  EXPECT_EQ(Lost(), 10U);
}

TEST_F(SequenceRules, Rule29ABiflowIsOneDataRecord) {
  std::vector<Field> fields = kFlowFields;
  fields.push_back({2, 4, kReversePen});
  Send(MessageBuilder::Ipfix()
           .Sequence(1)
           .Template(256, fields)
           .Data(256, {FlowBytes().U32(1), FlowBytes().U32(1)}));
  EXPECT_THAT(TakeFlows(), SizeIs(4));
  Send(MessageBuilder::Ipfix().Sequence(3).Data(256, {FlowBytes().U32(1)}));
  EXPECT_EQ(Lost(), 0U);
}

TEST_F(SequenceRules, Rule29RecordsThatAreSkippedAreCountedByTheExporterToo) {
  Send(MessageBuilder::Ipfix().Sequence(1).Template(256, {{5, 1}}).Data(256, {Bytes().U8(1), Bytes().U8(1)}));
  Send(MessageBuilder::Ipfix().Sequence(3));
  EXPECT_EQ(Lost(), 0U);
}

TEST_F(SequenceRules, Rule29ASetWithoutTemplateIsNoLoss) {
  Send(MessageBuilder::Ipfix().Sequence(1).Template(256, kFlowFields).Data(256, {FlowBytes()}));
  Send(MessageBuilder::Ipfix().Sequence(2).Data(999, {FlowBytes(), FlowBytes(), FlowBytes()}));
  Send(MessageBuilder::Ipfix().Sequence(5).Data(256, {FlowBytes()}));
  Send(MessageBuilder::Ipfix().Sequence(6).Data(256, {FlowBytes()}));
  EXPECT_EQ(Lost(), 0U);
  Send(MessageBuilder::Ipfix().Sequence(17).Data(256, {FlowBytes()}));
  EXPECT_EQ(Lost(), 10U) << "from there on it is counted again";
}

TEST_F(SequenceRules, Rule29EachDomainHasItsOwnNumbers) {
  Send(MessageBuilder::Netflow9(1).Sequence(10));
  Send(MessageBuilder::Netflow9(2).Sequence(5000));
  Send(MessageBuilder::Netflow9(1).Sequence(11));
  Send(MessageBuilder::Netflow9(2).Sequence(5001));
  EXPECT_EQ(Lost(), 0U);
}

TEST_F(SequenceRules, Rule29NumbersWrap) {
  Send(MessageBuilder::Netflow9().Sequence(0xffffffff));
  Send(MessageBuilder::Netflow9().Sequence(0));
  EXPECT_EQ(Lost(), 0U);
}

TEST_F(SequenceRules, Rule29ALateDatagramTakesItsLossBack) {
  Send(MessageBuilder::Netflow9().Sequence(1));
  Send(MessageBuilder::Netflow9().Sequence(3));
  Send(MessageBuilder::Netflow9().Sequence(2));
  Send(MessageBuilder::Netflow9().Sequence(4));
  EXPECT_EQ(books().sequence_lost.Get(), 0U);
}

TEST_F(SequenceRules, Rule30AFullNetflow5DatagramIsRead) {
  // 30 records: 1,464 bytes of payload, over IPv6 a packet of 1,512 that always comes in fragments.
  Netflow5Builder message;
  for (int i = 0; i < 30; ++i) message.Record({.destination_port = static_cast<std::uint16_t>(i)});
  EXPECT_EQ(message.Build().size(), 1464U);
  EXPECT_EQ(Send(message), DatagramOutcome::kDecoded);
  const std::vector<FlowRecord> flows = TakeFlows();
  ASSERT_THAT(flows, SizeIs(30));
  for (std::uint16_t i = 0; i < 30; ++i) EXPECT_EQ(flows[i].destination_port, i);
}

TEST_F(SequenceRules, Rule31DataBeforeTheirTemplateAreCountedAsSkipped) {
  Send(MessageBuilder::Ipfix().Sequence(1).Data(256, {FlowBytes()}));
  EXPECT_EQ(SetsSkipped(SetSkip::kUnknownTemplate), 1U);
  Send(MessageBuilder::Ipfix().Sequence(2).Template(256, kFlowFields));
  Send(MessageBuilder::Ipfix().Sequence(2).Data(256, {FlowBytes()}));
  EXPECT_THAT(TakeFlows(), SizeIs(1));
  EXPECT_EQ(Lost(), 0U);
}

TEST_F(SequenceRules, Rule31TheBooksOfOneExporterAreItsOwn) {
  Send(MessageBuilder::Ipfix(1).Template(256, kFlowFields).Data(256, {FlowBytes(), FlowBytes()}));
  Send(MessageBuilder::Ipfix(2).Data(256, {FlowBytes()}));
  for (const ExporterBooks& exporter : ExportersOf(decoder())) {
    const bool is_first = exporter.observation_domain == 1;
    EXPECT_EQ(exporter.accounting.records_counted.Get(), is_first ? 2U : 0U);
    EXPECT_EQ(exporter.accounting.sets_skipped.Get(SetSkip::kUnknownTemplate), is_first ? 0U : 1U);
    EXPECT_EQ(exporter.templates, is_first ? 1U : 0U);
  }
}

class AllowList : public DecoderTest {};

TEST_F(AllowList, ExportersThatAreNotListedAreRefused) {
  std::uint32_t network;
  inet_pton(AF_INET, "192.0.2.0", &network);
  settings_.exporters.push_back({Prefix::Ipv4(network, 24), {}});
  settings_.only_listed_exporters = true;
  const MessageBuilder message = MessageBuilder::Ipfix().Template(256, kFlowFields).Data(256, {FlowBytes()});
  EXPECT_EQ(Send(message, {.address = "192.0.2.200"}), DatagramOutcome::kDecoded);
  EXPECT_EQ(Send(message, {.address = "192.0.3.1"}), DatagramOutcome::kExporterRefused);
  EXPECT_EQ(Send(message, {.address = "2001:db8::1"}), DatagramOutcome::kExporterRefused);
  EXPECT_THAT(TakeFlows(), SizeIs(1));
  EXPECT_EQ(decoder().exporter_count(), 1U) << "one that is refused takes no place";
}

}  // namespace
}  // namespace hostscope::ipfix::test
