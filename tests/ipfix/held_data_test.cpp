#include "ipfix/held_data.h"

#include <algorithm>
#include <deque>
#include <random>

#include "tests/ipfix/decoder_fixture.h"

// Data that come before their template: the ring they are held in, and what the decoder makes of them.
namespace hostscope::ipfix::test {
namespace {

constexpr std::int64_t kSecond = kNanosecondsPerSecond;

/// The ring against lists of the standard library, whatever comes when.
TEST(HeldDataTest, DoesWhatSimpleListsDo) {
  struct Known {
    std::uint32_t exporter;
    std::uint16_t id;
    std::vector<std::uint8_t> body;
  };
  std::mt19937 random(7);
  constexpr std::size_t kExporters = 3;
  HeldData ring(2048);
  HeldData::List lists[kExporters];
  std::deque<Known> known;
  HeldData::Set set;
  std::size_t taken = 0;
  std::size_t popped = 0;
  for (int step = 0; step < 20000; ++step) {
    if (random() % 4 != 0) {
      const auto exporter = static_cast<std::uint32_t>(random() % kExporters);
      const auto id = static_cast<std::uint16_t>(256 + random() % 3);
      std::vector<std::uint8_t> body(random() % 300);
      std::ranges::generate(body, [&] { return static_cast<std::uint8_t>(random()); });
      while (!ring.HasRoom(HeldData::SizeOf(body.size())) && ring.Oldest(set)) {
        ASSERT_EQ(set.exporter, known.front().exporter);
        ASSERT_TRUE(std::ranges::equal(set.body, known.front().body));
        ring.PopOldest(lists[set.exporter]);
        known.pop_front();
        ++popped;
      }
      ASSERT_TRUE(ring.HasRoom(HeldData::SizeOf(body.size())));
      ring.Push({.received = {step}, .exporter = exporter, .id = id, .body = body}, lists[exporter]);
      known.push_back({exporter, id, body});
      continue;
    }
    const auto exporter = static_cast<std::uint32_t>(random() % kExporters);
    const auto id = static_cast<std::uint16_t>(256 + random() % 3);
    std::uint64_t before = HeldData::kNone;
    std::uint64_t at = lists[exporter].first;
    const auto is_it = [&](const Known& one) { return one.exporter == exporter && one.id == id; };
    while (ring.Take(lists[exporter], id, at, before, set)) {
      const auto expected = std::ranges::find_if(known, is_it);
      ASSERT_NE(expected, known.end());
      ASSERT_TRUE(std::ranges::equal(set.body, expected->body));
      known.erase(expected);
      ++taken;
    }
    ASSERT_EQ(std::ranges::count_if(known, is_it), 0);
  }
  EXPECT_GT(taken, 1000U);
  EXPECT_GT(popped, 1000U);
  for (HeldData::List& list : lists) {
    while (list.first != HeldData::kNone) ring.TakeFirst(list);
    EXPECT_EQ(list.bytes, 0U);
  }
  EXPECT_FALSE(ring.Oldest(set));
}

class EarlyDataTest : public DecoderTest {
 protected:
  EarlyDataTest() {
    settings_.held_bytes = 64 << 10;
    settings_.held_bytes_per_exporter = 16 << 10;
    DontCompareWithNaive();
  }
  std::uint64_t Early(EarlySet what) { return books().early_sets.Get(what); }
  /// At every moment.
  void ExpectBalanced(std::uint64_t held) {
    EXPECT_EQ(books().HeldSets(), held);
    EXPECT_EQ(Early(EarlySet::kMet),
              Early(EarlySet::kRead) + Early(EarlySet::kExpired) + Early(EarlySet::kNoRoom) + held);
    EXPECT_EQ(SetsSkipped(SetSkip::kUnknownTemplate), Early(EarlySet::kExpired) + Early(EarlySet::kNoRoom));
    EXPECT_EQ(books().records_seen.Get(), books().records_counted.Get() + books().skipped.Total());
  }
  static MessageBuilder Data(std::uint16_t id = 256, std::size_t records = 1, std::uint16_t port = 443) {
    Bytes body;
    for (std::size_t i = 0; i < records; ++i) body.Append(FlowBytes({.destination_port = port}));
    return MessageBuilder::Ipfix().RawSet(id, body, records);
  }
  static MessageBuilder Template(std::uint16_t id = 256, std::uint32_t domain = 1) {
    return MessageBuilder::Ipfix(domain).Template(id, kFlowFields);
  }
  static Sender At(std::int64_t seconds, const std::string& address = "192.0.2.1") {
    return {.address = address, .received_ns = Sender{}.received_ns + seconds * kSecond};
  }
};

TEST_F(EarlyDataTest, Rule31IsReadWhenItsTemplateComes) {
  Send(Data(256, 2, 1));
  Send(Data(257, 1, 2));
  Send(Data(256, 1, 3));
  EXPECT_TRUE(TakeFlows().empty());
  ExpectBalanced(3);
  Send(Template(256));
  std::vector<FlowRecord> flows = TakeFlows();
  ASSERT_EQ(flows.size(), 3U);
  EXPECT_EQ(flows[0].destination_port, 1);
  EXPECT_EQ(flows[2].destination_port, 3) << "in the order in which they came";
  ExpectBalanced(1);
  Send(Template(257));
  EXPECT_EQ(TakeOneFlow().destination_port, 2);
  ExpectBalanced(0);
  Send(Template(256));  // a second time changes nothing
  EXPECT_TRUE(TakeFlows().empty());
  EXPECT_EQ(books().records_counted.Get(), 4U);
}

TEST_F(EarlyDataTest, TheSameMessageMayBringTheTemplateLast) {
  Send(MessageBuilder::Ipfix().Data(256, {FlowBytes()}).Template(256, kFlowFields).Data(256, {FlowBytes()}));
  EXPECT_EQ(TakeFlows().size(), 2U);
}

TEST_F(EarlyDataTest, OptionsDataAreHeldToo) {
  settings_.held_lifetime_ns = kSecond;
  std::vector<Field> fields = kFlowFields;
  fields.push_back({48, 1});
  Send(MessageBuilder::Netflow9().Data(257, {Bytes().U32(0).U8(1).U16(100)}));
  Send(MessageBuilder::Netflow9()
           .Template(256, fields)
           .OptionsTemplate(257, {{1, 4}}, {{48, 1}, {50, 2}})
           .Data(256, {FlowBytes().U8(1)}));
  EXPECT_EQ(TakeOneFlow().packets, 1000U);
  EXPECT_EQ(books().options_records.Get(), 1U);
}

TEST_F(EarlyDataTest, Rule31NobodyElsesTemplateReadsIt) {
  Send(Data());
  Send(Template(), At(0, "192.0.2.2"));
  Send(Template(256, 7));
  EXPECT_TRUE(TakeFlows().empty());
  ExpectBalanced(1);
}

TEST_F(EarlyDataTest, ExpiresWhoeverSends) {
  Send(Data(), At(0));
  Send(Data(), At(20));
  Send(Data(300), At(31, "192.0.2.2"));
  EXPECT_EQ(Early(EarlySet::kExpired), 1U);
  ExpectBalanced(2);
  Send(Template(), At(51));
  EXPECT_TRUE(TakeFlows().empty()) << "its time was over when the template came";
  EXPECT_EQ(Early(EarlySet::kExpired), 2U);
  decoder().Expire({At(70).received_ns});
  EXPECT_EQ(Early(EarlySet::kExpired), 3U);
  ExpectBalanced(0);
}

TEST_F(EarlyDataTest, OneExporterCannotUseUpTheRoom) {
  for (int i = 0; i < 100; ++i) Send(Data(256, 20));
  const std::uint64_t held = books().HeldSets();
  EXPECT_EQ(held, (16U << 10) / HeldData::SizeOf(20 * kFlowLength));
  ExpectBalanced(held);
  Send(Data(), At(0, "192.0.2.2"));
  Send(Template(), At(0, "192.0.2.2"));
  EXPECT_EQ(TakeFlows().size(), 1U);
  Send(Template());
  EXPECT_EQ(TakeFlows().size(), 20 * held);
}

/// A flood of data without templates takes the oldest's place, and no more memory.
TEST_F(EarlyDataTest, TheOldestGoFirst) {
  settings_.max_exporters = 20000;
  Send(Data(256, 1, 1));
  for (int i = 0; i < 10000; ++i) {
    Send(Data(256, 10), At(0, "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250)));
  }
  const std::uint64_t held = books().HeldSets();
  EXPECT_LE(held * HeldData::SizeOf(10 * kFlowLength), 64U << 10);
  EXPECT_GT(held, 200U);
  ExpectBalanced(held);
  Send(Template());
  EXPECT_TRUE(TakeFlows().empty());
  Send(Template(), At(0, "10.0.39.249"));
  EXPECT_EQ(TakeFlows().size(), 10U) << "the latest";
}

TEST_F(EarlyDataTest, GoesWithItsExporter) {
  settings_.exporter_lifetime_ns = 5 * kSecond;
  Send(Data());
  Send(Data(300), At(7, "192.0.2.2"));
  for (std::size_t i = 0; i < 16; ++i) decoder().Expire({At(8).received_ns});
  EXPECT_EQ(decoder().exporter_count(), 1U);
  ExpectBalanced(1);
  Send(Template(), At(9));
  EXPECT_TRUE(TakeFlows().empty());
}

TEST_F(EarlyDataTest, ABodyLargerThanAllRoomIsSkipped) {
  settings_.held_bytes = 256;
  Send(Data(256, 5));
  Send(Data(256, 20));
  EXPECT_EQ(Early(EarlySet::kNoRoom), 1U);
  ExpectBalanced(1);
}

/// Sequence numbers of IPFIX count the records of a message: not those of others that are read with it.
TEST_F(EarlyDataTest, SequenceNumbersAreThoseOfTheirMessages) {
  Send(Template(300).Sequence(0));
  Send(Data(256, 3).Sequence(0));
  Send(Template(256).Sequence(3));
  Send(Data(256, 2).Sequence(3));
  Send(Data(256, 2).Sequence(5));
  EXPECT_EQ(TakeFlows().size(), 7U);
  EXPECT_EQ(books().sequence_lost.Get(), 0U);
  EXPECT_EQ(books().sequence_resets.Get(), 0U);
}

/// In whatever order an exporter's datagrams come, all is counted once its templates are there.
TEST_F(EarlyDataTest, AnyOrderGivesTheSameFlows) {
  settings_.held_bytes_per_exporter = 64 << 10;
  std::mt19937 random(3);
  for (int round = 0; round < 50; ++round) {
    const std::string address = "192.0.2." + std::to_string(round + 1);
    std::vector<MessageBuilder> messages;
    for (std::uint16_t id = 256; id < 260; ++id) {
      messages.push_back(Template(id));
      for (std::size_t i = 1; i <= 5; ++i) messages.push_back(Data(id, i));
    }
    std::ranges::shuffle(messages, random);
    for (const MessageBuilder& message : messages) Send(message, At(0, address));
    EXPECT_EQ(TakeFlows().size(), 4U * 15);
    ExpectBalanced(0);
  }
}

TEST_F(EarlyDataTest, OffItIsSkippedAtOnce) {
  settings_.held_bytes = 0;
  Send(Data());
  Send(Template());
  EXPECT_TRUE(TakeFlows().empty());
  EXPECT_EQ(SetsSkipped(SetSkip::kUnknownTemplate), 1U);
  EXPECT_EQ(Early(EarlySet::kMet), 0U);
}

}  // namespace
}  // namespace hostscope::ipfix::test
