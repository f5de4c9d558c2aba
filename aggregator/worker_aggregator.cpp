#include "aggregator/worker_aggregator.h"

#include <algorithm>
#include <utility>

namespace hostscope::aggregator {
namespace {

/// The growth of a running total since the window's start. An estimate that was corrected downwards adds
/// nothing until it has caught up, so that the windows' shares never sum to more than the total was.
std::uint64_t Growth(std::uint64_t& before, std::uint64_t now) noexcept {
  const std::uint64_t grown = now > before ? now - before : 0;
  before = std::max(before, now);
  return grown;
}

}  // namespace

WindowSpan WindowAt(ReceiveTime time, std::int64_t length_ns) noexcept {
  const std::int64_t into = time.ns % length_ns;
  return {ReceiveTime{time.ns - into - (into < 0 ? length_ns : 0)}, length_ns};
}

WorkerAggregator::WorkerAggregator(std::int64_t base_length_ns, ReceiveTime now,
                                   std::unique_ptr<HostTable> table)
    : span_(WindowAt(now, base_length_ns)), arrival_(now), table_(std::move(table)) {}

void WorkerAggregator::Consume(std::span<const FlowRecord> records) noexcept {
  const std::uint64_t overflows = table_->overflows();
  const std::uint64_t saturated = table_->saturated();
  const HostTable::UpdateResult result = table_->Update(records);
  summary_.flows += result.flows;
  summary_.packets += result.packets;
  summary_.bytes += result.bytes;
  summary_.scaled_flows += result.scaled;
  counters_.flows.Add(result.flows);
  counters_.unmonitored_flows.Add(result.unmonitored);
  counters_.overflows.Add(table_->overflows() - overflows);
  counters_.saturated.Add(table_->saturated() - saturated);
  if (arrival_ < span_.start) [[unlikely]]
    counters_.late_flows.Add(result.flows);
  if (arrival_ >= span_.end()) [[unlikely]]
    counters_.overrun_flows.Add(result.flows);
}

WindowPart WorkerAggregator::MakePart(ReceiveTime next_start, const SideTotals& totals) noexcept {
  WindowPart part;
  part.span = span_;
  part.next_start = next_start;
  part.generation = generation_;
  part.partial = is_reopening_;
  part.summary = std::exchange(summary_, {});
  summary_.NoteClockStep(std::exchange(step_into_next_ns_, 0));
  part.summary.exporters = totals.exporters;
  part.summary.dropped = Growth(before_.dropped, totals.dropped);
  part.summary.sequence_expected = Growth(before_.sequence_expected, totals.sequence_expected);
  part.summary.sequence_lost = Growth(before_.sequence_lost, totals.sequence_lost);
  counters_.windows.Add(1);
  part.next_generation = generation_ = next_generation_;
  is_reopening_ = false;
  is_overrun_ = false;
  return part;
}

void WorkerAggregator::ShiftClock(std::int64_t step_ns, ReceiveTime now, std::uint32_t generation) noexcept {
  summary_.NoteClockStep(step_ns);
  if (generation != next_generation_) is_reopening_ = true;
  next_generation_ = generation;
  if (is_reopening_ || now >= span_.end()) step_into_next_ns_ = step_ns;
}

std::optional<WindowPart> WorkerAggregator::Close(ReceiveTime now, std::unique_ptr<HostTable>& spare,
                                                  const SideTotals& totals) noexcept {
  if (now < span_.end() && !is_reopening_) return std::nullopt;
  const bool is_empty = table_->empty();
  if (!is_empty && spare == nullptr) {
    if (!is_overrun_) counters_.overruns.Add(1);
    is_overrun_ = true;
    return std::nullopt;
  }
  const WindowSpan next = WindowAt(now, span_.length_ns);
  WindowPart part = MakePart(next.start, totals);
  if (!is_empty) part.table = std::exchange(table_, std::move(spare));
  span_ = next;
  return part;
}

WindowPart WorkerAggregator::Finish(ReceiveTime now, const SideTotals& totals) noexcept {
  WindowPart part = MakePart(std::max(WindowAt(now, span_.length_ns).start, span_.end()), totals);
  part.partial |= now < span_.end();
  if (!table_->empty()) part.table = std::move(table_);
  table_.reset();
  return part;
}

}  // namespace hostscope::aggregator
