// Rules 18 to 22 and 32 of docs/decoding-rules.md: how fields are encoded, and which of them make up a flow
// record.

#include "tests/ipfix/decoder_fixture.h"

namespace hostscope::ipfix::test {
namespace {

using ::testing::SizeIs;

const std::vector<Field> kAddressesOnly = {{8, 4}, {12, 4}};
Bytes AddressBytes() {
  return Bytes().Address("10.0.0.1").Address("10.0.0.2");
}

std::vector<Field> With(std::vector<Field> fields, const std::vector<Field>& more) {
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

class FieldRules : public DecoderTest {
 protected:
  FlowRecord FlowWith(const std::vector<Field>& more, const Bytes& values) {
    return FlowOf(With(kAddressesOnly, more), AddressBytes().Append(values));
  }
};

class UnsignedLengths : public FieldRules, public ::testing::WithParamInterface<std::uint16_t> {};

TEST_P(UnsignedLengths, Rule18CountersMayHaveOneToEightBytes) {
  const std::uint16_t length = GetParam();
  const std::uint64_t largest = length == 8 ? UINT64_MAX : (std::uint64_t{1} << (8 * length)) - 1;
  const FlowRecord flow = FlowWith({{1, length}, {2, length}}, Bytes().U(largest, length).U(3, length));
  EXPECT_EQ(flow.bytes, largest);
  EXPECT_EQ(flow.packets, 3U);
}

TEST_P(UnsignedLengths, Rule18SoMayPortsProtocolAndFlags) {
  const std::uint16_t length = GetParam();
  const FlowRecord flow = FlowWith({{4, length}, {7, length}, {11, length}, {6, length}},
                                   Bytes().U(6, length).U(200, length).U(80, length).U(0x1b, length));
  EXPECT_EQ(flow.protocol, 6);
  EXPECT_TRUE(flow.Has(FlowRecord::kHasPorts));
  EXPECT_EQ(flow.source_port, 200);
  EXPECT_EQ(flow.destination_port, 80);
  EXPECT_EQ(flow.tcp_flags, 0x1b);
}

TEST_P(UnsignedLengths, Rule18OfVariableLengthRecordsToo) {
  const std::uint16_t length = GetParam();
  const FlowRecord flow =
      FlowWith({{82, kVariable}, {1, length}, {83, kVariable}, {2, length}},
               Bytes().Variable(Bytes().U16(7).span()).U(9, length).Variable({}).U(4, length));
  EXPECT_EQ(flow.bytes, 9U);
  EXPECT_EQ(flow.packets, 4U);
}
INSTANTIATE_TEST_SUITE_P(All, UnsignedLengths, ::testing::Range<std::uint16_t>(1, 9));

TEST_F(FieldRules, Rule18TcpControlBitsMayHaveTwoBytes) {
  EXPECT_EQ(FlowWith({{6, 1}}, Bytes().U8(0x12)).tcp_flags, 0x12);
  EXPECT_EQ(FlowWith({{6, 2}}, Bytes().U16(0x0112)).tcp_flags, 0x12)
      << "without the reserved bits of RFC 9293";
}

TEST_F(FieldRules, Rule18AnIntegerOfMoreThanEightBytesIsNone) {
  const FlowRecord flow = FlowWith({{1, 9}, {2, 4}}, Bytes().U(5, 9).U32(3));
  EXPECT_EQ(flow.bytes, 0U);
  EXPECT_EQ(flow.packets, 3U);
}

TEST_F(FieldRules, Rule18AnAddressOfAnotherLengthIsNone) {
  Send(MessageBuilder::Ipfix()
           .Template(256, {{8, 16}, {12, 4}})
           .Data(256, {Bytes().Zeros(16).Address("10.0.0.2")}));
  Send(MessageBuilder::Ipfix()
           .Template(257, {{27, 4}, {28, 16}})
           .Data(257, {Bytes().U32(1).Address("2001:db8::1")}));
  EXPECT_THAT(TakeFlows(), SizeIs(0));
  EXPECT_EQ(Skipped(RecordSkip::kNoAddresses), 2U);
}

TEST_F(FieldRules, Rule19VariableLengthInBothForms) {
  const std::vector<Field> fields = With({{82, kVariable}}, kFlowFields);
  const Bytes name = Bytes().U32(0x65746830);
  Bytes long_name;
  for (unsigned i = 0; i < 300; ++i) long_name.U8(i);
  Send(MessageBuilder::Ipfix()
           .Template(256, fields)
           .Data(256,
                 {Bytes().Variable(name.span()).Append(FlowBytes()),
                  Bytes().LongVariable(name.span()).Append(FlowBytes()),
                  Bytes().LongVariable(long_name.span()).Append(FlowBytes()),
                  Bytes().Variable({}).Append(FlowBytes()), Bytes().LongVariable({}).Append(FlowBytes())}));
  const std::vector<FlowRecord> flows = TakeFlows();
  ASSERT_THAT(flows, SizeIs(5));
  for (const FlowRecord& flow : flows) {
    EXPECT_EQ(TextOf(flow.source), "10.0.0.1");
    EXPECT_EQ(flow.bytes, 1000U);
  }
}

TEST_F(FieldRules, Rule19VariableLengthInNetflow9) {
  const std::vector<Field> fields = With({{82, kVariable}}, kFlowFields);
  Send(MessageBuilder::Netflow9()
           .Template(256, fields)
           .Data(256, {Bytes().Variable(Bytes().U16(1).span()).Append(FlowBytes()),
                       Bytes().Variable({}).Append(FlowBytes())}));
  EXPECT_THAT(TakeFlows(), SizeIs(2));
}

TEST_F(FieldRules, Rule19AVariableLengthThatRunsBeyondTheSetIsMalformed) {
  Send(MessageBuilder::Ipfix().Template(256, With(kFlowFields, {{82, kVariable}})));
  Send(MessageBuilder::Ipfix().Data(256, {FlowBytes().U8(1)}));
  Send(MessageBuilder::Ipfix().Data(256, {FlowBytes().U8(255)}));
  Send(MessageBuilder::Ipfix().Data(256, {FlowBytes().U8(255).U8(0)}));
  Send(MessageBuilder::Ipfix().Data(256, {FlowBytes().U8(255).U16(0xffff).U8(1)}));
  EXPECT_EQ(Skipped(RecordSkip::kMalformed), 4U);
  EXPECT_THAT(TakeFlows(), SizeIs(0));
}

TEST_F(FieldRules, Rule19StructuredDataAreSkipped) {
  // RFC 6313: a basicList, a subTemplateList and a subTemplateMultiList; the addresses inside are not the
  // record's.
  const Bytes list = Bytes().U8(3).U16(8).U16(4).Address("10.66.66.66");
  Send(MessageBuilder::Ipfix()
           .Template(256, With({{291, kVariable}, {292, kVariable}}, With(kFlowFields, {{293, kVariable}})))
           .Data(256, {Bytes()
                           .Variable(list.span())
                           .Variable(Bytes().U8(3).U16(257).span())
                           .Append(FlowBytes())
                           .LongVariable(list.span())}));
  const FlowRecord flow = TakeOneFlow();
  EXPECT_EQ(TextOf(flow.source), "10.0.0.1");
  EXPECT_EQ(flow.bytes, 1000U);
}

TEST_F(FieldRules, Rule19PaddingOctetsAreSkipped) {
  EXPECT_EQ(FlowWith({{210, 3}, {1, 4}, {210, 1}}, Bytes().Zeros(3).U32(70).Zeros(1)).bytes, 70U);
}

TEST_F(FieldRules, Rule20TheEnterpriseBitIsIpfixOnly) {
  // Cisco ASA's types in NetFlow v9: no enterprise number follows them.
  Send(MessageBuilder::Netflow9()
           .Template(256, With({{33000, 12}, {33002, 2}}, kFlowFields))
           .Data(256, {Bytes().Zeros(12).U16(1).Append(FlowBytes())}));
  EXPECT_EQ(TakeOneFlow().bytes, 1000U);
}

TEST_F(FieldRules, Rule20UnknownAndEnterpriseElementsAreSkippedByTheirLength) {
  const FlowRecord flow = FlowWith({{32000, 5}, {1, 8, 35632}, {2, 4, 9}, {1, 4}, {8, 4, 12345}, {2, 4}},
                                   Bytes().Zeros(5).U64(111).U32(222).U32(70).Address("10.66.66.66").U32(7));
  EXPECT_EQ(flow.bytes, 70U);
  EXPECT_EQ(flow.packets, 7U);
  EXPECT_EQ(TextOf(flow.source), "10.0.0.1");
}

const std::vector<Field> kBothFamilies = {{8, 4}, {12, 4}, {27, 16}, {28, 16}};
constexpr char kNone4[] = "0.0.0.0";
constexpr char kNone6[] = "::";

TEST_F(FieldRules, Rule21OfBothFamiliesTheOneThatIsNotZero) {
  const auto source = [&](const char* ipv4, const char* ipv6) {
    return TextOf(
        FlowOf(kBothFamilies, Bytes().Address(ipv4).Address(ipv4).Address(ipv6).Address(ipv6)).source);
  };
  EXPECT_EQ(source("10.0.0.1", kNone6), "10.0.0.1");
  EXPECT_EQ(source(kNone4, "2001:db8::1"), "2001:db8::1");
}

TEST_F(FieldRules, Rule21OneSideMayBeUnspecified) {
  const FlowRecord flow =
      FlowOf(kBothFamilies, Bytes().Address(kNone4).Address(kNone4).Address(kNone6).Address("ff02::1"));
  EXPECT_EQ(TextOf(flow.destination), "ff02::1");
  EXPECT_EQ(TextOf(flow.source), "::");
}

TEST_F(FieldRules, Rule21OfTwoThatAreSetIpVersionDecides) {
  const std::vector<Field> fields = With(kBothFamilies, {{60, 1}});
  const Bytes both =
      Bytes().Address("10.0.0.1").Address("10.0.0.2").Address("2001:db8::1").Address("2001:db8::2");
  EXPECT_EQ(TextOf(FlowOf(fields, Bytes(both).U8(4)).source), "10.0.0.1");
  EXPECT_EQ(TextOf(FlowOf(fields, Bytes(both).U8(6)).source), "2001:db8::1");
}

TEST_F(FieldRules, Rule21OfTwoThatAreSetTheOuterOneComesFirst) {
  const Bytes ipv4 = Bytes().Address("10.0.0.1").Address("10.0.0.2");
  const Bytes ipv6 = Bytes().Address("2001:db8::1").Address("2001:db8::2");
  EXPECT_EQ(TextOf(FlowOf(kBothFamilies, Bytes(ipv4).Append(ipv6)).source), "10.0.0.1");
  EXPECT_EQ(TextOf(FlowOf({{27, 16}, {28, 16}, {8, 4}, {12, 4}}, Bytes(ipv6).Append(ipv4)).source),
            "2001:db8::1");
}

TEST_F(FieldRules, Rule21MappedAddressesAreIpv4) {
  const FlowRecord flow =
      FlowOf({{27, 16}, {28, 16}}, Bytes().Address("::ffff:10.0.0.1").Address("2001:db8::1"));
  EXPECT_TRUE(flow.source.IsIpv4());
  EXPECT_EQ(TextOf(flow.source), "10.0.0.1");
}

TEST_F(FieldRules, Rule21ARecordWithoutAPairOfAddressesIsSkipped) {
  Send(MessageBuilder::Ipfix()
           .Template(256, {{8, 4}, {28, 16}, {1, 4}})
           .Data(256, {Bytes().Address("10.0.0.1").Address("2001:db8::1").U32(1)}));
  Send(MessageBuilder::Ipfix()
           .Template(257, {{8, 4}, {1, 4}})
           .Data(257, {Bytes().Address("10.0.0.1").U32(1)}));
  EXPECT_EQ(Skipped(RecordSkip::kNoAddresses), 2U);
  EXPECT_THAT(TakeFlows(), SizeIs(0));
}

TEST_F(FieldRules, Rule22DeltasComeBeforeEverythingElse) {
  const FlowRecord flow =
      FlowWith({{85, 8}, {86, 8}, {231, 8}, {298, 8}, {23, 8}, {24, 8}, {352, 8}, {1, 8}, {2, 8}},
               Bytes().U64(20).U64(21).U64(22).U64(23).U64(24).U64(25).U64(26).U64(100).U64(10));
  EXPECT_EQ(flow.bytes, 100U);
  EXPECT_EQ(flow.packets, 10U);
  EXPECT_EQ(books().substitute_counters.Get(), 0U);
}
TEST_F(FieldRules, Rule22TotalsWhereThereAreNoDeltas) {
  const FlowRecord flow =
      FlowWith({{23, 8}, {24, 8}, {85, 8}, {86, 8}}, Bytes().U64(1).U64(1).U64(100).U64(10));
  EXPECT_EQ(flow.bytes, 100U);
  EXPECT_EQ(flow.packets, 10U);
  EXPECT_EQ(books().substitute_counters.Get(), 1U);
}
TEST_F(FieldRules, Rule22InitiatorsCountersWhereThereAreNoDeltas) {
  const FlowRecord flow =
      FlowWith({{85, 8}, {86, 8}, {231, 8}, {298, 8}}, Bytes().U64(1).U64(1).U64(100).U64(10));
  EXPECT_EQ(flow.bytes, 100U);
  EXPECT_EQ(flow.packets, 10U);
}
TEST_F(FieldRules, Rule22PostCountersOnlyWhereThereIsNothingElse) {
  const FlowRecord flow = FlowWith({{23, 8}, {24, 8}}, Bytes().U64(100).U64(10));
  EXPECT_EQ(flow.bytes, 100U);
  EXPECT_EQ(flow.packets, 10U);
  const FlowRecord totals = FlowWith({{171, 8}, {172, 8}}, Bytes().U64(200).U64(20));
  EXPECT_EQ(totals.bytes, 200U);
  EXPECT_EQ(totals.packets, 20U);
}
TEST_F(FieldRules, Rule22PostCountersMayBeConfiguredAsTheReverseDirections) {
  settings_.default_exporter.post_counters_are_reverse = true;
  Send(MessageBuilder::Netflow9()
           .Template(256, With(kFlowFields, {{23, 4}, {24, 4}}))
           .Data(256, {FlowBytes().U32(500).U32(5)}));
  const std::vector<FlowRecord> flows = TakeFlows();
  ASSERT_THAT(flows, SizeIs(2));
  EXPECT_EQ(flows[0].bytes, 1000U);
  EXPECT_EQ(TextOf(flows[1].source), "10.0.0.2");
  EXPECT_EQ(flows[1].bytes, 500U);
  EXPECT_EQ(flows[1].packets, 5U);
}
TEST_F(FieldRules, Rule22LayerTwoBytesWhereThereAreNoOthers) {
  const FlowRecord flow = FlowWith({{352, 8}, {2, 4}}, Bytes().U64(1514).U32(1));
  EXPECT_EQ(flow.bytes, 1514U);
  EXPECT_EQ(flow.packets, 1U);
}
TEST_F(FieldRules, Rule22BytesAndPacketsAreChosenApart) {
  const FlowRecord flow = FlowWith({{1, 4}, {86, 4}}, Bytes().U32(100).U32(10));
  EXPECT_EQ(flow.bytes, 100U);
  EXPECT_EQ(flow.packets, 10U);
}
TEST_F(FieldRules, Rule22RecordsWithoutCountersCountAsFlows) {
  const FlowRecord flow = FlowWith({}, {});
  EXPECT_EQ(flow.bytes, 0U);
  EXPECT_EQ(flow.packets, 0U);
  EXPECT_EQ(books().without_counters.Get(), 1U);
}

class Directions : public FieldRules {
 protected:
  void SendBoth() {
    Send(MessageBuilder::Netflow9()
             .Template(256, With(kFlowFields, {{61, 1}}))
             .Data(256, {FlowBytes({.source = "10.0.0.3"}).U8(0), FlowBytes({.source = "10.0.0.4"}).U8(1)}));
  }
};
TEST_F(Directions, Rule22BothDirectionsCountUnlessConfigured) {
  SendBoth();
  EXPECT_THAT(TakeFlows(), SizeIs(2));
}
TEST_F(Directions, Rule22IngressOnly) {
  settings_.default_exporter.direction = ExporterSettings::Direction::kIngress;
  SendBoth();
  EXPECT_EQ(TextOf(TakeOneFlow().source), "10.0.0.3");
  EXPECT_EQ(Skipped(RecordSkip::kDirection), 1U);
}
TEST_F(Directions, Rule22EgressOnly) {
  settings_.default_exporter.direction = ExporterSettings::Direction::kEgress;
  SendBoth();
  EXPECT_EQ(TextOf(TakeOneFlow().source), "10.0.0.4");
}
TEST_F(Directions, Rule22RecordsThatDontSayCountInAnyCase) {
  settings_.default_exporter.direction = ExporterSettings::Direction::kEgress;
  Send(MessageBuilder::Netflow9().Template(256, kFlowFields).Data(256, {FlowBytes()}));
  EXPECT_THAT(TakeFlows(), SizeIs(1));
}

TEST_F(FieldRules, Rule32IcmpTypeAndCodeAreNoPorts) {
  for (const std::uint8_t protocol : {std::uint8_t{1}, std::uint8_t{58}}) {
    const FlowRecord flow =
        FlowOf(kFlowFields, FlowBytes({.source_port = 0, .destination_port = 2048, .protocol = protocol}));
    EXPECT_FALSE(flow.Has(FlowRecord::kHasPorts));
    EXPECT_EQ(flow.protocol, protocol);
  }
  Send(Netflow5Builder().Record({.source_port = 0, .destination_port = 771, .protocol = 1}));
  EXPECT_FALSE(TakeOneFlow().Has(FlowRecord::kHasPorts));
}
TEST_F(FieldRules, Rule32OnlyTcpUdpSctpAndDccpHavePorts) {
  for (unsigned protocol = 0; protocol <= 255; ++protocol) {
    const FlowRecord flow = FlowOf(kFlowFields, FlowBytes({.protocol = static_cast<std::uint8_t>(protocol)}));
    const bool has_ports = protocol == 6 || protocol == 17 || protocol == 33 || protocol == 132;
    EXPECT_EQ(flow.Has(FlowRecord::kHasPorts), has_ports) << protocol;
  }
}
TEST_F(FieldRules, Rule32PortsAreBelievedWhereNothingNamesTheProtocol) {
  const FlowRecord flow = FlowWith({{7, 2}, {11, 2}}, Bytes().U16(1).U16(2));
  EXPECT_TRUE(flow.Has(FlowRecord::kHasPorts));
  EXPECT_EQ(flow.destination_port, 2);
}
TEST_F(FieldRules, Rule32PortsOfUdpAndTcpInFieldsOfTheirOwn) {
  const std::vector<Field> fields = {{180, 2}, {181, 2}, {182, 2}, {183, 2}};
  const FlowRecord udp = FlowWith(fields, Bytes().U16(5000).U16(53).U16(0).U16(0));
  EXPECT_EQ(udp.protocol, 17);
  EXPECT_EQ(udp.source_port, 5000);
  EXPECT_EQ(udp.destination_port, 53);
  const FlowRecord tcp = FlowWith(fields, Bytes().U16(0).U16(0).U16(6000).U16(443));
  EXPECT_EQ(tcp.protocol, 6);
  EXPECT_TRUE(tcp.Has(FlowRecord::kHasPorts));
  EXPECT_EQ(tcp.destination_port, 443);
}
TEST_F(FieldRules, Rule32BitsBeyondSixteenAreNoPort) {
  const FlowRecord flow = FlowOf({{8, 4}, {12, 4}, {180, 4}, {181, 4}},
                                 Bytes().Address("10.0.0.1").Address("10.0.0.2").U32(0x10000).U32(0x20000));
  EXPECT_EQ(flow.protocol, 0) << "neither port is set, so that nothing implies UDP";
}

TEST_F(FieldRules, Rule32PortsOfTheirOwnFieldsFollowTheProtocolThatIsNamed) {
  const std::vector<Field> fields = {{4, 1}, {182, 2}, {183, 2}};
  const FlowRecord icmp = FlowWith(fields, Bytes().U8(1).U16(0).U16(0));
  EXPECT_FALSE(icmp.Has(FlowRecord::kHasPorts));
  const FlowRecord tcp = FlowWith(fields, Bytes().U8(6).U16(1000).U16(80));
  EXPECT_TRUE(tcp.Has(FlowRecord::kHasPorts));
  EXPECT_EQ(tcp.source_port, 1000);
}

}  // namespace
}  // namespace hostscope::ipfix::test
