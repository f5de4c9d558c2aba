#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "ipfix/decoder.h"
#include "ipfix/exporter_policy.h"
#include "ipfix/exporter_table.h"
#include "ipfix/flow_batch.h"
#include "ipfix/held_data.h"
#include "ipfix/record_reader.h"
#include "ipfix/template_reader.h"
#include "ipfix/template_table.h"
#include "ipfix/wire.h"

namespace hostscope::ipfix {

/// What of an exporter's settings is compiled into the plans of its templates, as bits that tell one such
/// reading from another: to be mixed into a template's digest.
inline std::uint64_t ReadingOf(const ExporterSettings& settings) noexcept {
  return MixBits(std::uint64_t{settings.post_counters_are_reverse} << 8 |
                 static_cast<std::uint64_t>(settings.direction));
}

/// The decoder behind decoder.h: its tables, and one member function for each part of a message. Not for
/// other folders.
class Decoder::Impl final : public SamplerLookup, public OptionsConsumer {
 public:
  Impl(const Settings& settings, DecoderObserver* observer);

  /// Data sets that can be read elsewhere go into `job` where there is one.
  DatagramOutcome Decode(const Datagram& datagram, FlowConsumer& consumer, DataJob* job) noexcept;
  void Finish(const DataJob& job) noexcept;
  void Flush(FlowConsumer& consumer) noexcept { batch_.Flush(consumer); }
  void SetTap(FlowTap* tap) { batch_.SetTap(tap); }
  void Expire(ReceiveTime now) noexcept;
  void ShiftClock(std::int64_t ns) noexcept;
  void Adopt(ExporterPolicy& policy) noexcept;
  bool HasSettled() const noexcept { return old_references_ == 0; }
  const ExporterPolicy& policy() const noexcept { return *policy_; }
  std::uint32_t TakeActiveExporters() noexcept;
  void CopyExporters(std::vector<ExporterBooks>& into) const noexcept;
  const Accounting& accounting() const noexcept { return total_; }
  std::uint32_t exporter_count() const noexcept { return exporter_count_.load(std::memory_order_relaxed); }

  SamplingRate RateOfSelector(std::uint64_t selector) noexcept override;
  void ConsumeOptions(const SamplingFields& fields, bool has_selector,
                      std::uint64_t selector) noexcept override;

 private:
  /// The datagram being decoded.
  struct Message {
    const Datagram* datagram = nullptr;
    FlowConsumer* consumer = nullptr;
    DataJob* job = nullptr;
    ExporterKey key;
    std::uint32_t exporter_index = 0;
    Exporter* exporter = nullptr;
    PolicyRule* rule = nullptr;
    std::uint16_t version = 0;
    ExportClock clock;
    std::uint64_t data_records = 0;  ///< options data included: what IPFIX sequence numbers count
    bool has_unknown_set = false;
  };

  DatagramOutcome DecodeNetflow5(Message& message) noexcept;
  DatagramOutcome DecodeNetflow9(Message& message) noexcept;
  DatagramOutcome DecodeIpfix(Message& message) noexcept;
  DatagramOutcome Identify(Message& message, std::uint32_t domain, std::int64_t export_time_ns) noexcept;
  DatagramOutcome Admit(Message& message) noexcept;
  bool Bind(Message& message) noexcept;
  void Rebind(std::uint32_t index) noexcept;
  void RebindSome() noexcept;
  void SetRule(Exporter& exporter, PolicyRule* rule) noexcept;

  DatagramOutcome ReadSets(Message& message, std::span<const std::uint8_t> sets) noexcept;
  void ReadSet(Message& message, std::uint16_t id, std::span<const std::uint8_t> body) noexcept;
  void ReadTemplates(Message& message, TemplateSyntax syntax, std::span<const std::uint8_t> body) noexcept;
  void Learn(Message& message, const TemplateRecord& record) noexcept;
  struct Kept {
    TemplateEvent event;
    TemplateRefusal refusal = TemplateRefusal::kCount;  ///< where it is kRefused
  };
  Kept Keep(Message& message, const TemplateRecord& record, ReceiveTime received,
            bool is_provisional) noexcept;
  TemplateRefusal RefusalOf(const Message& message, const TemplateRecord& record, Template* known,
                            ReceiveTime received) noexcept;
  void SetPlan(Exporter& exporter, Template& entry, std::uint32_t plan, std::size_t bytes) noexcept;
  void DropTemplate(std::uint32_t index) noexcept;
  void Tell(const Message& message, const TemplateRecord& record) noexcept;
  void Tell(Sampler& sampler, bool is_new, bool has_selector, std::uint64_t selector) noexcept;
  void Recall(Message& message) noexcept;
  void RecallRates(Message& message) noexcept;
  bool DropIfStale(Message& message, std::uint32_t index, std::span<const std::uint8_t> body) noexcept;
  void ReadData(Message& message, std::uint16_t id, std::span<const std::uint8_t> body) noexcept;
  void ReadOptions(Message& message, const Plan& plan, std::span<const std::uint8_t> body) noexcept;
  void ReadFlows(Message& message, const Plan& plan, std::span<const std::uint8_t> body,
                 SamplingRate rate) noexcept;
  bool HandOut(Message& message, const Plan& plan, std::uint32_t plan_index,
               std::span<const std::uint8_t> body, SamplingRate rate) noexcept;
  bool AddRates(const SetSurvey& survey, DataJob& job) noexcept;
  SetContext ContextOf(const Message& message, SamplingRate rate) noexcept {
    const ExporterSettings& settings = *message.exporter->settings;
    SetContext context{.settings = &settings, .samplers = this, .default_rate = rate};
    if (!settings.apply_sampling) {
      context.default_rate = SamplingRate{};
      context.rate_is_fixed = true;
    } else if (settings.sampling_rate) {
      context.default_rate = SamplingRate{*settings.sampling_rate == 0 ? 1 : *settings.sampling_rate, 1};
      context.rate_is_fixed = true;
    }
    context.may_be_padded = message.version != kVersionNetflow5;
    context.saw_nsel_update = &message.exporter->saw_nsel_update;
    context.clock = message.clock;
    return context;
  }
  SamplingRate DefaultRate(const ExporterKey& key) const noexcept;
  void Announce(SamplingRate rate, bool has_selector, std::uint64_t selector) noexcept;
  Sampler* SamplerFor(const SamplerKey& key) noexcept;

