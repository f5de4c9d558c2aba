// Rules 14 to 17 of docs/decoding-rules.md: options data and sampling rates.

#include "tests/ipfix/decoder_fixture.h"

namespace hostscope::ipfix::test {
namespace {

class SamplingRules : public DecoderTest {
 protected:
  /// Announces by options data of `fields` whose only record is `values`; then a flow record of 10 packets,
  /// 1000 bytes.
  FlowRecord AfterOptions(const std::vector<Field>& fields, const Bytes& values) {
    const Bytes scope = Bytes().U32(1);
    Send(MessageBuilder::Ipfix()
             .OptionsTemplate(300, {{149, 4}}, fields)
             .Data(300, {Bytes(scope).Append(values)}));
    Send(MessageBuilder::Ipfix().Template(256, kFlowFields).Data(256, {FlowBytes()}));
    return TakeOneFlow();
  }
  /// A flow record that carries `fields` itself.
  FlowRecord WithFields(const std::vector<Field>& more, const Bytes& values) {
    std::vector<Field> fields = kFlowFields;
    fields.insert(fields.end(), more.begin(), more.end());
    return FlowOf(fields, FlowBytes().Append(values));
  }
};

TEST_F(SamplingRules, Rule14Netflow9OptionsHeaderGivesLengthsInBytes) {
  // Scope: system (1), 4 bytes. Options: sampler id in 1 byte, random interval in 2.
  Send(MessageBuilder::Netflow9()
           .OptionsTemplate(300, {{1, 4}}, {{48, 1}, {50, 2}})
           .Data(300, {Bytes().U32(0).U8(5).U16(100), Bytes().U32(0).U8(6).U16(1000)}));
  EXPECT_EQ(books().options_records.Get(), 2U);
  std::vector<Field> fields = kFlowFields;
  fields.push_back({48, 1});
  Send(MessageBuilder::Netflow9().Template(256, fields).Data(256, {FlowBytes().U8(5), FlowBytes().U8(6)}));
  const std::vector<FlowRecord> flows = TakeFlows();
  ASSERT_EQ(flows.size(), 2U);
  EXPECT_EQ(flows[0].packets, 1000U);
  EXPECT_EQ(flows[1].packets, 10'000U);
}

TEST_F(SamplingRules, Rule14Netflow9ScopeTypesAreNotElements) {
  // Scope types 1 to 5 (RFC 3954 section 6.1) would else be octets, packets, flows, protocol and class of
  // service.
  const std::vector<Field> scope = {{1, 4}, {2, 4}, {3, 1}, {4, 2}, {5, 2}};
  Send(MessageBuilder::Netflow9()
           .OptionsTemplate(300, scope, {{34, 4}})
           .Data(300, {Bytes().U32(9).U32(9).U8(9).U16(9).U16(9).U32(50)}));
  Send(MessageBuilder::Netflow9().Template(256, kFlowFields).Data(256, {FlowBytes()}));
  EXPECT_EQ(TakeOneFlow().packets, 500U);
}

TEST_F(SamplingRules, Rule14Netflow9OptionsLengthsThatAreNoMultipleOfAFieldAreMalformed) {
  Send(MessageBuilder::Netflow9().RawSet(1, Bytes().U16(300).U16(6).U16(4).Zeros(12)));
  Send(MessageBuilder::Netflow9().RawSet(1, Bytes().U16(300).U16(4).U16(5).Zeros(12)));
  EXPECT_EQ(SetsSkipped(SetSkip::kBadTemplate), 2U);
}

TEST_F(SamplingRules, Rule14IpfixOptionsHeaderCountsFieldsScopeIncluded) {
  const std::vector<Field> scope = {{149, 4}, {302, 2}};
  Send(MessageBuilder::Ipfix()
           .OptionsTemplate(300, scope, {{305, 4}, {306, 4}})
           .Data(300, {Bytes().U32(1).U16(3).U32(1).U32(99)}));
  EXPECT_EQ(books().options_records.Get(), 1U);
  const FlowRecord flow = WithFields({{302, 8}}, Bytes().U64(3));
  EXPECT_EQ(flow.packets, 1000U);
  EXPECT_TRUE(flow.Has(FlowRecord::kScaled));
}

TEST_F(SamplingRules, Rule14IpfixScopeCountBeyondTheFieldsIsMalformed) {
  Send(MessageBuilder::Ipfix().RawSet(3, Bytes().U16(300).U16(1).U16(2).U16(149).U16(4)));
  EXPECT_EQ(SetsSkipped(SetSkip::kBadTemplate), 1U);
}

TEST_F(SamplingRules, Rule14OptionsDataAreNoFlowRecords) {
  // Interface names: an options record that even holds addresses.
  Send(MessageBuilder::Ipfix()
           .OptionsTemplate(300, {{10, 4}}, {{8, 4}, {12, 4}, {1, 8}})
           .Data(300, {Bytes().U32(1).Address("10.0.0.1").Address("10.0.0.2").U64(100)}));
  EXPECT_TRUE(TakeFlows().empty());
  EXPECT_EQ(books().options_records.Get(), 1U);
  EXPECT_EQ(books().records_seen.Get(), 0U);
}

TEST_F(SamplingRules, Rule15PacketIntervalAndSpace) {
  EXPECT_EQ(AfterOptions({{305, 4}, {306, 4}}, Bytes().U32(1).U32(999)).packets, 10'000U);
}
TEST_F(SamplingRules, Rule15SeveralPacketsInARow) {
  EXPECT_EQ(AfterOptions({{305, 4}, {306, 4}}, Bytes().U32(10).U32(990)).packets, 1000U);
}
TEST_F(SamplingRules, Rule15PacketIntervalAloneIsTheRate) {
  EXPECT_EQ(AfterOptions({{305, 4}}, Bytes().U32(4000)).packets, 40'000U);
}
TEST_F(SamplingRules, Rule15SizeAndPopulation) {
  const FlowRecord flow = AfterOptions({{309, 4}, {310, 4}}, Bytes().U32(3).U32(1000));
  EXPECT_EQ(flow.packets, 3333U) << "10 * 1000 / 3, rounded";
  EXPECT_EQ(flow.bytes, 333'333U);
}
TEST_F(SamplingRules, Rule15SamplingIntervalOfAnyWidth) {
  EXPECT_EQ(AfterOptions({{34, 4}}, Bytes().U32(128)).packets, 1280U);
  EXPECT_EQ(AfterOptions({{34, 2}}, Bytes().U16(64)).packets, 640U);
  EXPECT_EQ(AfterOptions({{34, 8}}, Bytes().U64(32)).packets, 320U);
}
TEST_F(SamplingRules, Rule15SamplerRandomIntervalOfAnyWidth) {
  EXPECT_EQ(AfterOptions({{50, 4}}, Bytes().U32(128)).packets, 1280U);
  EXPECT_EQ(AfterOptions({{50, 2}}, Bytes().U16(64)).packets, 640U);
}
TEST_F(SamplingRules, Rule15NewerElementsComeFirst) {
  EXPECT_EQ(AfterOptions({{34, 4}, {305, 4}, {306, 4}}, Bytes().U32(7).U32(1).U32(99)).packets, 1000U);
  EXPECT_EQ(AfterOptions({{34, 4}, {309, 4}, {310, 4}}, Bytes().U32(7).U32(1).U32(50)).packets, 500U);
}
TEST_F(SamplingRules, Rule15ZerosAnnounceNothing) {
  EXPECT_EQ(AfterOptions({{305, 4}, {306, 4}}, Bytes().U32(0).U32(0)).packets, 10U);
  EXPECT_EQ(AfterOptions({{309, 4}, {310, 4}}, Bytes().U32(0).U32(0)).packets, 10U);
  EXPECT_EQ(AfterOptions({{34, 4}}, Bytes().U32(0)).packets, 10U);
}
TEST_F(SamplingRules, Rule15OneInOneIsNotScaling) {
  const FlowRecord flow = AfterOptions({{34, 4}}, Bytes().U32(1));
  EXPECT_EQ(flow.packets, 10U);
  EXPECT_FALSE(flow.Has(FlowRecord::kScaled));
}

class SamplerIdWidths : public SamplingRules, public ::testing::WithParamInterface<std::uint16_t> {};

TEST_P(SamplerIdWidths, Rule15RecordsNameTheirSamplerInAnyWidth) {
  Send(MessageBuilder::Ipfix()
           .OptionsTemplate(300, {{149, 4}}, {{302, 4}, {34, 4}})
           .Data(300, {Bytes().U32(1).U32(17).U32(100), Bytes().U32(1).U32(18).U32(2)}));
  EXPECT_EQ(WithFields({{302, GetParam()}}, Bytes().U(17, GetParam())).packets, 1000U);
  EXPECT_EQ(WithFields({{48, GetParam()}}, Bytes().U(18, GetParam())).packets, 20U);
}
INSTANTIATE_TEST_SUITE_P(All, SamplerIdWidths, ::testing::Values(1, 2, 4, 8));

TEST_F(SamplingRules, Rule15SamplerIdZeroMayMeanTheLast) {
  Send(MessageBuilder::Ipfix()
           .OptionsTemplate(300, {{149, 4}}, {{48, 1}, {50, 4}})
           .Data(300, {Bytes().U32(1).U8(1).U32(100), Bytes().U32(1).U8(2).U32(200)}));
  EXPECT_EQ(WithFields({{48, 1}}, Bytes().U8(0)).packets, 2000U);
}
TEST_F(SamplingRules, Rule15ASamplerThatNobodyDescribedIsNotScaled) {
  Send(MessageBuilder::Ipfix()
           .OptionsTemplate(300, {{149, 4}}, {{48, 1}, {50, 4}})
           .Data(300, {Bytes().U32(1).U8(1).U32(100)}));
  EXPECT_EQ(WithFields({{48, 1}}, Bytes().U8(9)).packets, 10U);
}
TEST_F(SamplingRules, Rule15RecordsThatNameNoSamplerTakeTheOneAnnounced) {
  EXPECT_EQ(AfterOptions({{48, 1}, {50, 4}}, Bytes().U8(1).U32(100)).packets, 1000U);
}
TEST_F(SamplingRules, Rule15ASystemWideRateHoldsForEverySampler) {
  AfterOptions({{34, 4}}, Bytes().U32(100));
  EXPECT_EQ(WithFields({{48, 1}}, Bytes().U8(9)).packets, 1000U);
}
TEST_F(SamplingRules, Rule15TheRateMayChange) {
  EXPECT_EQ(AfterOptions({{34, 4}}, Bytes().U32(100)).packets, 1000U);
  EXPECT_EQ(AfterOptions({{34, 4}}, Bytes().U32(10)).packets, 100U);
}

TEST_F(SamplingRules, Rule16TheRecordItselfMayCarryTheRate) {
  AfterOptions({{34, 4}}, Bytes().U32(100));
  EXPECT_EQ(WithFields({{34, 4}}, Bytes().U32(4)).packets, 40U) << "before what options said";
  EXPECT_EQ(WithFields({{34, 4}}, Bytes().U32(0)).packets, 1000U) << "zero says nothing";
  EXPECT_EQ(WithFields({{305, 4}, {306, 4}}, Bytes().U32(1).U32(4)).packets, 50U);
}
TEST_F(SamplingRules, Rule16RouterOsSwapsTheBytesOfSamplingInterval) {
  EXPECT_EQ(WithFields({{34, 4}}, Bytes().U32(16'777'216)).packets, 10U) << "that is 1";
  EXPECT_EQ(WithFields({{34, 4}}, Bytes().U32(0x0a000000)).packets, 100U) << "that is 10";
}
TEST_F(SamplingRules, Rule16ConfigurationOverridesWhateverIsAnnounced) {
  settings_.default_exporter.sampling_rate = 5;
  EXPECT_EQ(AfterOptions({{34, 4}}, Bytes().U32(100)).packets, 50U);
  EXPECT_EQ(WithFields({{34, 4}}, Bytes().U32(4)).packets, 50U);
}
TEST_F(SamplingRules, Rule16ConfigurationHoldsForItsPrefixOnly) {
  ExporterSettings fixed;
  fixed.sampling_rate = 5;
  std::uint32_t network;
  inet_pton(AF_INET, "192.0.2.0", &network);
  settings_.exporters.push_back({Prefix::Ipv4(network, 24), fixed});
  Send(MessageBuilder::Ipfix().Template(256, kFlowFields).Data(256, {FlowBytes()}),
       {.address = "192.0.2.77"});
  EXPECT_EQ(TakeOneFlow().packets, 50U);
  Send(MessageBuilder::Ipfix().Template(256, kFlowFields).Data(256, {FlowBytes()}),
       {.address = "192.0.3.77"});
  EXPECT_EQ(TakeOneFlow().packets, 10U);
}
TEST_F(SamplingRules, Rule16SamplingMayBeIgnored) {
  settings_.default_exporter.apply_sampling = false;
  EXPECT_EQ(AfterOptions({{34, 4}}, Bytes().U32(100)).packets, 10U);
  EXPECT_EQ(WithFields({{34, 4}}, Bytes().U32(4)).packets, 10U);
  Send(Netflow5Builder().Record({}).Sampling(100));
  EXPECT_EQ(TakeOneFlow().packets, 1U);
  EXPECT_EQ(books().scaled_records.Get(), 0U);
}
TEST_F(SamplingRules, Rule16BothDirectionsOfABiflowAreScaled) {
  std::vector<Field> fields = kFlowFields;
  fields.insert(fields.end(), {{2, 4, kReversePen}, {1, 4, kReversePen}, {34, 4}});
  Send(MessageBuilder::Ipfix().Template(256, fields).Data(256, {FlowBytes().U32(3).U32(300).U32(10)}));
  const std::vector<FlowRecord> flows = TakeFlows();
  ASSERT_EQ(flows.size(), 2U);
  EXPECT_EQ(flows[0].packets, 100U);
  EXPECT_EQ(flows[1].packets, 30U);
  EXPECT_EQ(books().scaled_records.Get(), 2U);
}
TEST_F(SamplingRules, Rule16ScalingSaturates) {
  const FlowRecord flow =
      FlowOf({{8, 4}, {12, 4}, {1, 8}, {2, 8}, {34, 4}},
             Bytes().Address("10.0.0.1").Address("10.0.0.2").U64(UINT64_MAX / 2).U64(1).U32(1000));
  EXPECT_EQ(flow.bytes, UINT64_MAX);
  EXPECT_EQ(flow.packets, 1000U);
}

TEST_F(SamplingRules, Rule17Netflow5IntervalIsTheLowFourteenBits) {
  Send(Netflow5Builder().Record({.packets = 2}).Sampling(0x4000 | 100));
  EXPECT_EQ(TakeOneFlow().packets, 200U);
  Send(Netflow5Builder().Record({.packets = 2}).Sampling(0x4000));
  EXPECT_EQ(TakeOneFlow().packets, 2U);
}
TEST_F(SamplingRules, Rule17JuniperUsesAllSixteenBits) {
  settings_.default_exporter.v5_sampling_uses_16_bits = true;
  Send(Netflow5Builder().Record({.packets = 2}).Sampling(20'000));
  EXPECT_EQ(TakeOneFlow().packets, 40'000U);
}

}  // namespace
}  // namespace hostscope::ipfix::test
