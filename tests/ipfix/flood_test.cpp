#include <unistd.h>

#include <fstream>

#include "tests/ipfix/decoder_fixture.h"

// A million of what anyone can send, one after the other: memory stays within what was configured, who was
// there before loses nothing, and what is refused is counted with its cause.
namespace hostscope::ipfix::test {
namespace {

constexpr std::uint32_t kMillion = 1'000'000;

/// Bytes of this process that are in memory.
std::size_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

struct Counting final : FlowConsumer {
  void Consume(std::span<const FlowRecord> records) noexcept override { count += records.size(); }
  std::uint64_t count = 0;
};

class FloodTest : public ::testing::Test {
 protected:
  FloodTest() {
    settings_.max_exporters = 1000;
    settings_.max_templates = 2000;
    settings_.max_templates_per_exporter = 100;
    settings_.max_samplers = 1000;
    settings_.held_bytes = std::size_t{1} << 20;
  }

  DatagramOutcome Send(const std::vector<std::uint8_t>& payload, std::uint32_t source,
                       std::uint16_t port = 2055) {
    const Datagram datagram{payload, Address::FromIpv4(__builtin_bswap32(source)), port, now_};
    const DatagramOutcome outcome = decoder_->Decode(datagram, consumer_);
    decoder_->Flush(consumer_);
    return outcome;
  }
  /// Of an exporter that was there first: whether all of it is counted.
  bool SendLegitimate() {
    const std::uint64_t before = consumer_.count;
    Send(data_, kLegitimate);
    return consumer_.count == before + 2;
  }
  /// Calls `send(i)` a million times, with the legitimate exporter in between. Returns by how many bytes
  /// memory grew meanwhile.
  template <typename Send>
  std::size_t Flood(Send send) {
    decoder_ = std::make_unique<Decoder>(settings_);
    this->Send(MessageBuilder::Ipfix().Template(256, kFlowFields).Build(), kLegitimate);
    const std::size_t before = ResidentBytes();
    std::size_t lost = 0;
    for (std::uint32_t i = 0; i < kMillion; ++i) {
      send(i);
      if (i % 1000 == 0 && !SendLegitimate()) ++lost;
      if (i % 10000 == 0) decoder_->Expire(now_);
    }
    EXPECT_EQ(lost, 0U) << "times that the legitimate exporter lost records";
    const Accounting& books = decoder_->accounting();
    EXPECT_EQ(books.datagrams.Get(), books.outcomes.Total());
    EXPECT_EQ(books.records_seen.Get(), books.records_counted.Get() + books.skipped.Total());
    const std::size_t after = ResidentBytes();
    return after > before ? after - before : 0;
  }
  const Accounting& books() { return decoder_->accounting(); }

  static constexpr std::uint32_t kLegitimate = 0xc0000201;
  static constexpr std::size_t kMiB = std::size_t{1} << 20;

