// Rules 24 to 28 of docs/decoding-rules.md: times.

#include "tests/ipfix/decoder_fixture.h"

namespace hostscope::ipfix::test {
namespace {

class TimeRules : public DecoderTest {
 protected:
  /// Of a record with one pair of times. 0 start and end are not special unless the rule says so.
  FlowRecord With(const std::vector<Field>& times, const Bytes& values) {
    std::vector<Field> fields = {{8, 4}, {12, 4}};
    fields.insert(fields.end(), times.begin(), times.end());
    return FlowOf(fields, Bytes().Address("10.0.0.1").Address("10.0.0.2").Append(values));
  }
  /// In microseconds; none where the record has none that can be used.
  std::optional<std::uint64_t> Duration(const std::vector<Field>& times, const Bytes& values) {
    const FlowRecord flow = With(times, values);
    return flow.Has(FlowRecord::kHasDuration) ? std::optional(flow.duration_us) : std::nullopt;
  }
  std::optional<std::uint64_t> UptimeDuration(std::uint32_t first, std::uint32_t last) {
    return Duration({{22, 4}, {21, 4}}, Bytes().U32(first).U32(last));
  }
  static std::uint64_t Ntp(std::uint64_t seconds, std::uint64_t microseconds) {
    return seconds << 32 | (microseconds << 32) / 1'000'000;
  }
};

TEST_F(TimeRules, Rule24DurationsSurviveTheWrapOfSysUptime) {
  EXPECT_EQ(UptimeDuration(0xffffff00, 0x00000100), 512'000U);
  Send(Netflow5Builder().Record({.first_ms = 0xffffff00, .last_ms = 0x00000100}));
  EXPECT_EQ(TakeOneFlow().duration_us, 512'000U);
}

TEST_F(TimeRules, Rule25AFewMillisecondsBelowZeroAreZero) {
  EXPECT_EQ(UptimeDuration(1005, 1000), 0U);
  EXPECT_EQ(UptimeDuration(1100, 1000), 0U);
  EXPECT_EQ(Duration({{152, 8}, {153, 8}}, Bytes().U64(1005).U64(1000)), 0U);
  EXPECT_EQ(books().malformed_times.Get(), 0U);
}

TEST_F(TimeRules, Rule25MoreThanThatIsAMalformedTimeAndNoDuration) {
  EXPECT_EQ(UptimeDuration(1101, 1000), std::nullopt);
  EXPECT_EQ(UptimeDuration(0x80000000, 0), std::nullopt);
  EXPECT_EQ(Duration({{152, 8}, {153, 8}}, Bytes().U64(5000).U64(1000)), std::nullopt);
  EXPECT_EQ(books().malformed_times.Get(), 3U);
  EXPECT_EQ(books().records_counted.Get(), 3U) << "the flow counts all the same";
}

TEST_F(TimeRules, Rule26TimesAheadOfUptimeAreNoWrap) {
  // Cisco CSCei12353: the last packet a little after the header's uptime.
  MessageBuilder message = MessageBuilder::Netflow9();
  message.Uptime(10'000).Template(256, {{8, 4}, {12, 4}, {22, 4}, {21, 4}});
  Send(message.Data(256, {Bytes().Address("10.0.0.1").Address("10.0.0.2").U32(9'000).U32(60'000)}));
  EXPECT_EQ(TakeOneFlow().duration_us, 51'000'000U);
}

TEST_F(TimeRules, Rule26UptimeMayBeConfiguredAsSeconds) {
  settings_.default_exporter.uptime_in_seconds = true;
  EXPECT_EQ(UptimeDuration(100, 160), 60'000'000U);
}

TEST_F(TimeRules, Rule27UptimesNeedNoSystemInitTime) {
  EXPECT_EQ(UptimeDuration(1000, 3500), 2'500'000U);
}

TEST_F(TimeRules, Rule27EveryEncodingGivesTheSameDuration) {
  constexpr std::uint64_t kStart = 1'700'000'000;
  const std::optional<std::uint64_t> expected = 3'000'000;
  EXPECT_EQ(Duration({{150, 4}, {151, 4}}, Bytes().U32(kStart).U32(kStart + 3)), expected);
  EXPECT_EQ(Duration({{152, 8}, {153, 8}}, Bytes().U64(kStart * 1000).U64((kStart + 3) * 1000)), expected);
  EXPECT_EQ(Duration({{154, 8}, {155, 8}}, Bytes().U64(Ntp(kStart, 0)).U64(Ntp(kStart + 3, 0))), expected);
  EXPECT_EQ(Duration({{156, 8}, {157, 8}}, Bytes().U64(Ntp(kStart, 0)).U64(Ntp(kStart + 3, 0))), expected);
  EXPECT_EQ(Duration({{158, 4}, {159, 4}}, Bytes().U32(5'000'000).U32(2'000'000)), expected);
  EXPECT_EQ(UptimeDuration(7000, 10'000), expected);
  EXPECT_EQ(Duration({{161, 4}}, Bytes().U32(3000)), expected);
  EXPECT_EQ(Duration({{162, 4}}, Bytes().U32(3'000'000)), expected);
}

TEST_F(TimeRules, Rule27FractionsOfNtpTimes) {
  EXPECT_EQ(Duration({{154, 8}, {155, 8}}, Bytes().U64(Ntp(100, 750'000)).U64(Ntp(102, 250'000))),
            1'500'000U);
  EXPECT_EQ(Duration({{156, 8}, {157, 8}}, Bytes().U64(Ntp(100, 500'000)).U64(Ntp(100, 750'000))), 250'000U);
}

TEST_F(TimeRules, Rule27NtpTimesAcrossTheEraOf2036) {
  EXPECT_EQ(Duration({{154, 8}, {155, 8}}, Bytes().U64(Ntp(0xffffffff, 0)).U64(Ntp(1, 0))), 2'000'000U);
}

TEST_F(TimeRules, Rule27OfTwoEncodingsOneIsTaken) {
  EXPECT_EQ(Duration({{154, 8}, {155, 8}, {152, 8}, {153, 8}},
                     Bytes().U64(Ntp(100, 0)).U64(Ntp(109, 0)).U64(1000).U64(2000)),
            1'000'000U);
  EXPECT_EQ(Duration({{22, 4}, {21, 4}, {150, 4}, {151, 4}}, Bytes().U32(0).U32(1).U32(100).U32(102)),
            2'000'000U);
}

TEST_F(TimeRules, Rule27HalfAPairIsNoTime) {
  EXPECT_EQ(Duration({{152, 8}}, Bytes().U64(1000)), std::nullopt);
  EXPECT_EQ(Duration({{152, 8}, {151, 4}}, Bytes().U64(1000).U32(2)), std::nullopt);
  EXPECT_EQ(Duration({{152, 8}, {22, 4}, {21, 4}}, Bytes().U64(1000).U32(5).U32(6)), 1000U)
      << "the whole one counts";
  EXPECT_EQ(books().malformed_times.Get(), 0U);
}

TEST_F(TimeRules, Rule27AnAbsoluteTimeOfZeroIsUnknown) {
  EXPECT_EQ(Duration({{152, 8}, {153, 8}}, Bytes().U64(0).U64(1'700'000'000'000)), std::nullopt);
  EXPECT_EQ(Duration({{150, 4}, {151, 4}}, Bytes().U32(1'700'000'000).U32(0)), std::nullopt);
  EXPECT_EQ(Duration({{154, 8}, {155, 8}}, Bytes().U64(0).U64(0)), std::nullopt);
  EXPECT_EQ(UptimeDuration(0, 5), 5000U) << "sysUptime may well be zero";
  EXPECT_EQ(books().malformed_times.Get(), 0U);
}

TEST_F(TimeRules, Rule27RecordsWithoutTimesHaveNoDuration) {
  EXPECT_FALSE(FlowOf(kFlowFields, FlowBytes()).Has(FlowRecord::kHasDuration));
}

TEST_F(TimeRules, Rule28DurationsHoldInSpiteOfAWrongClockAndTheOffsetIsKept) {
  constexpr std::uint32_t kOneDay = 86'400;
  MessageBuilder message = MessageBuilder::Ipfix();
  message.ExportTime(1'700'000'000 - kOneDay).Template(256, {{8, 4}, {12, 4}, {150, 4}, {151, 4}});
  message.Data(256, {Bytes().Address("10.0.0.1").Address("10.0.0.2").U32(86'400).U32(86'402)});  // in 1970
  Send(message, {.received_ns = 1'700'000'000'000'000'000});
  EXPECT_EQ(TakeOneFlow().duration_us, 2'000'000U);
  const std::vector<ExporterBooks> exporters = ExportersOf(decoder());
  ASSERT_EQ(exporters.size(), 1U);
  EXPECT_EQ(exporters[0].clock_offset_ns, -std::int64_t{kOneDay} * 1'000'000'000);
}

}  // namespace
}  // namespace hostscope::ipfix::test
