#include <utility>

#include "ipfix/decoder_state.h"

// Templates: how they are learned, and why some are not.
namespace hostscope::ipfix {

void Decoder::Impl::ReadTemplates(Message& message, TemplateSyntax syntax,
                                  std::span<const std::uint8_t> body) noexcept {
  template_reader_.Start(syntax, body);
  TemplateRecord record;
  for (;;) {
    switch (template_reader_.Next(record)) {
      case TemplateReader::Result::kTemplate:
        Learn(message, record);
        break;
      case TemplateReader::Result::kMalformed:
        Book(message, &Accounting::sets_skipped, SetSkip::kBadTemplate);
        Book(message, &Accounting::templates, TemplateEvent::kRefused);
        Book(message, &Accounting::refusals, TemplateRefusal::kMalformed);
        return;
      case TemplateReader::Result::kEnd:
        return;
    }
  }
}

void Decoder::Impl::Learn(Message& message, const TemplateRecord& record) noexcept {
  if (record.is_withdrawal) {
    // RFC 7011 section 8.4: over UDP it must be ignored, since anyone can send one
    Book(message, &Accounting::templates, TemplateEvent::kWithdrawn);
    return;
  }
  const Kept kept = Keep(message, record, message.datagram->received, false);
  Book(message, &Accounting::templates, kept.event);
  if (kept.event == TemplateEvent::kRefused) {
    Book(message, &Accounting::refusals, kept.refusal);
    return;
  }
  message.exporter->template_received = message.datagram->received;
  if (observer_ != nullptr) Tell(message, record);
  if (kept.event == TemplateEvent::kLearned) ReadHeld(message, record.id);
}

Decoder::Impl::Kept Decoder::Impl::Keep(Message& message, const TemplateRecord& record, ReceiveTime received,
                                        bool is_provisional) noexcept {
  const TemplateKey key{message.exporter_index, record.id};
  Exporter& exporter = *message.exporter;
  std::uint32_t index = templates_.Find(key);
  const std::uint64_t definition = record.definition ^ ReadingOf(*exporter.settings);
  Template* known = index == TemplateTable::kNone ? nullptr : &templates_[index];
  if (known != nullptr && known->plan != PlanPool::kNone && known->definition == definition) {
    known->last_received = received;
    known->is_provisional = is_provisional;
    return {TemplateEvent::kRefreshed};
  }
  TemplateRefusal refusal = RefusalOf(message, record, known, received);
  std::uint32_t plan = PlanPool::kNone;
  if (refusal == TemplateRefusal::kCount) {
    plan = plans_.Take();
    if (!CompilePlan(record.fields, record.is_options, *exporter.settings, plans_[plan])) {
      plans_.Release(std::exchange(plan, PlanPool::kNone));
      refusal = TemplateRefusal::kUnusable;
    }
  }
  if (refusal != TemplateRefusal::kCount) {
    // From here on the exporter means the new shape by this id: its data fit the old one no more.
    if (known != nullptr) {
      known->last_received = received;
      known->is_provisional = false;
      SetPlan(exporter, *known, PlanPool::kNone, 0);
    }
    return {TemplateEvent::kRefused, refusal};
  }
  if (known == nullptr) {
    known = &templates_[templates_.Insert(key)];
    ++exporter.templates;
  }
  SetPlan(exporter, *known, plan, record.wire.size());
  known->definition = definition;
  known->last_received = received;
  known->told = {};
  known->is_provisional = is_provisional;
  return {TemplateEvent::kLearned};
}

/// kCount: as far as caps and limits go it may come. `known` is what the exporter has by that id, or null.
TemplateRefusal Decoder::Impl::RefusalOf(const Message& message, const TemplateRecord& record,
                                         Template* known, ReceiveTime received) noexcept {
  const Exporter& exporter = *message.exporter;
  const std::size_t replaced = known == nullptr ? 0 : known->bytes;
  if (record.has_too_many_fields) return TemplateRefusal::kTooManyFields;
  if (known == nullptr) {
    if (exporter.templates >= settings_.max_templates_per_exporter) return TemplateRefusal::kExporterFull;
    if (templates_.size() == templates_.capacity()) return TemplateRefusal::kTableFull;
  }
  const std::size_t more = record.wire.size();
  if (exporter.template_bytes - replaced + more > settings_.max_template_bytes_per_exporter)
    return TemplateRefusal::kExporterBytes;
  if (template_bytes_ - replaced + more > settings_.max_template_bytes) return TemplateRefusal::kTableBytes;
  if (known != nullptr && !change_limit_.Take(known->fresh_at, received)) return TemplateRefusal::kUnstable;
  return TemplateRefusal::kCount;
}

void Decoder::Impl::SetPlan(Exporter& exporter, Template& entry, std::uint32_t plan,
                            std::size_t bytes) noexcept {
  if (entry.plan != PlanPool::kNone) plans_.Release(entry.plan);
  exporter.template_bytes += bytes - entry.bytes;  // what is taken off was added before
  template_bytes_ += bytes - entry.bytes;
  entry.plan = plan;
  entry.bytes = static_cast<std::uint32_t>(bytes);
}

void Decoder::Impl::DropTemplate(std::uint32_t index) noexcept {
  Exporter& exporter = exporters_[templates_.KeyOf(index).exporter];
  SetPlan(exporter, templates_[index], PlanPool::kNone, 0);
  --exporter.templates;
  templates_.Erase(index);
}

}  // namespace hostscope::ipfix
