#include <vector>

#include "ipfix/decoder.h"
#include "ipfix/held_data.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/senders.h"
#include "tests/ipfix/exporters.h"

// Any bytes as an export message, sent by several exporters to a decoder with small caps: whatever they are,
// the books balance, no cap is passed, and once all is forgotten the decoder is as new.
namespace hostscope::fuzz {
namespace {

using ipfix::Accounting;
using ipfix::DatagramOutcome;

constexpr std::int64_t kLifetime_ns = 60 * kNanosecondsPerSecond;

ipfix::Settings SmallCaps() {
  ipfix::Settings settings = SettingsOfSenders();
  settings.max_exporters = 4;
  settings.max_exporters_per_address = 3;
  settings.max_templates = 12;
  settings.max_templates_per_exporter = 5;
  settings.max_samplers = 6;
  settings.max_template_bytes = 1024;
  settings.max_template_bytes_per_exporter = 512;
  settings.max_template_changes = 3;
  settings.max_fields_per_template = 40;
  settings.held_bytes = 1024;
  settings.held_bytes_per_exporter = 512;
  settings.held_lifetime_ns = kLifetime_ns;
  settings.template_lifetime_ns = kLifetime_ns;
  settings.exporter_lifetime_ns = kLifetime_ns;
  return settings;
}

struct Counting final : FlowConsumer {
  void Consume(std::span<const FlowRecord> batch) noexcept override {
    Require(!batch.empty(), "no empty batch");
    records += batch.size();
    for (const FlowRecord& record : batch) Check(record);
  }

  static void Check(const FlowRecord& record) {
    constexpr unsigned kTraits = FlowRecord::kHasDuration | FlowRecord::kHasPorts | FlowRecord::kScaled;
    Require((record.traits & ~kTraits) == 0, "only known traits");
    Require(!record.Has(FlowRecord::kHasDuration) || record.duration_us <= INT64_MAX, "durations of 63 bits");
    const std::uint8_t p = record.protocol;
    Require(!record.Has(FlowRecord::kHasPorts) || p == 0 || p == 6 || p == 17 || p == 33 || p == 132,
            "ports only of protocols that have some", std::to_string(p));
  }

