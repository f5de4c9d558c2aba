#include "tests/ipfix/decoder_fixture.h"

// The clock is set while a decoder remembers things: what it knows is as old as it was, and nothing is lost
// by that.
namespace hostscope::ipfix::test {
namespace {

using ::testing::SizeIs;

constexpr std::int64_t kSecond_ns = 1'000'000'000;
constexpr std::int64_t kDay_ns = 86400 * kSecond_ns;

class ClockShiftTest : public DecoderTest, public ::testing::WithParamInterface<std::int64_t> {
 protected:
  ClockShiftTest() { DontCompareWithNaive(); }

  Sender Now() const { return {.received_ns = Sender{}.received_ns + since_start_}; }
  void Pass(std::int64_t ns) {
    since_start_ += ns;
    for (int i = 0; i < 32; ++i) decoder().Expire({Now().received_ns});
  }
  void SetClock() {
    since_start_ += GetParam();
    decoder().ShiftClock(GetParam());
    Pass(0);
  }

 private:
  std::int64_t since_start_ = 0;
};

TEST_P(ClockShiftTest, TemplatesAndExportersStay) {
  settings_.template_lifetime_ns = 100 * kSecond_ns;
  settings_.exporter_lifetime_ns = 1000 * kSecond_ns;
  Send(MessageBuilder::Ipfix().Template(256, kFlowFields), Now());
  Pass(60 * kSecond_ns);
  SetClock();
  Send(MessageBuilder::Ipfix().Data(256, {FlowBytes()}), Now());
  EXPECT_THAT(TakeFlows(), SizeIs(1));
  Pass(30 * kSecond_ns);
  Send(MessageBuilder::Ipfix().Data(256, {FlowBytes()}), Now());
  EXPECT_THAT(TakeFlows(), SizeIs(1));
  Pass(30 * kSecond_ns);
  Send(MessageBuilder::Ipfix().Data(256, {FlowBytes()}), Now());
  EXPECT_THAT(TakeFlows(), SizeIs(0)) << "120 seconds after it came";
  EXPECT_EQ(decoder().exporter_count(), 1U);
  Pass(1001 * kSecond_ns);
  EXPECT_EQ(decoder().exporter_count(), 0U);
}

TEST_P(ClockShiftTest, SamplingRatesStay) {
  settings_.exporter_lifetime_ns = 100 * kSecond_ns;
  Send(
      MessageBuilder::Ipfix().OptionsTemplate(300, {{149, 4}}, {{34, 4}}).Data(300, {Bytes().U32(0).U32(10)}),
      Now());
  SetClock();
  Send(MessageBuilder::Ipfix().Template(256, kFlowFields).Data(256, {FlowBytes()}), Now());
  EXPECT_EQ(TakeOneFlow().packets, 100U);
}

TEST_P(ClockShiftTest, WhatIsHeldIsStillReadAndStillExpires) {
  settings_.held_bytes = 1 << 20;
  settings_.held_lifetime_ns = 30 * kSecond_ns;
  Send(MessageBuilder::Ipfix().Data(256, {FlowBytes()}), Now());
  Send(MessageBuilder::Ipfix().Data(257, {FlowBytes()}), Now());
  Pass(20 * kSecond_ns);
  SetClock();
  Send(MessageBuilder::Ipfix().Template(256, kFlowFields), Now());
  EXPECT_THAT(TakeFlows(), SizeIs(1));
  EXPECT_EQ(books().HeldSets(), 1U);
  Pass(11 * kSecond_ns);
  EXPECT_EQ(books().HeldSets(), 0U);
}

TEST_P(ClockShiftTest, RateLimitsGoOn) {
  settings_.default_exporter.rate_limit = 10;
  const auto send = [&] {
    int decoded = 0;
    for (int i = 0; i < 20; ++i)
      decoded += Send(MessageBuilder::Ipfix(), Now()) == DatagramOutcome::kDecoded ? 1 : 0;
    return decoded;
  };
  EXPECT_EQ(send(), 10);
  SetClock();
  EXPECT_EQ(send(), 0) << "no time has passed";
  Pass(kSecond_ns / 2);
  EXPECT_EQ(send(), 5);
}

TEST_P(ClockShiftTest, ChangesOfTemplatesAreStillLimited) {
  settings_.max_template_changes = 1;
  std::vector<Field> other = kFlowFields;
  other.push_back({5, 1});
  Send(MessageBuilder::Ipfix().Template(256, kFlowFields), Now());
  Send(MessageBuilder::Ipfix().Template(256, other), Now());
  SetClock();
  Send(MessageBuilder::Ipfix().Template(256, kFlowFields), Now());
  EXPECT_EQ(Templates(TemplateEvent::kRefused), 1U);
  Pass(61 * kSecond_ns);
  Send(MessageBuilder::Ipfix().Template(256, kFlowFields), Now());
  EXPECT_EQ(Templates(TemplateEvent::kRefused), 1U);
}

INSTANTIATE_TEST_SUITE_P(Steps, ClockShiftTest,
                         ::testing::Values(3600 * kSecond_ns, -3600 * kSecond_ns, 500 * kDay_ns,
                                           -500 * kDay_ns, kSecond_ns, -kSecond_ns));

}  // namespace
}  // namespace hostscope::ipfix::test
