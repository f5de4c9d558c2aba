#include <algorithm>
#include <utility>

#include "ipfix/decoder_state.h"

// What the decoder remembers between datagrams and must forget in time: announced sampling rates, templates
// and exporters.
namespace hostscope::ipfix {
namespace {

/// A call of Expire() looks at this share of each table, so that a second's call is short and all are seen
/// in 16.
constexpr std::uint32_t kSweepShare = 16;
/// Forgetting an exporter searches the templates; more than a few in one call would hold up the next burst.
constexpr int kMaxForgottenPerCall = 4;

/// Calls `visit(index)` for the used entries of the next slice of `map`.
template <typename Map, typename Visit>
void Sweep(Map& map, std::uint32_t& position, Visit visit) noexcept {
  const std::uint32_t slice = std::max(map.capacity() / kSweepShare, 1U);
  for (std::uint32_t i = 0; i < slice && i < map.capacity(); ++i) {
    if (position >= map.capacity()) position = 0;
    if (map.IsUsed(position)) visit(position);
    ++position;
  }
}

template <typename Map, typename Visit>
void ForEach(Map& map, Visit visit) noexcept {
  for (std::uint32_t i = 0; i < map.capacity(); ++i) {
    if (map.IsUsed(i)) visit(i);
  }
}

/// A time that is none stays none.
void Shift(ReceiveTime& time, std::int64_t ns) noexcept {
  if (time.ns > 0) time.ns += ns;
}

bool IsOver(ReceiveTime last, std::int64_t lifetime_ns, ReceiveTime now) noexcept {
  return lifetime_ns != 0 && now.ns - last.ns > lifetime_ns;
}

}  // namespace

SamplingRate Decoder::Impl::DefaultRate(const ExporterKey& key) const noexcept {
  if (samplers_.size() == 0) return SamplingRate{};
  const std::uint32_t index =
      samplers_.Find({.address = key.address, .domain = key.domain, .is_default = true});
  if (index == SamplerTable::kNone) return SamplingRate{};
  const Sampler& sampler = samplers_[index];
  return sampler.is_system_wide ? sampler.rate : sampler.last_rate;
}

SamplingRate Decoder::Impl::RateOfSelector(std::uint64_t selector) noexcept {
  const Message& message = *current_;
  const std::uint32_t index = samplers_.Find({.address = message.key.address,
                                              .selector = selector,
                                              .domain = message.key.domain,
                                              .is_default = false});
  if (index != SamplerTable::kNone) return samplers_[index].rate;
  const std::uint32_t fallback =
      samplers_.Find({.address = message.key.address, .domain = message.key.domain, .is_default = true});
  if (fallback == SamplerTable::kNone) return SamplingRate{};
  const Sampler& sampler = samplers_[fallback];
  if (sampler.is_system_wide) return sampler.rate;
  return selector == 0 ? sampler.last_rate : SamplingRate{};  // 0 may mean the sampler announced last
}

Sampler* Decoder::Impl::SamplerFor(const SamplerKey& key) noexcept {
  std::uint32_t index = samplers_.Find(key);
  if (index == SamplerTable::kNone) index = samplers_.Insert(key);
  if (index == SamplerTable::kNone) {
    Book(*current_, &Accounting::samplers_refused, 1);
    return nullptr;
  }
  samplers_[index].last_received = current_->datagram->received;
  return &samplers_[index];
}

void Decoder::Impl::ConsumeOptions(const SamplingFields& fields, bool has_selector,
                                   std::uint64_t selector) noexcept {
  SamplingRate rate;
  if (RateOf(fields, rate)) Announce(rate, has_selector, selector);
}

void Decoder::Impl::Announce(SamplingRate rate, bool has_selector, std::uint64_t selector) noexcept {
  const ExporterKey& key = current_->key;
  if (has_selector) {
    Sampler* const named =
        SamplerFor({.address = key.address, .selector = selector, .domain = key.domain, .is_default = false});
    if (named != nullptr) {
      const bool is_new = std::exchange(named->rate, rate) != rate;
      if (observer_ != nullptr) Tell(*named, is_new, true, selector);
    }
  }
  Sampler* const fallback = SamplerFor({.address = key.address, .domain = key.domain, .is_default = true});
  if (fallback == nullptr) return;
  fallback->last_rate = rate;
  if (has_selector) return;
  const bool is_new = std::exchange(fallback->rate, rate) != rate;
  fallback->is_system_wide = true;
  if (observer_ != nullptr) Tell(*fallback, is_new, false, 0);
}

void Decoder::Impl::Expire(ReceiveTime now) noexcept {
  RebindSome();
  ExpireTemplates(now);
  ExpireSamplers(now);
  ExpireHeld(now);
  ExpireExporters(now);
}

void Decoder::Impl::ShiftClock(std::int64_t ns) noexcept {
  ForEach(exporters_, [&](std::uint32_t index) {
    if (exporters_[index].policy != policy_version_) Rebind(index);  // so that only one policy has limits
    Shift(exporters_[index].last_received, ns);
    Shift(exporters_[index].template_received, ns);
  });
  ForEach(templates_, [&](std::uint32_t index) {
    Shift(templates_[index].last_received, ns);
    Shift(templates_[index].told, ns);
    Shift(templates_[index].fresh_at, ns);
  });
  ForEach(samplers_, [&](std::uint32_t index) {
    Shift(samplers_[index].last_received, ns);
    Shift(samplers_[index].told, ns);
  });
  held_.ShiftClock(ns);
  policy_->ShiftClock(ns);
}

void Decoder::Impl::ExpireTemplates(ReceiveTime now) noexcept {
  Sweep(templates_, template_sweep_, [&](std::uint32_t index) {
    if (!IsOver(templates_[index].last_received, settings_.template_lifetime_ns, now)) return;
    exporters_[templates_.KeyOf(index).exporter].accounting.templates.Add(TemplateEvent::kExpired);
    total_.templates.Add(TemplateEvent::kExpired);
    DropTemplate(index);
  });
}

void Decoder::Impl::ExpireSamplers(ReceiveTime now) noexcept {
  Sweep(samplers_, sampler_sweep_, [&](std::uint32_t index) {
    if (IsOver(samplers_[index].last_received, settings_.exporter_lifetime_ns, now)) samplers_.Erase(index);
  });
}

void Decoder::Impl::ExpireExporters(ReceiveTime now) noexcept {
  int forgotten = 0;
  Sweep(exporters_, exporter_sweep_, [&](std::uint32_t index) {
    const bool may_send = exporters_[index].rule != nullptr;
    if (forgotten == kMaxForgottenPerCall) return;
    if (may_send && !IsOver(exporters_[index].last_received, settings_.exporter_lifetime_ns, now)) return;
    if (exporters_[index].jobs != 0) return;
    ForgetExporter(index);
    ++forgotten;
  });
}

void Decoder::Impl::ForgetExporter(std::uint32_t index) noexcept {
  std::uint32_t left = exporters_[index].templates;
  for (std::uint32_t i = 0; left > 0 && i < templates_.capacity(); ++i) {
    if (!templates_.IsUsed(i) || templates_.KeyOf(i).exporter != index) continue;
    DropTemplate(i);
    total_.templates.Add(TemplateEvent::kExpired);
    --left;
  }
  if (exporters_[index].policy != policy_version_) --old_references_;
  ForgetHeld(exporters_[index]);
  const std::uint32_t source = sources_.Find({exporters_.KeyOf(index).address});
  if (--sources_[source] == 0) sources_.Erase(source);
  exporters_.Erase(index);
  exporter_count_.store(exporters_.size(), std::memory_order_relaxed);
}

}  // namespace hostscope::ipfix
