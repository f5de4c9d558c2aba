#include "ipfix/decoder.h"

#include <algorithm>
#include <random>

#include "ipfix/decoder_state.h"
#include "ipfix/wire.h"

namespace hostscope::ipfix {
namespace {

constexpr std::int64_t kMillisecondsPerSecond = 1000;

std::uint64_t DrawSeed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace

Decoder::Decoder(const Settings& settings, DecoderObserver* observer)
    : impl_(std::make_unique<Impl>(settings, observer)) {}
Decoder::~Decoder() = default;

DatagramOutcome Decoder::Decode(const Datagram& datagram, FlowConsumer& consumer) noexcept {
  return impl_->Decode(datagram, consumer, nullptr);
}
DatagramOutcome Decoder::Split(const Datagram& datagram, FlowConsumer& consumer, DataJob& job) noexcept {
  return impl_->Decode(datagram, consumer, &job);
}
void Decoder::Finish(const DataJob& job) noexcept {
  impl_->Finish(job);
}
void Decoder::SetTap(FlowTap* tap) {
  impl_->SetTap(tap);
}
void Decoder::Flush(FlowConsumer& consumer) noexcept {
  impl_->Flush(consumer);
}
void Decoder::Expire(ReceiveTime now) noexcept {
  impl_->Expire(now);
}
void Decoder::ShiftClock(std::int64_t ns) noexcept {
  impl_->ShiftClock(ns);
}
void Decoder::Adopt(ExporterPolicy& policy) noexcept {
  impl_->Adopt(policy);
}
bool Decoder::HasSettled() const noexcept {
  return impl_->HasSettled();
}
const ExporterPolicy& Decoder::policy() const noexcept {
  return impl_->policy();
}
const Accounting& Decoder::accounting() const noexcept {
  return impl_->accounting();
}
std::uint32_t Decoder::exporter_count() const noexcept {
  return impl_->exporter_count();
}
std::uint32_t Decoder::TakeActiveExporters() noexcept {
  return impl_->TakeActiveExporters();
}
void Decoder::CopyExporters(std::vector<ExporterBooks>& into) const noexcept {
  impl_->CopyExporters(into);
}

Decoder::Impl::Impl(const Settings& settings, DecoderObserver* observer)
    : settings_(settings),
      own_policy_(settings),
      observer_(observer),
      exporters_(settings.max_exporters, DrawSeed()),
      sources_(settings.max_exporters, DrawSeed()),
      templates_(settings.max_templates, DrawSeed()),
      change_limit_{settings.max_template_changes, settings.template_change_interval_ns},
      plans_(settings.max_templates),
      samplers_(settings.max_samplers, DrawSeed()),
      held_(settings.held_bytes),
      template_reader_(settings.max_fields_per_template) {}

DatagramOutcome Decoder::Impl::Decode(const Datagram& datagram, FlowConsumer& consumer,
                                      DataJob* job) noexcept {
  Message message{.datagram = &datagram, .consumer = &consumer, .job = job};
  if (job != nullptr) job->set_count = job->rate_count = 0;
  DatagramOutcome outcome = DatagramOutcome::kTooShort;
  if (datagram.payload.size() >= sizeof(std::uint16_t)) {
    message.version = LoadBe16(datagram.payload.data());
    switch (message.version) {
      case kVersionNetstream5:
        message.version = kVersionNetflow5;
        [[fallthrough]];
      case kVersionNetflow5:
        outcome = DecodeNetflow5(message);
        break;
      case kVersionNetflow9:
        outcome = DecodeNetflow9(message);
        break;
      case kVersionIpfix:
        outcome = DecodeIpfix(message);
        break;
      default:
        outcome = DatagramOutcome::kUnknownVersion;
        break;
    }
  }
  total_.datagrams.Add(1);
  total_.outcomes.Add(outcome);
  if (message.rule != nullptr) message.rule->books->outcomes.Add(outcome);
  if (message.exporter != nullptr) {
    message.exporter->accounting.datagrams.Add(1);
    message.exporter->accounting.outcomes.Add(outcome);
    if (job != nullptr && job->set_count != 0) {
      ++message.exporter->jobs;
      ++jobs_;
    }
  }
  return outcome;
}

DatagramOutcome Decoder::Impl::DecodeNetflow5(Message& message) noexcept {
  const std::span<const std::uint8_t> payload = message.datagram->payload;
  if (payload.size() < sizeof(Netflow5Header)) return DatagramOutcome::kTooShort;
  const auto header = LoadHeader<Netflow5Header>(payload.data());
  const std::size_t count = header.count.value();
  const std::span<const std::uint8_t> records = payload.subspan(sizeof(Netflow5Header));
  if (count == 0 || count > kNetflow5MaxRecords || count * kNetflow5RecordLength > records.size()) {
    return DatagramOutcome::kBadCount;
  }
  const std::uint32_t engine = std::uint32_t{header.engine_type} << 8 | header.engine_id;
  const std::int64_t export_time =
      header.unix_secs.value() * kNanosecondsPerSecond + header.unix_nsecs.value();
  message.clock = {export_time / kNanosecondsPerMillisecond, header.sys_uptime_ms.value(), true};
  const DatagramOutcome outcome = Identify(message, engine, export_time);
  if (outcome != DatagramOutcome::kDecoded) return outcome;

  Exporter& exporter = *message.exporter;
  exporter.sequence.Observe(header.flow_sequence.value(), count, exporter.accounting, total_);
  const std::uint16_t mask = exporter.settings->v5_sampling_uses_16_bits ? 0xffff : kNetflow5IntervalMask;
  const auto interval = static_cast<std::uint16_t>(header.sampling.value() & mask);
  const SamplingRate announced{std::max<std::uint32_t>(interval, 1), 1};
  const std::span<const std::uint8_t> body = records.first(count * kNetflow5RecordLength);
  if (message.job == nullptr || !HandOut(message, Netflow5Plan(), PlanPool::kNone, body, announced)) {
    ReadFlows(message, Netflow5Plan(), body, announced);
  }
  return DatagramOutcome::kDecoded;
}

DatagramOutcome Decoder::Impl::DecodeNetflow9(Message& message) noexcept {
  const std::span<const std::uint8_t> payload = message.datagram->payload;
  if (payload.size() < sizeof(Netflow9Header)) return DatagramOutcome::kTooShort;
  const auto header = LoadHeader<Netflow9Header>(payload.data());
  message.clock = {header.unix_secs.value() * kMillisecondsPerSecond, header.sys_uptime_ms.value(), true};
  const DatagramOutcome outcome =
      Identify(message, header.source_id.value(), header.unix_secs.value() * kNanosecondsPerSecond);
  if (outcome != DatagramOutcome::kDecoded) return outcome;
  Exporter& exporter = *message.exporter;
  exporter.sequence.Observe(header.sequence.value(), 1, exporter.accounting, total_);
  return ReadSets(message, payload.subspan(sizeof(Netflow9Header)));
}

DatagramOutcome Decoder::Impl::DecodeIpfix(Message& message) noexcept {
  const std::span<const std::uint8_t> payload = message.datagram->payload;
  if (payload.size() < sizeof(IpfixHeader)) return DatagramOutcome::kTooShort;
  const auto header = LoadHeader<IpfixHeader>(payload.data());
  const std::size_t length = header.length.value();
  if (length < sizeof(IpfixHeader) || length > payload.size()) return DatagramOutcome::kBadLength;
  message.clock.export_ms = header.export_time.value() * kMillisecondsPerSecond;
  const DatagramOutcome identified = Identify(message, header.observation_domain.value(),
                                              header.export_time.value() * kNanosecondsPerSecond);
  if (identified != DatagramOutcome::kDecoded) return identified;
  const DatagramOutcome outcome =
      ReadSets(message, payload.subspan(sizeof(IpfixHeader), length - sizeof(IpfixHeader)));
  Exporter& exporter = *message.exporter;
  exporter.sequence.Observe(header.sequence.value(), message.data_records, exporter.accounting, total_);
  if (message.has_unknown_set) exporter.sequence.ForgetUnits();
  return outcome;
}

/// Finds or admits the exporter. kDecoded: go on.
DatagramOutcome Decoder::Impl::Identify(Message& message, std::uint32_t domain,
                                        std::int64_t export_time_ns) noexcept {
  message.key = {message.datagram->source, domain, message.datagram->source_port};
  message.exporter_index = exporters_.Find(message.key);
  if (!Bind(message)) return DatagramOutcome::kExporterRefused;
  const bool is_within_limit = message.rule->bucket.Take(message.datagram->received);
  const bool is_new = message.exporter_index == ExporterTable::kNone;
  if (is_new) {
    if (!is_within_limit) return DatagramOutcome::kRateLimited;
    const DatagramOutcome outcome = Admit(message);
    if (outcome != DatagramOutcome::kDecoded) return outcome;
  }
  Exporter& exporter = exporters_[message.exporter_index];
  message.exporter = &exporter;
  exporter.last_received = message.datagram->received;
  if (!is_within_limit) {
    exporter.sequence.Forget();  // what we drop is not lost before us
    return DatagramOutcome::kRateLimited;
  }
  exporter.clock_offset_ns = export_time_ns - message.datagram->received.ns;
  if (exporter.version != message.version) exporter.sequence.Forget();
  exporter.version = message.version;
  if (exporter.active_epoch != epoch_) {
    exporter.active_epoch = epoch_;
    ++active_exporters_;
  }
  if (is_new && settings_.remembered != nullptr) Recall(message);
  return DatagramOutcome::kDecoded;
}

/// Tracks an exporter from here on. kDecoded: there was room.
DatagramOutcome Decoder::Impl::Admit(Message& message) noexcept {
  const SourceKey source{message.key.address};
  std::uint32_t of_address = sources_.Find(source);
  if (of_address != SourceTable::kNone && sources_[of_address] >= settings_.max_exporters_per_address)
    return DatagramOutcome::kAddressFull;
  message.exporter_index = exporters_.Insert(message.key);
  if (message.exporter_index == ExporterTable::kNone) return DatagramOutcome::kExporterTableFull;
  if (of_address == SourceTable::kNone)
    of_address = sources_.Insert(source);  // has room where exporters have
  ++sources_[of_address];
  SetRule(exporters_[message.exporter_index], message.rule);
  exporter_count_.store(exporters_.size(), std::memory_order_relaxed);
  if (observer_ != nullptr) observer_->ExporterAdmitted(message.key.address, message.key.port);
  return DatagramOutcome::kDecoded;
}

DatagramOutcome Decoder::Impl::ReadSets(Message& message, std::span<const std::uint8_t> sets) noexcept {
  bool has_read_one = false;
  while (sets.size() >= kSetHeaderLength) {
    const std::uint16_t id = LoadBe16(&sets[0]);
    const std::size_t length = LoadBe16(&sets[2]);
    if (id == 0 && length == 0) break;  // zero fill to the datagram's end (Palo Alto 8.1)
    if (length < kSetHeaderLength || length > sets.size()) {
      Book(message, &Accounting::sets_skipped, SetSkip::kBadLength);
      message.has_unknown_set = true;
      return has_read_one ? DatagramOutcome::kDecoded : DatagramOutcome::kMalformed;
    }
    ReadSet(message, id, sets.subspan(kSetHeaderLength, length - kSetHeaderLength));
    has_read_one = true;
    sets = sets.subspan(length);
  }
  return DatagramOutcome::kDecoded;
}

void Decoder::Impl::ReadSet(Message& message, std::uint16_t id, std::span<const std::uint8_t> body) noexcept {
  const bool is_ipfix = message.version == kVersionIpfix;
  if (id >= kFirstDataSetId) {
    ReadData(message, id, body);
  } else if (id == (is_ipfix ? 2 : 0)) {
    ReadTemplates(message, is_ipfix ? TemplateSyntax::kIpfixData : TemplateSyntax::kNetflow9Data, body);
  } else if (id == (is_ipfix ? 3 : 1)) {
    ReadTemplates(message, is_ipfix ? TemplateSyntax::kIpfixOptions : TemplateSyntax::kNetflow9Options, body);
  } else {
    Book(message, &Accounting::sets_skipped, SetSkip::kReservedId);
  }
}

void Decoder::Impl::ReadData(Message& message, std::uint16_t id,
                             std::span<const std::uint8_t> body) noexcept {
  const std::uint32_t index = templates_.Find({message.exporter_index, id});
  if (index == TemplateTable::kNone ||
      (templates_[index].is_provisional && DropIfStale(message, index, body))) [[unlikely]] {
    message.has_unknown_set = true;
    if (!Hold(message, id, body)) Book(message, &Accounting::sets_skipped, SetSkip::kUnknownTemplate);
    return;
  }
  const std::uint32_t plan_index = templates_[index].plan;
  if (plan_index == PlanPool::kNone) [[unlikely]] {
    message.has_unknown_set = true;
    Book(message, &Accounting::sets_skipped, SetSkip::kRefusedTemplate);
    return;
  }
  const Plan& plan = plans_[plan_index];
  if (plan.is_options) {
    ReadOptions(message, plan, body);
    return;
  }
  const SamplingRate rate = DefaultRate(message.key);
  if (message.job != nullptr && HandOut(message, plan, plan_index, body, rate)) return;
  ReadFlows(message, plan, body, rate);
}

void Decoder::Impl::ReadOptions(Message& message, const Plan& plan,
                                std::span<const std::uint8_t> body) noexcept {
  current_ = &message;
  const std::uint64_t records = record_reader_.ReadOptions(plan, body, *this);
  message.data_records += records;
  Book(message, &Accounting::options_records, records);
}

void Decoder::Impl::ReadFlows(Message& message, const Plan& plan, std::span<const std::uint8_t> body,
                              SamplingRate rate) noexcept {
  Exporter& exporter = *message.exporter;
  current_ = &message;
  const SetCounts counts =
      record_reader_.ReadFlows(plan, body, ContextOf(message, rate), batch_, *message.consumer);
  message.data_records += counts.records;
  exporter.last_rate = counts.last_rate;
  exporter.last_rate_set = ++exporter.flow_sets;
  BookFlows(exporter, counts, plan.has_substitute_counters ? counts.counted : 0,
            plan.lacks_counters() ? counts.counted : 0);
}

std::uint32_t Decoder::Impl::TakeActiveExporters() noexcept {
  const std::uint32_t active = active_exporters_;
  active_exporters_ = 0;
  ++epoch_;
  return active;
}

void Decoder::Impl::CopyExporters(std::vector<ExporterBooks>& into) const noexcept {
  into.clear();
  for (std::uint32_t i = 0; i < exporters_.capacity() && into.size() < exporters_.size(); ++i) {
    if (!exporters_.IsUsed(i)) continue;
    const ExporterKey& key = exporters_.KeyOf(i);
    const Exporter& exporter = exporters_[i];
    SamplingOrigin origin = SamplingOrigin::kAnnounced;
    if (exporter.settings != nullptr) {
      if (exporter.settings->sampling_rate) origin = SamplingOrigin::kConfigured;
      if (!exporter.settings->apply_sampling) origin = SamplingOrigin::kIgnored;
    }
    into.push_back({.address = key.address,
                    .port = key.port,
                    .version = exporter.version,
                    .observation_domain = key.domain,
                    .templates = exporter.templates,
                    .last_received = exporter.last_received,
                    .template_received = exporter.template_received,
                    .held_bytes = exporter.held.bytes,
                    .sampling_rate = exporter.last_rate.value(),
                    .announced_rate = DefaultRate(key).value(),
                    .sampling_origin = origin,
                    .clock_offset_ns = exporter.clock_offset_ns,
                    .accounting = exporter.accounting});
  }
}

}  // namespace hostscope::ipfix
