#include "ipfix/remembered.h"
#include "ipfix/template_reader.h"
#include "tests/ipfix/decoder_fixture.h"

// Templates and sampling rates that outlive the decoder.
namespace hostscope::ipfix::test {
namespace {

constexpr std::int64_t kSecond = kNanosecondsPerSecond;
constexpr std::int64_t kHour = 3600 * kSecond;

/// Notes what it is told, as a file would.
struct Notebook final : DecoderObserver {
  bool TemplateCame(const TemplateNotice& notice) noexcept override {
    ++told;
    if (!has_room) return false;
    RememberedTemplate known{notice, {notice.record.begin(), notice.record.end()}};
    known.notice.record = {};
    std::erase_if(templates, [&](const RememberedTemplate& other) {
      return other.notice.address == notice.address && other.notice.domain == notice.domain &&
             other.notice.id == notice.id;
    });
    templates.push_back(std::move(known));
    return true;
  }
  bool RateCame(const RateNotice& notice) noexcept override {
    rates.push_back(notice);
    return has_room;
  }
  std::vector<RememberedTemplate> templates;
  std::vector<RememberedRate> rates;
  int told = 0;
  bool has_room = true;
};

struct Collector final : FlowConsumer {
  void Consume(std::span<const FlowRecord> records) noexcept override {
    flows.insert(flows.end(), records.begin(), records.end());
  }
  std::vector<FlowRecord> flows;
};

class RecallTest : public ::testing::Test {
 protected:
  RecallTest() { Restart(); }
  /// A decoder that knows what the one before told.
  void Restart() {
    settings_.remembered = std::make_shared<const Remembered>(notebook_.templates, notebook_.rates);
    decoder_ = std::make_unique<Decoder>(settings_, &notebook_);
  }
  /// How many flow records come of it.
  std::size_t Send(const MessageBuilder& message, std::int64_t seconds = 0,
                   const std::string& address = "192.0.2.1") {
    const std::vector<std::uint8_t> bytes = message.Build();
    collector_.flows.clear();
    decoder_->Decode({bytes, AddressOf(address), 2055, {Sender{}.received_ns + seconds * kSecond}},
                     collector_);
    decoder_->Flush(collector_);
    return collector_.flows.size();
  }
  std::uint64_t Templates(TemplateEvent event) { return decoder_->accounting().templates.Get(event); }