  Settings settings_;
  std::unique_ptr<Decoder> decoder_;
  Counting consumer_;
  ReceiveTime now_{Sender{}.received_ns};
  const std::vector<std::uint8_t> data_ =
      MessageBuilder::Ipfix().Data(256, {FlowBytes(), FlowBytes()}).Build();
};

TEST_F(FloodTest, AMillionExporters) {
  const std::vector<std::uint8_t> payload = Netflow5Builder().Record({}).Build();
  const std::size_t grown = Flood([&](std::uint32_t i) { Send(payload, 0x0a000000 + i); });
  EXPECT_EQ(decoder_->exporter_count(), 1000U);
  EXPECT_EQ(books().outcomes.Get(DatagramOutcome::kExporterTableFull), kMillion - 999);
  EXPECT_LT(grown, 2 * kMiB);
}

TEST_F(FloodTest, AMillionTemplates) {
  std::vector<std::uint8_t> payload = MessageBuilder::Ipfix(7).Template(256, kFlowFields).Build();
  constexpr std::size_t kIdAt = 16 + 4;
  const std::size_t grown = Flood([&](std::uint32_t i) {
    payload[kIdAt] = static_cast<std::uint8_t>(1 + i / 256 % 255);
    payload[kIdAt + 1] = static_cast<std::uint8_t>(i);
    payload[15] = static_cast<std::uint8_t>(i % 50);  // domains
    Send(payload, 0x0a000001);
  });
  EXPECT_EQ(books().templates.Get(TemplateEvent::kLearned) - 1, 2000U - 1);
  EXPECT_GT(books().templates.Get(TemplateEvent::kRefused), kMillion / 2);
  EXPECT_LT(grown, 2000 * sizeof(Plan) + 2 * kMiB);
}

TEST_F(FloodTest, AMillionShapesOfOneTemplate) {
  std::vector<std::uint8_t> payload = MessageBuilder::Ipfix(7).Template(256, kFlowFields).Build();
  constexpr std::size_t kLengthAt = 16 + 4 + 4 + 2;
  const std::size_t grown = Flood([&](std::uint32_t i) {
    payload[kLengthAt] = static_cast<std::uint8_t>(i >> 8 & 0x7f);
    payload[kLengthAt + 1] = static_cast<std::uint8_t>(i);
    Send(payload, 0x0a000001);
  });
  EXPECT_EQ(books().templates.Get(TemplateEvent::kLearned), 2 + settings_.max_template_changes);
  EXPECT_EQ(books().refusals.Get(TemplateRefusal::kUnstable), kMillion - 1 - settings_.max_template_changes);
  EXPECT_LT(grown, 2 * kMiB);
}

TEST_F(FloodTest, AMillionDomainsOfOneAddress) {
  settings_.max_exporters_per_address = 100;
  const std::vector<std::uint8_t> payload = Netflow5Builder().Record({}).Build();
  const std::size_t grown =
      Flood([&](std::uint32_t i) { Send(payload, 0x0a000001, static_cast<std::uint16_t>(i)); });
  EXPECT_EQ(decoder_->exporter_count(), 101U);
  EXPECT_GT(books().outcomes.Get(DatagramOutcome::kAddressFull), kMillion - 2 * 65'536U);
  EXPECT_LT(grown, 2 * kMiB);
}

TEST_F(FloodTest, AMillionDataSetsWithoutTemplate) {
  const std::vector<std::uint8_t> payload =
      MessageBuilder::Ipfix(9).Data(999, {FlowBytes(), FlowBytes()}).Build();
  const std::size_t grown = Flood([&](std::uint32_t i) { Send(payload, 0x0a000000 + i % 500); });
  const std::uint64_t given_up = books().early_sets.Get(EarlySet::kNoRoom);
  EXPECT_EQ(books().early_sets.Get(EarlySet::kMet), kMillion);
  EXPECT_EQ(given_up + books().HeldSets(), kMillion);
  EXPECT_LT(grown, settings_.held_bytes + 2 * kMiB);
}

TEST_F(FloodTest, AMillionSamplers) {
  std::vector<std::uint8_t> payload = MessageBuilder::Ipfix(9)
                                          .OptionsTemplate(257, {{149, 4}}, {{302, 4}, {34, 4}})
                                          .Data(257, {Bytes().U32(9).U32(1).U32(100)})
                                          .Build();
  const std::size_t selector_at = payload.size() - 8;
  const std::size_t grown = Flood([&](std::uint32_t i) {
    payload[selector_at + 1] = static_cast<std::uint8_t>(i >> 16);
    payload[selector_at + 2] = static_cast<std::uint8_t>(i >> 8);
    payload[selector_at + 3] = static_cast<std::uint8_t>(i);
    Send(payload, 0x0a000001);
  });
  EXPECT_EQ(books().samplers_refused.Get(), kMillion - 999);
  EXPECT_LT(grown, 2 * kMiB);
}

}  // namespace
}  // namespace hostscope::ipfix::test
