#include <algorithm>
#include <utility>

#include "ipfix/decoder_state.h"
#include "ipfix/remembered.h"

// What outlives the program: templates and sampling rates, as they are told to an observer, and as they are
// known again when their exporter is first heard.
namespace hostscope::ipfix {
namespace {

constexpr std::int64_t kTellAgainNs = 60 * kNanosecondsPerSecond;

bool IsToBeTold(ReceiveTime told, ReceiveTime now) noexcept {
  return now < told || now.ns - told.ns >= kTellAgainNs;
}

}  // namespace

void Decoder::Impl::Tell(const Message& message, const TemplateRecord& record) noexcept {
  Template& known = templates_[templates_.Find({message.exporter_index, record.id})];
  const ReceiveTime now = message.datagram->received;
  if (!IsToBeTold(known.told, now)) return;
  const bool is_noted = observer_->TemplateCame({.address = message.key.address,
                                                 .domain = message.key.domain,
                                                 .port = message.key.port,
                                                 .id = record.id,
                                                 .syntax = record.syntax,
                                                 .received = now,
                                                 .record = record.wire});
  if (is_noted) known.told = now;
}

void Decoder::Impl::Tell(Sampler& sampler, bool is_new, bool has_selector, std::uint64_t selector) noexcept {
  const ReceiveTime now = current_->datagram->received;
  if (!is_new && !IsToBeTold(sampler.told, now)) return;
  const bool is_noted = observer_->RateCame({.address = current_->key.address,
                                             .domain = current_->key.domain,
                                             .has_selector = has_selector,
                                             .selector = selector,
                                             .rate = sampler.rate,
                                             .received = now});
  sampler.told = is_noted ? now : ReceiveTime{};
}

/// The message is the first of its exporter. A template is taken for what it was until data show otherwise;
/// what came before the exporter was started last is not.
void Decoder::Impl::Recall(Message& message) noexcept {
  const ReceiveTime now = message.datagram->received;
  const ExporterKey& key = message.key;
  std::int64_t not_before = INT64_MIN;
  if (settings_.template_lifetime_ns != 0) not_before = now.ns - settings_.template_lifetime_ns;
  if (message.clock.has_uptime) {
    const std::int64_t unit =
        message.exporter->settings->uptime_in_seconds ? kNanosecondsPerSecond : kNanosecondsPerMillisecond;
    not_before = std::max(not_before, now.ns - std::int64_t{message.clock.uptime_ms} * unit);
  }
  for (const RememberedTemplate& known :
       settings_.remembered->TemplatesOf(key.address, key.port, key.domain)) {
    if (known.notice.received.ns < not_before) continue;
    template_reader_.Start(known.notice.syntax, known.record);
    TemplateRecord record;
    if (template_reader_.Next(record) != TemplateReader::Result::kTemplate || record.is_withdrawal) continue;
    if (Keep(message, record, known.notice.received, true).event != TemplateEvent::kRefused) {
      Book(message, &Accounting::templates, TemplateEvent::kRecalled);
    }
  }
  RecallRates(message);
}

void Decoder::Impl::RecallRates(Message& message) noexcept {
  const ExporterKey& key = message.key;
  const SamplerKey any{.address = key.address, .domain = key.domain, .is_default = true};
  if (samplers_.Find(any) != SamplerTable::kNone) return;  // announced meanwhile, from another port
  const std::int64_t lifetime = settings_.exporter_lifetime_ns;
  current_ = &message;
  DecoderObserver* const observer = std::exchange(observer_, nullptr);  // to whom it is nothing new
  for (const RememberedRate& known : settings_.remembered->RatesOf(key.address, key.domain)) {
    if (lifetime != 0 && message.datagram->received.ns - known.received.ns > lifetime) continue;
    Announce(known.rate, known.has_selector, known.selector);
  }
  observer_ = observer;
}

/// A template from before a restart that the exporter has not repeated yet: if data don't fit it, the
/// exporter has meant something else by its id since.
bool Decoder::Impl::DropIfStale(Message& message, std::uint32_t index,
                                std::span<const std::uint8_t> body) noexcept {
  if (record_reader_.Fits(plans_[templates_[index].plan], body)) return false;
  DropTemplate(index);
  Book(message, &Accounting::templates, TemplateEvent::kStale);
  return true;
}

}  // namespace hostscope::ipfix