  std::uint64_t records = 0;
};

void RequireBalance(const Accounting& books, std::uint64_t datagrams) {
  Require(books.datagrams.Get() == datagrams, "every datagram is booked");
  Require(books.outcomes.Total() == datagrams, "each datagram has exactly one outcome");
  Require(books.records_seen.Get() == books.records_counted.Get() + books.skipped.Total(),
          "records seen = counted + skipped");
  Require(books.refusals.Total() == books.templates.Get(ipfix::TemplateEvent::kRefused),
          "every template that is refused has a cause");
  const auto early = [&](ipfix::EarlySet what) { return books.early_sets.Get(what); };
  Require(early(ipfix::EarlySet::kMet) == early(ipfix::EarlySet::kRead) + early(ipfix::EarlySet::kExpired) +
                                              early(ipfix::EarlySet::kNoRoom) + books.HeldSets(),
          "early sets met = read + expired + without room + held");
  Require(books.HeldSets() * ipfix::HeldData::SizeOf(0) <= 1024, "the bound of what is held");
  Require(books.scaled_records.Get() <= books.records_counted.Get(), "scaled records are counted ones");
  Require(books.without_counters.Get() <= books.records_counted.Get(),
          "records without counters are counted ones");
  Require(books.substitute_counters.Get() <= books.records_counted.Get(), "so are those with substitutes");
  Require(books.sequence_lost.Get() <= books.sequence_expected.Get(),
          "no more is lost than should have come");
}

/// Sums `figure` over the books of all exporters.
template <typename Figure>
std::uint64_t Sum(const std::vector<ipfix::ExporterBooks>& exporters, Figure figure) {
  std::uint64_t sum = 0;
  for (const ipfix::ExporterBooks& exporter : exporters) sum += figure(exporter.accounting);
  return sum;
}

void RequireCaps(const ipfix::Decoder& decoder, const ipfix::Settings& caps) {
  const std::vector<ipfix::ExporterBooks> exporters = ipfix::test::ExportersOf(decoder);
  Require(exporters.size() <= caps.max_exporters, "the cap of exporters");
  Require(exporters.size() == decoder.exporter_count(), "the count of exporters");
  std::size_t templates = 0;
  for (const ipfix::ExporterBooks& exporter : exporters) {
    Require(exporter.templates <= caps.max_templates_per_exporter, "the cap of an exporter's templates");
    Require(exporter.sampling_rate >= 1, "a rate of at least 1");
    templates += exporter.templates;
    RequireBalance(exporter.accounting, exporter.accounting.datagrams.Get());
  }
  Require(templates <= caps.max_templates, "the cap of templates");

  const Accounting& total = decoder.accounting();
  Require(
      Sum(exporters, [](const Accounting& b) { return b.records_seen.Get(); }) == total.records_seen.Get(),
      "every record belongs to an exporter");
  Require(Sum(exporters, [](const Accounting& b) { return b.templates.Total(); }) == total.templates.Total(),
          "every template belongs to an exporter");
  Require(Sum(exporters, [](const Accounting& b) { return b.sets_skipped.Total(); }) ==
              total.sets_skipped.Total(),
          "every skipped set belongs to an exporter");
}

/// What one datagram does to the books.
struct Effect {
  DatagramOutcome outcome = DatagramOutcome::kCount;
  std::uint64_t seen = 0;
  std::uint64_t counted = 0;
  std::uint64_t options = 0;
  std::uint64_t templates = 0;
  std::uint64_t sets_skipped = 0;
  friend bool operator==(const Effect&, const Effect&) = default;
};

class MessageRun {
 public:
  Effect Send(std::size_t sender, std::span<const std::uint8_t> input, ReceiveTime now) {
    // On the heap and exactly as long, so that AddressSanitizer sees any byte read beyond it.
    const std::vector<std::uint8_t> payload(input.begin(), input.end());
    const Accounting before = decoder_.accounting();
    const DatagramOutcome outcome =
        decoder_.Decode({payload, Senders()[sender].address, Senders()[sender].port, now}, consumer_);
    const Accounting& after = decoder_.accounting();
    RequireBalance(after, ++datagrams_);
    Require(after.outcomes.Get(outcome) == before.outcomes.Get(outcome) + 1, "the outcome is the one booked");
    Require(consumer_.records <= after.records_counted.Get(), "what is handed over is counted");
    if (sender == kRefusedSender) {
      Require(outcome != DatagramOutcome::kDecoded && after.records_seen.Get() == before.records_seen.Get(),
              "nothing is read of an exporter that is not listed");
    }
    return {.outcome = outcome,
            .seen = after.records_seen.Get() - before.records_seen.Get(),
            .counted = after.records_counted.Get() - before.records_counted.Get(),
            .options = after.options_records.Get() - before.options_records.Get(),
            .templates = after.templates.Total() - before.templates.Total(),
            .sets_skipped = after.sets_skipped.Total() - before.sets_skipped.Total()};
  }

  void Run(std::span<const std::uint8_t> input) {
    ReceiveTime now{1'700'000'000 * kNanosecondsPerSecond};
    const Effect first = Send(0, input, now);
    for (std::size_t sender = 0; sender < kSenders; ++sender) {
      now.ns += kNanosecondsPerSecond;
      Send(sender, input, now);
    }
    RequireCaps(decoder_, caps_);
    decoder_.Flush(consumer_);
    Require(consumer_.records == decoder_.accounting().records_counted.Get(),
            "what is counted is handed over");

    now.ns += 2 * kLifetime_ns;
    // Each call looks at one slot of each of these small tables.
    for (std::size_t i = 0; i < caps_.max_templates; ++i) decoder_.Expire(now);
    Require(decoder_.accounting().HeldSets() == 0, "nothing is held for ever");
    Require(decoder_.exporter_count() == 0 && ipfix::test::ExportersOf(decoder_).empty(),
            "every exporter is forgotten in time");
    const Effect again = Send(0, input, now);
    Require(first == again, "what is forgotten leaves no trace");
  }

 private:
  ipfix::Settings caps_ = SmallCaps();
  ipfix::Decoder decoder_{caps_};
  Counting consumer_;
  std::uint64_t datagrams_ = 0;
};

}  // namespace
}  // namespace hostscope::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hostscope::fuzz::MessageRun().Run({data, size});
  return 0;
}
