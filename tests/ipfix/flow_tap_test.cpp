// What a tap is shown: every flow record that the consumer gets, and when its flow began and ended.
#include "ipfix/flow_tap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ipfix/decoder.h"
#include "tests/ipfix/decoder_fixture.h"

namespace hostscope::ipfix::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Times = std::pair<std::int64_t, std::int64_t>;

constexpr std::int64_t kUnknown = FlowTimes::kUnknown;
constexpr std::int64_t kExportMs = 1'700'000'000'000;  // the builders'; sysUptime is an hour then
constexpr std::int64_t kUptimeMs = 3'600'000;

class FlowTapTest : public ::testing::Test {
 protected:
  std::vector<Times> TimesIn(const std::vector<std::uint8_t>& payload) {
    if (decoder_ == nullptr) {
      decoder_ = std::make_unique<Decoder>(settings_);
      decoder_->SetTap(&tap_);
    }
    EXPECT_EQ(decoder_->Decode({payload, AddressOf("192.0.2.1"), 2055, {}}, consumer_),
              DatagramOutcome::kDecoded);
    decoder_->Flush(consumer_);
    EXPECT_TRUE(tap_.records == consumer_.records);
    return std::exchange(tap_.times, {});
  }
  /// Of one record with these times: read the plain way, and with a field of variable length the other.
  Times TimesOf(const std::vector<Field>& fields, const Bytes& values,
                MessageBuilder message = MessageBuilder::Ipfix()) {
    std::vector<Field> all = {{8, 4}, {12, 4}};
    all.insert(all.end(), fields.begin(), fields.end());
    const Bytes record = Bytes().Address("10.0.0.1").Address("10.0.0.2").Append(values);
    message.Template(256, all).Data(256, {record});
    all.push_back({82, 0xffff});  // interfaceName
    message.Template(257, all).Data(257, {Bytes(record).U8(2).U8('e').U8('0')});
    const std::vector<Times> times = TimesIn(message.Build());
    EXPECT_EQ(times.size(), 2U);
    if (times.size() != 2) return {};
    EXPECT_EQ(times[0], times[1]) << "both ways of reading";
    return times[0];
  }

  struct Tap final : FlowTap {
    void Take(std::span<const FlowRecord> taken, std::span<const FlowTimes> when) noexcept override {
      EXPECT_EQ(taken.size(), when.size());
      records.insert(records.end(), taken.begin(), taken.end());
      for (const FlowTimes& each : when) times.emplace_back(each.start_ms, each.end_ms);
    }
    std::vector<FlowRecord> records;
    std::vector<Times> times;
  };
  struct Collector final : FlowConsumer {
    void Consume(std::span<const FlowRecord> taken) noexcept override {
      records.insert(records.end(), taken.begin(), taken.end());
    }
    std::vector<FlowRecord> records;
  };

  Settings settings_;
  Tap tap_;
  Collector consumer_;
  std::unique_ptr<Decoder> decoder_;
};

