#include "ipfix/data_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include "ipfix/decoder.h"
#include "ipfix/job_reader.h"
#include "ipfix/plan_pool.h"
#include "tests/fuzz/random_message.h"
#include "tests/ipfix/decoder_fixture.h"

// Data sets that are split off, read later, in any order, by any reader, must give what the decoder in place
// gives: the same flow records, and the same books for each exporter.
namespace hostscope::ipfix::test {
namespace {

using Payload = std::vector<std::uint8_t>;

struct Collector final : FlowConsumer {
  void Consume(std::span<const FlowRecord> records) noexcept override {
    flows.insert(flows.end(), records.begin(), records.end());
  }
  /// As text, since only what a record means is compared, and sorted, since jobs may be read in any order.
  std::vector<std::string> SortedTexts() const {
    std::vector<std::string> texts;
    for (const FlowRecord& flow : flows) {
      std::ostringstream text;
      text << flow;
      texts.push_back(text.str());
    }
    std::sort(texts.begin(), texts.end());
    return texts;
  }
  std::vector<FlowRecord> flows;
};

/// What a tap is shown, as sorted texts.
struct Tap final : FlowTap {
  void Take(std::span<const FlowRecord> records, std::span<const FlowTimes> times) noexcept override {
    for (std::size_t i = 0; i < records.size(); ++i) {
      std::ostringstream text;
      text << records[i] << ' ' << times[i].start_ms << ' ' << times[i].end_ms;
      texts.insert(text.str());
    }
  }
  std::multiset<std::string> texts;
};

template <typename Enum>
void AddAll(const CounterArray<Enum>& counters, std::vector<std::uint64_t>& all) {
  for (std::size_t i = 0; i < CounterArray<Enum>::kSize; ++i)
    all.push_back(counters.Get(static_cast<Enum>(i)));
}

std::vector<std::uint64_t> AllOf(const Accounting& books) {
  std::vector<std::uint64_t> all{
      books.datagrams.Get(),           books.records_seen.Get(),    books.records_counted.Get(),
      books.options_records.Get(),     books.scaled_records.Get(),  books.without_counters.Get(),
      books.substitute_counters.Get(), books.malformed_times.Get(), books.samplers_refused.Get(),
      books.sequence_expected.Get(),   books.sequence_lost.Get(),   books.sequence_resets.Get()};
  AddAll(books.outcomes, all);
  AddAll(books.skipped, all);
  AddAll(books.sets_skipped, all);
  AddAll(books.templates, all);
  return all;
}

/// A decoder, and what becomes of the jobs that it splits off.
class SplitDecoder {
 public:
  explicit SplitDecoder(const Settings& settings) : decoder_(settings) {
    decoder_.SetTap(&tap_);
    for (JobReader& reader : readers_) reader.SetTap(&tap_);
  }

  DatagramOutcome Take(const Payload& payload, const Sender& from) {
    auto pending = std::make_unique<Pending>();
    // On the heap and exactly as long, and gone with the job: AddressSanitizer sees what is read beyond or
    // later.
    pending->payload = std::make_unique<std::uint8_t[]>(payload.size());
    std::copy(payload.begin(), payload.end(), pending->payload.get());
    const DatagramOutcome outcome = decoder_.Split(
        {{pending->payload.get(), payload.size()}, AddressOf(from.address), from.port, {from.received_ns}},
        flows_, pending->job);
    if (pending->job.set_count == 0) return outcome;
    sets_ += pending->job.set_count;
    waiting_.push_back(std::move(pending));
    return outcome;
  }
  /// Reads one of the waiting jobs.
  void ReadOne(std::size_t which, std::size_t reader) {
    auto job = TakeOut(waiting_, which);
    readers_[reader % readers_.size()].Read(job->job, flows_);
    read_.push_back(std::move(job));
  }
  /// Takes back one of the jobs that were read.
  void FinishOne(std::size_t which) { decoder_.Finish(TakeOut(read_, which)->job); }
  void FinishAll() {
    while (waiting() != 0) ReadOne(0, 0);
    while (read() != 0) FinishOne(0);
    decoder_.Flush(flows_);
    for (JobReader& reader : readers_) reader.Flush(flows_);
  }

  std::size_t waiting() const { return waiting_.size(); }
  std::size_t read() const { return read_.size(); }
  std::size_t sets() const { return sets_; }
  Decoder& decoder() { return decoder_; }
  const Collector& flows() const { return flows_; }
  const Tap& tap() const { return tap_; }

