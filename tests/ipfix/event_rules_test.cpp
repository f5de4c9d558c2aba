// Rule 23 of docs/decoding-rules.md: firewall and NAT events, biflows; and packet sections in place of
// addresses.

#include "tests/ipfix/decoder_fixture.h"

namespace hostscope::ipfix::test {
namespace {

using ::testing::SizeIs;

enum Event : std::uint8_t { kIgnore = 0, kCreated = 1, kTeardown = 2, kDenied = 3, kAlert = 4, kUpdate = 5 };

/// Cisco ASA: firewallEvent, bytes and packets of initiator and responder.
class NselRules : public DecoderTest {
 protected:
  struct Counters {
    std::uint32_t forward_bytes = 0;
    std::uint32_t reverse_bytes = 0;
    std::uint32_t forward_packets = 0;
    std::uint32_t reverse_packets = 0;
  };

  static MessageBuilder Message(std::uint16_t event_element = 233) {
    MessageBuilder message = MessageBuilder::Netflow9();
    message.Template(256, {{8, 4},
                           {12, 4},
                           {7, 2},
                           {11, 2},
                           {4, 1},
                           {event_element, 1},
                           {231, 4},
                           {232, 4},
                           {298, 4},
                           {299, 4}});
    return message;
  }
  static Bytes Record(Event event, const Counters& counters) {
    return Bytes()
        .Address("10.0.0.1")
        .Address("10.0.0.2")
        .U16(1000)
        .U16(80)
        .U8(6)
        .U8(event)
        .U32(counters.forward_bytes)
        .U32(counters.reverse_bytes)
        .U32(counters.forward_packets)
        .U32(counters.reverse_packets);
  }
};

TEST_F(NselRules, Rule23CreateDenyAndAlertCarryNoTraffic) {
  for (const Event event : {kCreated, kDenied, kAlert}) Send(Message().Data(256, {Record(event, {})}));
  EXPECT_THAT(TakeFlows(), SizeIs(0));
  EXPECT_EQ(Skipped(RecordSkip::kNselEvent), 3U);
}

TEST_F(NselRules, Rule23TheOldEventElementMeansTheSame) {
  Send(Message(40005).Data(256, {Record(kDenied, {})}));
  EXPECT_EQ(Skipped(RecordSkip::kNselEvent), 1U);
}

TEST_F(NselRules, Rule23EventsWithCountersOfTheirOwnCount) {
  Send(Message().Data(256, {Record(kCreated, {.forward_bytes = 60, .forward_packets = 1})}));
  EXPECT_THAT(TakeFlows(), SizeIs(1));
}

TEST_F(NselRules, Rule23UpdatesCarryDeltasOfTwoDirections) {
  Send(Message().Data(256, {Record(kUpdate, {100, 200, 1, 2})}));
  const std::vector<FlowRecord> flows = TakeFlows();
  ASSERT_THAT(flows, SizeIs(2));
  EXPECT_EQ(TextOf(flows[0].source), "10.0.0.1");
  EXPECT_EQ(flows[0].bytes, 100U);
  EXPECT_EQ(flows[0].packets, 1U);
  EXPECT_EQ(flows[0].destination_port, 80);
  EXPECT_EQ(TextOf(flows[1].source), "10.0.0.2");
  EXPECT_EQ(flows[1].bytes, 200U);
  EXPECT_EQ(flows[1].packets, 2U);
  EXPECT_EQ(flows[1].destination_port, 1000);
  EXPECT_EQ(books().substitute_counters.Get(), 2U);
}

TEST_F(NselRules, Rule23AnEmptyReverseDirectionIsNoFlow) {
  Send(Message().Data(256, {Record(kUpdate, {.forward_bytes = 100, .forward_packets = 1})}));
  EXPECT_THAT(TakeFlows(), SizeIs(1));
}

TEST_F(NselRules, Rule23TeardownsCountUntilAnExporterSendsUpdates) {
  const Counters totals = {1000, 0, 10, 0};
  Send(Message().Data(256, {Record(kTeardown, totals)}));
  EXPECT_THAT(TakeFlows(), SizeIs(1));
  Send(Message().Data(256, {Record(kUpdate, {500, 0, 5, 0})}));
  EXPECT_THAT(TakeFlows(), SizeIs(1));
  Send(Message().Data(256, {Record(kTeardown, totals)}));
  EXPECT_THAT(TakeFlows(), SizeIs(0)) << "its bytes were counted with the updates";
  EXPECT_EQ(Skipped(RecordSkip::kNselEvent), 1U);
  Send(Message().Data(256, {Record(kTeardown, totals)}), {.address = "192.0.2.99"});
  EXPECT_THAT(TakeFlows(), SizeIs(1)) << "another firewall, which sends no updates";
}

TEST_F(NselRules, Rule23ATeardownBehindTheFirstUpdateOfItsSetDoesNotCount) {
  Send(Message().Data(256, {Record(kUpdate, {500, 0, 5, 0}), Record(kTeardown, {1000, 0, 10, 0})}));
  EXPECT_EQ(TakeOneFlow().bytes, 500U);
}

TEST_F(NselRules, Rule23TeardownsOnlyWhereConfigured) {
  settings_.default_exporter.nsel = ExporterSettings::Nsel::kTeardowns;
  Send(Message().Data(256, {Record(kUpdate, {500, 0, 5, 0}), Record(kTeardown, {1000, 0, 10, 0})}));
  EXPECT_EQ(TakeOneFlow().bytes, 1000U);
}

TEST_F(NselRules, Rule23UpdatesOnlyWhereConfigured) {
  settings_.default_exporter.nsel = ExporterSettings::Nsel::kUpdates;
  Send(Message().Data(256, {Record(kTeardown, {1000, 0, 10, 0}), Record(kUpdate, {500, 0, 5, 0})}));
  EXPECT_EQ(TakeOneFlow().bytes, 500U);
}

TEST_F(NselRules, Rule23FirewallEventBesideOrdinaryDeltasDoesNotMatter) {
  std::vector<Field> fields = kFlowFields;
  fields.push_back({233, 1});
  Send(MessageBuilder::Netflow9()
           .Template(256, fields)
           .Data(256, {FlowBytes().U8(kUpdate), FlowBytes().U8(kTeardown), FlowBytes().U8(kIgnore),
                       FlowBytes().U8(kCreated)}));
  EXPECT_THAT(TakeFlows(), SizeIs(4));
}

class EventRules : public DecoderTest {};

TEST_F(EventRules, Rule23NatEventsAreNoFlows) {
  const std::vector<Field> fields = {{8, 4}, {12, 4}, {225, 4}, {226, 4}, {7, 2}, {11, 2}, {4, 1}, {230, 1}};
  Send(MessageBuilder::Netflow9()
           .Template(256, fields)
           .Data(256, {Bytes()
                           .Address("10.0.0.1")
                           .Address("10.0.0.2")
                           .Address("198.51.100.1")
                           .Address("10.0.0.2")
                           .U16(1)
                           .U16(2)
                           .U8(6)
                           .U8(4)}));
  EXPECT_THAT(TakeFlows(), SizeIs(0));
  EXPECT_EQ(Skipped(RecordSkip::kNatEvent), 1U);
}

TEST_F(EventRules, Rule23NatEventWithCountersIsAFlow) {
  std::vector<Field> fields = kFlowFields;
  fields.push_back({230, 1});
  Send(MessageBuilder::Netflow9().Template(256, fields).Data(256, {FlowBytes().U8(1)}));
  EXPECT_THAT(TakeFlows(), SizeIs(1));
}

class BiflowRules : public DecoderTest {
 protected:
  std::vector<FlowRecord> FlowsOf(const std::vector<Field>& more, const Bytes& values) {
    std::vector<Field> fields = kFlowFields;
    fields.insert(fields.end(), more.begin(), more.end());
    Send(MessageBuilder::Ipfix().Template(256, fields).Data(256, {FlowBytes().Append(values)}));
    return TakeFlows();
  }
};

TEST_F(BiflowRules, Rule23ABiflowIsTwoFlowRecords) {
  const std::vector<FlowRecord> flows =
      FlowsOf({{2, 4, kReversePen}, {1, 4, kReversePen}, {6, 1}, {6, 1, kReversePen}},
              Bytes().U32(7).U32(777).U8(0x02).U8(0x12));
  ASSERT_THAT(flows, SizeIs(2));
  EXPECT_EQ(flows[0].tcp_flags, 0x02);
  EXPECT_EQ(TextOf(flows[1].source), "10.0.0.2");
  EXPECT_EQ(TextOf(flows[1].destination), "10.0.0.1");
  EXPECT_EQ(flows[1].source_port, 443);
  EXPECT_EQ(flows[1].destination_port, 40000);
  EXPECT_EQ(flows[1].packets, 7U);
  EXPECT_EQ(flows[1].bytes, 777U);
  EXPECT_EQ(flows[1].tcp_flags, 0x12);
  EXPECT_EQ(books().records_seen.Get(), 2U);
}

TEST_F(BiflowRules, Rule23NoReverseFlowWithoutReversePackets) {
  EXPECT_THAT(FlowsOf({{2, 4, kReversePen}, {1, 4, kReversePen}}, Bytes().U32(0).U32(5)), SizeIs(1));
  EXPECT_THAT(FlowsOf({{6, 1, kReversePen}}, Bytes().U8(0x12)), SizeIs(1)) << "no reverse counters at all";
}

TEST_F(BiflowRules, Rule23BytesDecideWhereThereAreNoPackets) {
  EXPECT_THAT(FlowsOf({{1, 4, kReversePen}}, Bytes().U32(5)), SizeIs(2));
  EXPECT_THAT(FlowsOf({{1, 4, kReversePen}}, Bytes().U32(0)), SizeIs(1));
}

TEST_F(BiflowRules, Rule23TheReverseDirectionMayHaveTimesOfItsOwn) {
  const std::vector<FlowRecord> flows =
      FlowsOf({{152, 8}, {153, 8}, {152, 8, kReversePen}, {153, 8, kReversePen}, {2, 4, kReversePen}},
              Bytes().U64(1000).U64(4000).U64(1500).U64(2000).U32(1));
  ASSERT_THAT(flows, SizeIs(2));
  EXPECT_EQ(flows[0].duration_us, 3'000'000U);
  EXPECT_EQ(flows[1].duration_us, 500'000U);
}

TEST_F(BiflowRules, Rule23WithoutTimesOfItsOwnItSharesThem) {
  const std::vector<FlowRecord> flows =
      FlowsOf({{152, 8}, {153, 8}, {2, 4, kReversePen}}, Bytes().U64(1000).U64(4000).U32(1));
  ASSERT_THAT(flows, SizeIs(2));
  EXPECT_TRUE(flows[1].Has(FlowRecord::kHasDuration));
  EXPECT_EQ(flows[1].duration_us, 3'000'000U);
}

TEST_F(BiflowRules, Rule23YafsFlagsAreInitialAndUnion) {
  const std::vector<FlowRecord> flows = FlowsOf({{2, 4, kReversePen},
                                                 {14, 1, kCertPen},
                                                 {15, 1, kCertPen},
                                                 {0x400e, 1, kCertPen},
                                                 {0x400f, 1, kCertPen}},
                                                Bytes().U32(1).U8(0x02).U8(0x19).U8(0x12).U8(0x11));
  ASSERT_THAT(flows, SizeIs(2));
  EXPECT_EQ(flows[0].tcp_flags, 0x1b);
  EXPECT_EQ(flows[1].tcp_flags, 0x13);
}

class SectionRules : public DecoderTest {
 protected:
  static Bytes Ipv4Packet() {
    return Bytes()
        .U8(0x45)
        .U8(0)
        .U16(96)
        .U32(0)
        .U8(64)
        .U8(17)
        .U16(0)
        .Address("10.1.1.1")
        .Address("10.2.2.2")
        .U16(5000)
        .U16(53)
        .U32(0);
  }
  static Bytes Ipv6TcpPacket() {
    return Bytes()
        .U32(0x60000000)
        .U16(60)
        .U8(6)
        .U8(64)
        .Address("2001:db8::1")
        .Address("2001:db8::2")
        .U16(1000)
        .U16(22)
        .U32(0)
        .U32(0)
        .U8(0x50)
        .U8(0x18)
        .Zeros(6);
  }
  static Bytes EthernetHeader(std::uint16_t type) { return Bytes().Zeros(12).U16(type); }
};

TEST_F(SectionRules, AddressesInADataLinkFrameSection) {
  const Bytes frame = EthernetHeader(0x8100).U16(42).U16(0x0800).Append(Ipv4Packet());
  const FlowRecord flow = FlowOf({{315, kVariable}}, Bytes().Variable(frame.span()));
  EXPECT_EQ(TextOf(flow.source), "10.1.1.1");
  EXPECT_EQ(TextOf(flow.destination), "10.2.2.2");
  EXPECT_EQ(flow.protocol, 17);
  EXPECT_TRUE(flow.Has(FlowRecord::kHasPorts));
  EXPECT_EQ(flow.destination_port, 53);
  EXPECT_EQ(flow.packets, 1U);
  EXPECT_EQ(flow.bytes, 96U) << "the packet's own length, of which the section may be a part";
}

TEST_F(SectionRules, AddressesBehindMplsLabels) {
  const Bytes frame = EthernetHeader(0x8847).U32(0x00010000).U32(0x00020100).Append(Ipv6TcpPacket());
  const FlowRecord flow = FlowOf({{315, kVariable}}, Bytes().LongVariable(frame.span()));
  EXPECT_EQ(TextOf(flow.source), "2001:db8::1");
  EXPECT_EQ(flow.tcp_flags, 0x18);
  EXPECT_EQ(flow.bytes, 100U);
}

TEST_F(SectionRules, AddressesInAnIpHeaderSectionOfFixedLength) {
  const Bytes packet = Ipv4Packet();
  const FlowRecord flow = FlowOf({{313, static_cast<std::uint16_t>(packet.size())}, {1, 4}, {2, 4}},
                                 Bytes(packet).U32(5000).U32(50));
  EXPECT_EQ(TextOf(flow.source), "10.1.1.1");
  EXPECT_EQ(flow.bytes, 5000U) << "counters of the record's own come first";
  EXPECT_EQ(flow.packets, 50U);
}

TEST_F(SectionRules, AddressFieldsComeBeforeSections) {
  std::vector<Field> fields = kFlowFields;
  fields.push_back({313, kVariable});
  EXPECT_EQ(TextOf(FlowOf(fields, FlowBytes().Variable(Ipv4Packet().span())).source), "10.0.0.1");
}

TEST_F(SectionRules, ASectionWithoutIpHasNoAddresses) {
  const Bytes arp = EthernetHeader(0x0806).Zeros(28);
  const Bytes cut = EthernetHeader(0x0800).U8(0x45);
  Send(MessageBuilder::Ipfix()
           .Template(256, {{315, kVariable}})
           .Data(256, {Bytes().Variable(arp.span()), Bytes().Variable(cut.span()), Bytes().Variable({})}));
  EXPECT_THAT(TakeFlows(), SizeIs(0));
  EXPECT_EQ(Skipped(RecordSkip::kNoAddresses), 2U) << "the last is a record of zero bytes: padding";
}

TEST_F(SectionRules, Rule32TheRecordsOwnProtocolDecidesWhetherASectionHasPorts) {
  const FlowRecord flow = FlowOf({{4, 1}, {313, kVariable}}, Bytes().U8(1).Variable(Ipv4Packet().span()));
  EXPECT_EQ(flow.protocol, 1);
  EXPECT_FALSE(flow.Has(FlowRecord::kHasPorts));
}

TEST_F(SectionRules, Rule32ASectionOfNoProtocolLeavesTheOneThatPortsImply) {
  Bytes packet = Ipv4Packet();
  packet.raw()[9] = 0;
  const FlowRecord flow =
      FlowOf({{313, kVariable}, {182, 2}, {183, 2}}, Bytes().Variable(packet.span()).U16(1000).U16(80));
  EXPECT_EQ(flow.protocol, 6);
  EXPECT_TRUE(flow.Has(FlowRecord::kHasPorts));
  EXPECT_EQ(flow.destination_port, 80);
}

TEST_F(SectionRules, LaterFragmentsHaveNoPorts) {
  Bytes fragment = Ipv4Packet();
  fragment.raw()[7] = 100;  // fragment offset
  const FlowRecord flow = FlowOf({{313, kVariable}}, Bytes().Variable(fragment.span()));
  EXPECT_FALSE(flow.Has(FlowRecord::kHasPorts));
  EXPECT_EQ(flow.protocol, 17);
}

}  // namespace
}  // namespace hostscope::ipfix::test