TEST_F(FlowTapTest, TimesOfEveryEncoding) {
  constexpr std::uint64_t kSeconds = 1'700'000'123;
  constexpr auto kMs = static_cast<std::int64_t>(kSeconds * 1000);
  constexpr std::uint64_t kNtp = (kSeconds + 2'208'988'800) << 32;
  EXPECT_EQ(TimesOf({{152, 8}, {153, 8}}, Bytes().U64(kSeconds * 1000 + 7).U64(kSeconds * 1000 + 9)),
            Times(kMs + 7, kMs + 9));
  EXPECT_EQ(TimesOf({{150, 4}, {151, 4}}, Bytes().U32(kSeconds).U32(kSeconds + 2)), Times(kMs, kMs + 2000));
  EXPECT_EQ(TimesOf({{154, 8}, {155, 8}}, Bytes().U64(kNtp | 0x80000000).U64(kNtp | 0xc0000000)),
            Times(kMs + 500, kMs + 750));
  EXPECT_EQ(TimesOf({{156, 8}, {157, 8}}, Bytes().U64(kNtp).U64(kNtp + (std::uint64_t{3} << 32))),
            Times(kMs, kMs + 3000));
  EXPECT_EQ(TimesOf({{158, 4}, {159, 4}}, Bytes().U32(5'000'000).U32(2'000'000)),
            Times(kExportMs - 5000, kExportMs - 2000));
  EXPECT_EQ(TimesOf({{22, 4}, {21, 4}}, Bytes().U32(kUptimeMs - 5000).U32(kUptimeMs - 1000),
                    MessageBuilder::Netflow9()),
            Times(kExportMs - 5000, kExportMs - 1000));
}

TEST_F(FlowTapTest, TimesAfter2036) {
  EXPECT_EQ(TimesOf({{154, 8}, {155, 8}}, Bytes().U64(std::uint64_t{1} << 32).U64(std::uint64_t{2} << 32)),
            Times(2'085'978'497'000, 2'085'978'498'000));
}

TEST_F(FlowTapTest, SysUptimeMayWrapAndBeAheadAndCountSeconds) {
  MessageBuilder message = MessageBuilder::Netflow9();
  EXPECT_EQ(TimesOf({{22, 4}, {21, 4}}, Bytes().U32(0xffffff00).U32(0x100), message.Uptime(0x200)),
            Times(kExportMs - 0x300, kExportMs - 0x100));
  EXPECT_EQ(TimesOf({{22, 4}, {21, 4}}, Bytes().U32(0x100).U32(0x300), message.Uptime(0x200)),
            Times(kExportMs - 0x100, kExportMs + 0x100));
  decoder_.reset();
  settings_.default_exporter.uptime_in_seconds = true;
  EXPECT_EQ(TimesOf({{22, 4}, {21, 4}}, Bytes().U32(100).U32(160), MessageBuilder::Netflow9().Uptime(200)),
            Times(kExportMs - 100'000, kExportMs - 40'000));
}

TEST_F(FlowTapTest, WhatIsNotKnownIsNotMadeUp) {
  const Times none(kUnknown, kUnknown);
  EXPECT_EQ(TimesOf({}, Bytes()), none);
  EXPECT_EQ(TimesOf({{161, 4}}, Bytes().U32(3000)), none) << "a length only";
  EXPECT_EQ(TimesOf({{22, 4}, {21, 4}}, Bytes().U32(1000).U32(2000)), none) << "IPFIX says no sysUptime";
  EXPECT_EQ(TimesOf({{152, 8}, {153, 8}}, Bytes().U64(0).U64(1'700'000'000'000)),
            Times(kUnknown, 1'700'000'000'000));
  EXPECT_EQ(TimesOf({{152, 8}, {153, 8}}, Bytes().U64(UINT64_MAX).U64(1)).second, 1) << "nothing overflows";
}

TEST_F(FlowTapTest, NetFlow5) {
  const std::vector<Times> times =
      TimesIn(Netflow5Builder().Record({.first_ms = 3'599'000, .last_ms = 3'599'500}).Record({}).Build());
  EXPECT_THAT(times, ElementsAre(Times(kExportMs - 1000, kExportMs - 500),
                                 Times(kExportMs - kUptimeMs + 1000, kExportMs - kUptimeMs + 2000)));
}

TEST_F(FlowTapTest, BothDirectionsOfABiflow) {
  constexpr std::uint32_t kReverse = 29'305;
  const std::vector<Field> fields = {
      {8, 4}, {12, 4}, {2, 4}, {2, 4, kReverse}, {152, 8}, {153, 8}, {152, 8, kReverse}, {153, 8, kReverse}};
  const auto record = [](std::uint32_t reverse_packets) {
    return Bytes()
        .Address("10.0.0.1")
        .Address("10.0.0.2")
        .U32(1)
        .U32(reverse_packets)
        .U64(100)
        .U64(200)
        .U64(150)
        .U64(250);
  };
  const std::vector<Times> times = TimesIn(
      MessageBuilder::Ipfix().Template(256, fields).Data(256, {record(1), record(0), record(2)}).Build());
  EXPECT_THAT(times, ElementsAre(Times(100, 200), Times(150, 250), Times(100, 200), Times(100, 200),
                                 Times(150, 250)));
}

TEST_F(FlowTapTest, WithoutATapNothingIsShown) {
  Decoder decoder{Settings{}};
  decoder.SetTap(&tap_);
  decoder.SetTap(nullptr);
  const std::vector<std::uint8_t> payload = Netflow5Builder().Record({}).Build();
  EXPECT_EQ(decoder.Decode({payload, AddressOf("192.0.2.1"), 2055, {}}, consumer_),
            DatagramOutcome::kDecoded);
  decoder.Flush(consumer_);
  EXPECT_EQ(consumer_.records.size(), 1U);
  EXPECT_THAT(tap_.records, IsEmpty());
}

TEST_F(FlowTapTest, ManyRecordsKeepTheirTimes) {
  MessageBuilder message = MessageBuilder::Ipfix();
  message.Template(256, {{8, 4}, {12, 4}, {152, 8}, {153, 8}});
  Bytes body;
  for (std::uint64_t i = 1; i <= 1000; ++i)
    body.Append(Bytes().Address("10.0.0.1").Address("10.0.0.2").U64(i).U64(2 * i));
  const std::vector<Times> times = TimesIn(message.RawSet(256, body, 1000).Build());
  ASSERT_EQ(times.size(), 1000U);
  for (std::int64_t i = 0; i < 1000; ++i)
    EXPECT_EQ(times[static_cast<std::size_t>(i)], Times(i + 1, 2 * (i + 1)));
}

}  // namespace
}  // namespace hostscope::ipfix::test