 private:
  struct Pending {
    DataJob job;
    std::unique_ptr<std::uint8_t[]> payload;
  };
  using Queue = std::vector<std::unique_ptr<Pending>>;
  static std::unique_ptr<Pending> TakeOut(Queue& queue, std::size_t which) {
    const auto at = queue.begin() + static_cast<std::ptrdiff_t>(which % queue.size());
    auto taken = std::move(*at);
    queue.erase(at);
    return taken;
  }

  Decoder decoder_;
  std::array<JobReader, 2> readers_;
  Queue waiting_;
  Queue read_;
  std::size_t sets_ = 0;
  Collector flows_;
  Tap tap_;
};

void ExpectSame(Decoder& in_place, const Collector& flows, SplitDecoder& split) {
  EXPECT_EQ(split.flows().SortedTexts(), flows.SortedTexts());
  EXPECT_EQ(AllOf(split.decoder().accounting()), AllOf(in_place.accounting()));
  const std::vector<ExporterBooks> expected = ExportersOf(in_place);
  const std::vector<ExporterBooks> actual = ExportersOf(split.decoder());
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {  // both tables fill up in the same order
    ASSERT_EQ(actual[i].address, expected[i].address);
    EXPECT_EQ(AllOf(actual[i].accounting), AllOf(expected[i].accounting));
    EXPECT_EQ(actual[i].sampling_rate, expected[i].sampling_rate);
    EXPECT_EQ(actual[i].templates, expected[i].templates);
    EXPECT_EQ(actual[i].last_received.ns, expected[i].last_received.ns);
  }
}

/// Sends a random stream to both decoders and does the jobs whenever chance has it.
class RandomStream {
 public:
  RandomStream(std::uint32_t seed, const Settings& settings)
      : random_(seed), in_place_(settings), split_(settings) {
    in_place_.SetTap(&tap_);
  }

  void Run(int datagrams) {
    for (int i = 0; i < datagrams; ++i) {
      Send();
      // Now and then many wait at once, so that what they were split off by is long gone.
      const std::size_t doing = random_.OneIn(20) ? 40 : random_.Below(3);
      for (std::size_t n = 0; n < doing; ++n) DoOne();
      if (!random_.OneIn(50)) continue;
      now_ns_ += 5 * kNanosecondsPerSecond;
      in_place_.Expire({now_ns_});
      split_.decoder().Expire({now_ns_});
    }
    in_place_.Flush(flows_);
    split_.FinishAll();
    ExpectSame(in_place_, flows_, split_);
    EXPECT_EQ(tap_.texts.size(), flows_.flows.size());
    EXPECT_EQ(split_.tap().texts, tap_.texts);
  }
  std::size_t sets() const { return split_.sets(); }

 private:
  static constexpr std::size_t kSenders = 3;

  void Send() {
    const std::size_t who = random_.Below(kSenders);
    // Now and then data by the templates of somebody else.
    Payload payload = random_.Message(known_[random_.OneIn(10) ? random_.Below(kSenders) : who]);
    const std::size_t domain_at = payload[1] == 10 ? 15 : 19;
    if (payload[1] != 5 && random_.OneIn(4)) payload[domain_at] = 2;
    if (random_.OneIn(20))
      payload[random_.Below(payload.size())] = static_cast<std::uint8_t>(random_.Below(256));
    if (random_.OneIn(40)) payload.resize(1 + random_.Below(payload.size()));
    now_ns_ += 1000;
    const Sender sender{"192.0.2." + std::to_string(who + 1),
                        static_cast<std::uint16_t>(2055 + (random_.OneIn(8) ? 1 : 0)), now_ns_};
    const DatagramOutcome outcome =
        in_place_.Decode({payload, AddressOf(sender.address), sender.port, {now_ns_}}, flows_);
    EXPECT_EQ(split_.Take(payload, sender), outcome);
  }
  void DoOne() {
    if (split_.waiting() != 0 && random_.OneIn(2)) split_.ReadOne(random_.Below(1000), random_.Below(2));
    if (split_.read() != 0 && random_.OneIn(2)) split_.FinishOne(random_.Below(1000));
  }

