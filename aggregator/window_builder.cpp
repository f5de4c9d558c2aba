#include "aggregator/window_builder.h"

#include <algorithm>
#include <utility>

namespace hostscope::aggregator {
namespace {

void AddSums(WindowSummary& to, const WindowSummary& from) noexcept {
  to.flows += from.flows;
  to.packets += from.packets;
  to.bytes += from.bytes;
  to.dropped += from.dropped;
  to.scaled_flows += from.scaled_flows;
  to.sequence_expected += from.sequence_expected;
  to.sequence_lost += from.sequence_lost;
  to.NoteClockStep(from.clock_step_ns);
}

void UniteCounted(HostTable& to, const HostTable& from, MergerCounters& counters) noexcept {
  const std::uint64_t overflows = to.overflows();
  const std::uint64_t saturated = to.saturated();
  to.Unite(from);
  counters.overflows.Add(to.overflows() - overflows);
  counters.saturated.Add(to.saturated() - saturated);
}

}  // namespace

void WindowBuilder::AddPart(const WindowSummary& summary, bool partial, std::unique_ptr<HostTable> table,
                            TablePool& pool, MergerCounters& counters) {
  AddSums(summary_, summary);
  summary_.exporters += summary.exporters;
  is_partial_ |= partial;
  if (table == nullptr) return;
  if (own_ == nullptr) {
    own_ = std::move(table);
    return;
  }
  // The smaller one is added to the larger, and is free for a worker again at once.
  if (own_->hosts() < table->hosts()) own_.swap(table);
  UniteCounted(*own_, *table, counters);
  pool.Return(std::move(table));
}

void WindowBuilder::AddWindow(const WindowSummary& summary, bool partial,
                              std::shared_ptr<SharedTable> table) {
  AddSums(summary_, summary);
  summary_.exporters = std::max(summary_.exporters, summary.exporters);
  is_partial_ |= partial;
  if (table != nullptr) waiting_.push_back(std::move(table));
}

// Where nobody reads one of the shorter windows any more, its table needs no copy.
bool WindowBuilder::TakeBackWaiting() noexcept {
  const auto at =
      std::find_if(waiting_.begin(), waiting_.end(), [](const std::shared_ptr<SharedTable>& table) {
        // First the readers, which go on other threads; the count is then this thread's.
        return !table->HasReaders() && table.use_count() == 1;
      });
  if (at == waiting_.end()) return false;
  own_ = (*at)->TakeBack();
  waiting_.erase(at);
  return true;
}

bool WindowBuilder::Unite(TablePool& pool, bool may_exceed, MergerCounters& counters) {
  if (own_ == nullptr) {
    if (waiting_.size() < 2) return true;
    if (!TakeBackWaiting()) {
      own_ = pool.Take(0);
      if (own_ == nullptr) {
        counters.tables_missing.Add(1);
        if (!may_exceed) return false;
        own_ = pool.MakeExtra();
      }
    }
  }
  for (const std::shared_ptr<SharedTable>& table : waiting_) UniteCounted(*own_, table->table(), counters);
  waiting_.clear();
  return true;
}

std::shared_ptr<SharedTable> WindowBuilder::TakeTable(const std::shared_ptr<TablePool>& pool) {
  if (own_ == nullptr) {
    if (waiting_.empty()) return nullptr;
    std::shared_ptr<SharedTable> only = std::move(waiting_.front());
    waiting_.clear();
    return only;
  }
  own_->Sort();
  return std::make_shared<SharedTable>(std::move(own_), pool);
}

}  // namespace hostscope::aggregator