  Settings settings_;
  Notebook notebook_;
  std::unique_ptr<Decoder> decoder_;
  Collector collector_;
};

TEST_F(RecallTest, Rule13DataOfAKnownExporterAreReadAtOnce) {
  Send(MessageBuilder::Ipfix().Template(256, kFlowFields).Template(257, {{8, 4}, {12, 4}, {82, kVariable}}));
  Send(MessageBuilder::Netflow9(9).Template(256, kFlowFields));
  Restart();
  EXPECT_EQ(Send(MessageBuilder::Ipfix().Data(256, {FlowBytes(), FlowBytes()}), 10), 2U);
  const Bytes named = Bytes().Address("10.0.0.1").Address("10.0.0.2").Variable(Bytes().U16(7).span());
  EXPECT_EQ(Send(MessageBuilder::Ipfix().Data(257, {named, named}), 10), 2U);
  EXPECT_EQ(Send(MessageBuilder::Netflow9(9).Uptime(3'600'000).Data(256, {FlowBytes()}), 10), 1U);
  EXPECT_EQ(Templates(TemplateEvent::kRecalled), 3U);
  EXPECT_EQ(Templates(TemplateEvent::kLearned), 0U);
  EXPECT_EQ(Send(MessageBuilder::Ipfix(2).Data(256, {FlowBytes()}), 10), 0U) << "another domain";
  EXPECT_EQ(Send(MessageBuilder::Ipfix().Data(256, {FlowBytes()}), 10, "192.0.2.2"), 0U);
}

TEST_F(RecallTest, Rule13WhatIsRecalledKeepsItsAge) {
  settings_.template_lifetime_ns = kHour;
  Send(MessageBuilder::Ipfix().Template(256, kFlowFields).Template(257, kFlowFields), 0);
  Send(MessageBuilder::Ipfix().Template(257, kFlowFields), 1000);
  Restart();
  EXPECT_EQ(Send(MessageBuilder::Ipfix().Data(256, {FlowBytes()}), 3601), 0U);
  EXPECT_EQ(Send(MessageBuilder::Ipfix().Data(257, {FlowBytes()}), 3601), 1U);
  for (int i = 0; i < 16; ++i) decoder_->Expire({Sender{}.received_ns + 4601 * kSecond});
  EXPECT_EQ(Send(MessageBuilder::Ipfix().Data(257, {FlowBytes()}), 4601), 0U);
}

TEST_F(RecallTest, Rule13DataThatDontFitDropIt) {
  Send(MessageBuilder::Ipfix().Template(256, kFlowFields).Template(257, kFlowFields));
  Restart();
  Bytes longer = FlowBytes();
  longer.U8(1);
  EXPECT_EQ(Send(MessageBuilder::Ipfix().Data(256, {longer})), 0U);
  EXPECT_EQ(Templates(TemplateEvent::kStale), 1U);
  EXPECT_EQ(Send(MessageBuilder::Ipfix().Data(256, {FlowBytes()})), 0U) << "it is gone";
  EXPECT_EQ(Send(MessageBuilder::Ipfix().Data(257, {FlowBytes()}).Padding(30)), 1U) << "padding fits";
  EXPECT_EQ(Send(MessageBuilder::Ipfix().Template(256, kFlowFields).Data(256, {FlowBytes()})), 1U);
  EXPECT_EQ(Send(MessageBuilder::Ipfix().Data(256, {longer})), 1U) << "now it is the exporter's own";
  EXPECT_EQ(Templates(TemplateEvent::kStale), 1U);
}

TEST_F(RecallTest, Rule13AnExporterThatWasRestartedMeansNothingByIt) {
  Send(MessageBuilder::Netflow9().Uptime(1'000'000).Template(256, kFlowFields));
  Restart();
  EXPECT_EQ(Send(MessageBuilder::Netflow9().Uptime(59'000).Data(256, {FlowBytes()}), 60), 0U);
  EXPECT_EQ(Templates(TemplateEvent::kRecalled), 0U);
  Restart();
  EXPECT_EQ(Send(MessageBuilder::Netflow9().Uptime(1'060'000).Data(256, {FlowBytes()}), 60), 1U);
}

TEST_F(RecallTest, Rule13SamplingRatesAreKnownToo) {
  std::vector<Field> fields = kFlowFields;
  fields.push_back({48, 1});
  Send(MessageBuilder::Netflow9()
           .Template(256, fields)
           .OptionsTemplate(257, {{1, 4}}, {{48, 1}, {50, 2}})
           .Data(257, {Bytes().U32(0).U8(1).U16(100), Bytes().U32(0).U8(2).U16(50)}));
  Send(MessageBuilder::Ipfix(5)
           .Template(256, kFlowFields)
           .OptionsTemplate(258, {{149, 4}}, {{34, 4}})
           .Data(258, {Bytes().U32(5).U32(7)}));
  Restart();
  ASSERT_EQ(
      Send(MessageBuilder::Netflow9().Uptime(3'600'000).Data(256, {FlowBytes().U8(1), FlowBytes().U8(2)})),
      2U);
  EXPECT_EQ(collector_.flows[0].packets, 1000U);
  EXPECT_EQ(collector_.flows[1].packets, 500U);
  ASSERT_EQ(Send(MessageBuilder::Ipfix(5).Data(256, {FlowBytes()})), 1U);
  EXPECT_EQ(collector_.flows[0].packets, 70U);
}

TEST_F(RecallTest, ARepeatedTemplateIsToldOnceAMinute) {
  for (std::int64_t second = 0; second < 120; ++second)
    Send(MessageBuilder::Ipfix().Template(256, kFlowFields), second);
  EXPECT_EQ(notebook_.told, 2);
  Send(MessageBuilder::Ipfix().Template(256, {{8, 4}, {12, 4}}), 119);
  EXPECT_EQ(notebook_.told, 3) << "a new one at once";
  notebook_.has_room = false;
  Send(MessageBuilder::Ipfix().Template(300, kFlowFields), 120);
  notebook_.has_room = true;
  Send(MessageBuilder::Ipfix().Template(300, kFlowFields), 121);
  EXPECT_EQ(notebook_.told, 5) << "what found no room is told again";
}

}  // namespace
}  // namespace hostscope::ipfix::test