  bool Hold(Message& message, std::uint16_t id, std::span<const std::uint8_t> body) noexcept;
  void ReadHeld(Message& message, std::uint16_t id) noexcept;
  void ExpireHeld(ReceiveTime now) noexcept;
  void ForgetHeld(Exporter& exporter) noexcept;
  void GiveUpOldest(const HeldData::Set& oldest, EarlySet why) noexcept;
  void BookLost(Exporter& exporter, EarlySet why) noexcept;

  void ExpireTemplates(ReceiveTime now) noexcept;
  void ExpireExporters(ReceiveTime now) noexcept;
  void ExpireSamplers(ReceiveTime now) noexcept;
  void ForgetExporter(std::uint32_t index) noexcept;

  /// Books the flow records of one or more sets.
  template <typename Counts>
  void BookFlows(Exporter& exporter, const Counts& counts, std::uint64_t substitute_counters,
                 std::uint64_t without_counters) noexcept {
    Book(exporter, &Accounting::records_seen, counts.seen);
    Book(exporter, &Accounting::records_counted, counts.counted);
    if (counts.scaled != 0) Book(exporter, &Accounting::scaled_records, counts.scaled);
    if (counts.malformed_times != 0) Book(exporter, &Accounting::malformed_times, counts.malformed_times);
    if (substitute_counters != 0) Book(exporter, &Accounting::substitute_counters, substitute_counters);
    if (without_counters != 0) Book(exporter, &Accounting::without_counters, without_counters);
    if (counts.seen == counts.counted) return;
    for (std::size_t reason = 0; reason < counts.skipped.size(); ++reason) {
      exporter.accounting.skipped.Add(static_cast<RecordSkip>(reason), counts.skipped[reason]);
      total_.skipped.Add(static_cast<RecordSkip>(reason), counts.skipped[reason]);
    }
  }

  /// Books an event for the message's exporter and in total.
  template <typename Enum>
  void Book(Message& message, CounterArray<Enum> Accounting::*counters, Enum which,
            std::uint64_t n = 1) noexcept {
    (message.exporter->accounting.*counters).Add(which, n);
    (total_.*counters).Add(which, n);
  }
  void Book(Message& message, Counter Accounting::*counter, std::uint64_t n) noexcept {
    Book(*message.exporter, counter, n);
  }
  void Book(Exporter& exporter, Counter Accounting::*counter, std::uint64_t n) noexcept {
    (exporter.accounting.*counter).Add(n);
    (total_.*counter).Add(n);
  }

  Settings settings_;
  ExporterPolicy own_policy_;  ///< of settings_
  ExporterPolicy* policy_ = &own_policy_;
  std::uint32_t policy_version_ = 1;
  std::uint64_t old_references_ = 0;  ///< exporters and jobs that refer to the policy before
  std::uint64_t jobs_ = 0;            ///< handed out and not back yet
  DecoderObserver* observer_;         ///< may be null
  ExporterTable exporters_;
  SourceTable sources_;
  TemplateTable templates_;
  std::size_t template_bytes_ = 0;
  ChangeLimit change_limit_;
  PlanPool plans_;
  SamplerTable samplers_;
  HeldData held_;
  TemplateReader template_reader_;
  RecordReader record_reader_;
  FlowBatch batch_;
  Accounting total_;
  Message* current_ = nullptr;  ///< what RateOfSelector() and ConsumeOptions() are asked about

  std::uint32_t epoch_ = 1;  ///< counts calls of TakeActiveExporters()
  std::uint32_t active_exporters_ = 0;
  std::atomic<std::uint32_t> exporter_count_{0};
  std::uint32_t rebind_position_ = 0;
  std::uint32_t template_sweep_ = 0;  ///< where the next Expire() goes on
  std::uint32_t exporter_sweep_ = 0;
  std::uint32_t sampler_sweep_ = 0;
};

}  // namespace hostscope::ipfix