  fuzz::RandomMessage random_;
  fuzz::KnownTemplates known_[kSenders];
  Decoder in_place_;
  SplitDecoder split_;
  Collector flows_;
  Tap tap_;
  std::int64_t now_ns_ = 1'700'000'000 * kNanosecondsPerSecond;
};

void RunStreams(const Settings& settings, std::uint32_t seeds) {
  std::size_t sets = 0;
  for (std::uint32_t seed = 0; seed < seeds && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    RandomStream stream(seed, settings);
    stream.Run(300);
    sets += stream.sets();
  }
  EXPECT_GT(sets, 50U * seeds) << "jobs were handed out";
}

Settings SmallSettings() {
  Settings settings;
  settings.max_template_changes = 0;
  settings.max_exporters = 64;
  settings.max_templates = 64;
  settings.max_samplers = 512;
  settings.template_lifetime_ns = 60 * kNanosecondsPerSecond;
  settings.exporter_lifetime_ns = 0;
  return settings;
}

TEST(DataJobTest, AnyOrderGivesWhatInPlaceGives) {
  RunStreams(SmallSettings(), 60);
}

TEST(DataJobTest, SoDoExportersWithSettingsOfTheirOwn) {
  using Nsel = ExporterSettings::Nsel;
  Settings settings = SmallSettings();
  settings.max_templates = 8;  // some are refused
  settings.exporters = {{{AddressOf("192.0.2.1"), 128}, {.sampling_rate = 7, .nsel = Nsel::kUpdates}},
                        {{AddressOf("192.0.2.2"), 128},
                         {.post_counters_are_reverse = true,
                          .direction = ExporterSettings::Direction::kEgress,
                          .nsel = Nsel::kTeardowns,
                          .uptime_in_seconds = true}},
                        {{AddressOf("192.0.2.3"), 128}, {.apply_sampling = false}}};
  RunStreams(settings, 40);
}

class SplitTest : public ::testing::Test {
 protected:
  /// To both decoders.
  void Send(const Payload& payload, const Sender& from = {}) {
    const DatagramOutcome outcome =
        in_place_.Decode({payload, AddressOf(from.address), from.port, {from.received_ns}}, flows_);
    EXPECT_EQ(split_.Take(payload, from), outcome);
  }
  void TearDown() override {
    in_place_.Flush(flows_);
    split_.FinishAll();
    ExpectSame(in_place_, flows_, split_);
  }

