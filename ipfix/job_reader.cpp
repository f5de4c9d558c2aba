#include "ipfix/job_reader.h"

namespace hostscope::ipfix {
namespace {

void AddTo(std::uint32_t& sum, std::uint64_t n) noexcept {
  sum += static_cast<std::uint32_t>(n);
}

void AddSet(const Plan& plan, const SetCounts& set, JobCounts& job) noexcept {
  AddTo(job.seen, set.seen);
  AddTo(job.counted, set.counted);
  AddTo(job.scaled, set.scaled);
  AddTo(job.malformed_times, set.malformed_times);
  if (plan.has_substitute_counters) AddTo(job.substitute_counters, set.counted);
  if (plan.lacks_counters()) AddTo(job.without_counters, set.counted);
  for (std::size_t reason = 0; reason < set.skipped.size(); ++reason)
    AddTo(job.skipped[reason], set.skipped[reason]);
  job.last_rate = set.last_rate;
}

}  // namespace

void JobReader::Read(DataJob& job, FlowConsumer& consumer) noexcept {
  job_ = &job;
  JobCounts counts;
  // Where it matters what was seen before, the decoder reads by itself.
  bool saw_nsel_update = false;
  for (std::size_t i = 0; i < job.set_count; ++i) {
    const DataSet& set = job.sets[i];
    set_ = &set;
    const SetContext context{.settings = job.settings,
                             .samplers = this,
                             .default_rate = set.default_rate,
                             .rate_is_fixed = set.rate_is_fixed,
                             .may_be_padded = set.may_be_padded,
                             .saw_nsel_update = &saw_nsel_update,
                             .clock = job.clock};
    AddSet(*set.plan, record_reader_.ReadFlows(*set.plan, set.body, context, batch_, consumer), counts);
  }
  job.counts = counts;
}

SamplingRate JobReader::RateOfSelector(std::uint64_t selector) noexcept {
  for (std::size_t i = 0; i < set_->rate_count; ++i) {
    const SelectorRate& known = job_->rates[set_->first_rate + i];
    if (known.selector == selector) return known.rate;
  }
  return SamplingRate{};  // can't be: the decoder noted every selector that the set's records name
}

}  // namespace hostscope::ipfix
