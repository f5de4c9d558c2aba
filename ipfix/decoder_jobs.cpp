#include <utility>

#include "ipfix/decoder_state.h"
#include "ipfix/wire.h"

// Data sets that other threads read: what has to be known of them at once, and how their counts come back.
namespace hostscope::ipfix {

/// Puts a set into the message's job. False: it has to be read here.
bool Decoder::Impl::HandOut(Message& message, const Plan& plan, std::uint32_t plan_index,
                            std::span<const std::uint8_t> body, SamplingRate rate) noexcept {
  Exporter& exporter = *message.exporter;
  DataJob& job = *message.job;
  if (job.set_count == DataJob::kMaxSets) return false;
  // Whether such a record counts depends on those before it, in other sets and datagrams.
  if (plan.is_nsel && exporter.settings->nsel == ExporterSettings::Nsel::kAuto) return false;
  const SetContext context = ContextOf(message, rate);
  const bool wants_selectors = plan.Has(Column::kSelector) && !context.rate_is_fixed;
  const std::uint16_t first_rate = job.rate_count;
  std::uint64_t records = 0;
  if (message.version == kVersionIpfix || wants_selectors) {
    const SetSurvey survey = record_reader_.Survey(plan, body, wants_selectors);
    current_ = &message;
    if (survey.has_more_selectors || !AddRates(survey, job)) return false;
    records = survey.records;
  }
  if (plan_index != PlanPool::kNone && !plans_.Pin(plan_index)) {
    job.rate_count = first_rate;
    return false;
  }
  message.data_records += records;
  job.sets[job.set_count++] = {.plan = &plan,
                               .body = body,
                               .default_rate = context.default_rate,
                               .plan_index = plan_index,
                               .first_rate = static_cast<std::uint8_t>(first_rate),
                               .rate_count = static_cast<std::uint8_t>(job.rate_count - first_rate),
                               .rate_is_fixed = context.rate_is_fixed,
                               .may_be_padded = context.may_be_padded};
  job.received = message.datagram->received;
  job.clock = message.clock;
  job.settings = exporter.settings;
  job.policy = exporter.policy;
  job.exporter = message.exporter_index;
  job.order = ++exporter.flow_sets;
  return true;
}

/// What options data say now of the selectors that a set's records name: they may say something else when the
/// set is read.
bool Decoder::Impl::AddRates(const SetSurvey& survey, DataJob& job) noexcept {
  if (job.rate_count + survey.selector_count > DataJob::kMaxRates) return false;
  for (const std::uint64_t selector : survey.known_selectors()) {
    job.rates[job.rate_count++] = {selector, RateOfSelector(selector)};
  }
  return true;
}

void Decoder::Impl::Finish(const DataJob& job) noexcept {
  if (job.set_count == 0) return;
  Exporter& exporter = exporters_[job.exporter];
  --exporter.jobs;
  --jobs_;
  if (job.policy != policy_version_) --old_references_;
  for (std::size_t i = 0; i < job.set_count; ++i) {
    if (job.sets[i].plan_index != PlanPool::kNone) plans_.Unpin(job.sets[i].plan_index);
  }
  const JobCounts& counts = job.counts;
  BookFlows(exporter, counts, counts.substitute_counters, counts.without_counters);
  if (job.order <= exporter.last_rate_set) return;
  exporter.last_rate = counts.last_rate;
  exporter.last_rate_set = job.order;
}

}  // namespace hostscope::ipfix