  Decoder in_place_{SmallSettings()};
  SplitDecoder split_{SmallSettings()};
  Collector flows_;
};

/// The same bytes mean other fields once the template is replaced.
TEST_F(SplitTest, ATemplateIsReplacedWhileJobsWait) {
  const std::vector<Field> swapped = {{12, 4}, {8, 4}, {11, 2}, {7, 2}, {4, 1}, {1, 4}, {2, 4}};
  for (int round = 0; round < 5; ++round) {
    Send(MessageBuilder::Ipfix().Template(256, round % 2 == 0 ? kFlowFields : swapped).Build());
    Send(MessageBuilder::Ipfix().Data(256, {FlowBytes(), FlowBytes({.protocol = 17})}).Build());
  }
  EXPECT_EQ(split_.waiting(), 5U);
}

TEST_F(SplitTest, ATemplateExpiresWhileAJobWaits) {
  Send(MessageBuilder::Ipfix().Template(256, kFlowFields).Data(256, {FlowBytes()}).Build());
  for (int i = 0; i < 20; ++i) {
    const ReceiveTime later{Sender{}.received_ns + 100 * kNanosecondsPerSecond};
    in_place_.Expire(later);
    split_.decoder().Expire(later);
  }
  EXPECT_EQ(split_.decoder().accounting().templates.Get(TemplateEvent::kExpired), 1U);
  Send(MessageBuilder::Ipfix()
           .Template(257, {{1, 4}, {12, 4}, {8, 4}})
           .Build());  // would take the plan's place
  EXPECT_EQ(split_.waiting(), 1U);
}

TEST_F(SplitTest, AnExporterIsNotForgottenWhileAJobWaits) {
  Settings settings = SmallSettings();
  settings.exporter_lifetime_ns = kNanosecondsPerSecond;
  SplitDecoder split(settings);
  split.Take(MessageBuilder::Ipfix().Template(256, kFlowFields).Data(256, {FlowBytes()}).Build(), {});
  const auto expire = [&] {
    for (int i = 0; i < 20; ++i) {
      split.decoder().Expire({Sender{}.received_ns + 100 * kNanosecondsPerSecond});
    }
  };
  expire();
  EXPECT_EQ(split.decoder().exporter_count(), 1U);
  split.FinishAll();
  EXPECT_EQ(split.decoder().accounting().records_counted.Get(), 1U);
  expire();
  EXPECT_EQ(split.decoder().exporter_count(), 0U);
}

/// A sampler's rate is the one that was announced when the record came, not the one when it is read.
TEST_F(SplitTest, SamplersChangeWhileJobsWait) {
  std::vector<Field> fields = kFlowFields;
  fields.push_back({48, 1});
  const auto record = [](std::uint8_t sampler) { return FlowBytes().U8(sampler); };
  Send(MessageBuilder::Netflow9()
           .Template(256, fields)
           .OptionsTemplate(257, {{1, 4}}, {{48, 1}, {50, 2}})
           .Build());
  for (std::uint16_t rate = 10; rate < 15; ++rate) {
    Send(MessageBuilder::Netflow9()
             .Data(257, {Bytes().U32(0).U8(1).U16(rate), Bytes().U32(0).U8(2).U16(rate * 100)})
             .Data(256, {record(1), record(2), record(3), record(0)})
             .Data(257, {Bytes().U32(0).U8(1).U16(rate * 7)})
             .Data(256, {record(1)})
             .Build());
  }
  EXPECT_EQ(split_.sets(), 10U);
  // More selectors than a job says the rates of: the decoder reads these by itself.
  Send(MessageBuilder::Netflow9().Data(256, {record(1), record(2), record(3), record(4), record(5)}).Build());
  EXPECT_EQ(split_.sets(), 10U);
}

TEST_F(SplitTest, WhatDependsOnEarlierRecordsIsReadAtOnce) {
  const std::vector<Field> nsel = {{8, 4}, {12, 4}, {7, 2}, {11, 2}, {4, 1}, {233, 1}, {231, 4}, {232, 4}};
  const auto record = [](std::uint8_t event) {
    return Bytes().Address("10.0.0.1").Address("10.0.0.2").U16(1).U16(2).U8(6).U8(event).U32(100).U32(0);
  };
  Send(MessageBuilder::Netflow9().Template(256, nsel).Data(256, {record(5), record(2)}).Build());
  Send(MessageBuilder::Netflow9().Data(256, {record(2)}).Build());
  EXPECT_EQ(split_.sets(), 0U);
}

/// The memory for plans is bounded whatever waits: beyond, sets are read at once.
TEST_F(SplitTest, MorePlansThanMayWait) {
  const int count = static_cast<int>(PlanPool::kMaxPinned) + 20;
  for (int i = 0; i < count; ++i) {
    std::vector<Field> fields = kFlowFields;
    fields.push_back({210, static_cast<std::uint16_t>(1 + i)});
    Bytes record = FlowBytes();
    record.Zeros(1U + static_cast<unsigned>(i));
    Send(MessageBuilder::Ipfix().Template(256, fields).Data(256, {record}).Build());
  }
  EXPECT_EQ(split_.waiting(), PlanPool::kMaxPinned);
  while (split_.waiting() != 0) split_.ReadOne(0, 0);
  while (split_.read() != 0) split_.FinishOne(7);
  Send(MessageBuilder::Ipfix().Template(256, kFlowFields).Data(256, {FlowBytes()}).Build());
  EXPECT_EQ(split_.waiting(), 1U);
}

/// IPFIX sequence numbers count data records, which have to be known before anybody read them.
TEST_F(SplitTest, RecordsAreCountedBeforeTheyAreRead) {
  const std::vector<Field> named = {{8, 4}, {12, 4}, {82, kVariable}};
  const auto record = [](std::string_view name) {
    Bytes bytes = Bytes().Address("10.0.0.1").Address("10.0.0.2");
    return bytes.Variable({reinterpret_cast<const std::uint8_t*>(name.data()), name.size()});
  };
  Send(MessageBuilder::Ipfix().Sequence(0).Template(256, kFlowFields).Template(257, named).Build());
  Send(MessageBuilder::Ipfix().Sequence(0).Data(256, {FlowBytes(), FlowBytes()}).Padding(30).Build());
  Send(MessageBuilder::Ipfix().Sequence(2).Data(257, {record("a"), record("bcd")}).Padding(3).Build());
  Send(MessageBuilder::Ipfix().Sequence(4).Data(256, {FlowBytes()}).Build());
  EXPECT_EQ(split_.waiting(), 3U);
  EXPECT_EQ(split_.decoder().accounting().sequence_expected.Get(), 5U);
  EXPECT_EQ(split_.decoder().accounting().sequence_lost.Get(), 0U);
  EXPECT_EQ(split_.decoder().accounting().sequence_resets.Get(), 0U);
}

}  // namespace
}  // namespace hostscope::ipfix::test
