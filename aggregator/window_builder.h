#pragma once

#include <memory>
#include <vector>

#include "aggregator/host_record.h"
#include "aggregator/host_table.h"
#include "aggregator/merger.h"
#include "aggregator/table_pool.h"

namespace hostscope::aggregator {

/// One window while it is put together: a base window from the workers' tables, or a longer one from shorter
/// windows. Merging thread.
class WindowBuilder {
 public:
  explicit WindowBuilder(WindowSpan span) : span_(span) {}

  WindowSpan span() const noexcept { return span_; }
  bool is_partial() const noexcept { return is_partial_; }
  const WindowSummary& summary() const noexcept { return summary_; }
  void MarkPartial() noexcept { is_partial_ = true; }
  /// True if it has a table of its own, which only it may write.
  bool owns_table() const noexcept { return own_ != nullptr; }

  /// Adds another worker's share of the same window: exporters add up, since each sends to one worker.
  void AddPart(const WindowSummary& summary, bool partial, std::unique_ptr<HostTable> table, TablePool& pool,
               MergerCounters& counters);
  /// Adds a shorter window: of exporters the most in any of them, since they are the same ones again. `table`
  /// is null where it had no hosts.
  void AddWindow(const WindowSummary& summary, bool partial, std::shared_ptr<SharedTable> table);

  /// Unites what was added. False where that needs a table, and none is free; to be tried again later. May
  /// make a table beyond the pool's number if `may_exceed`.
  bool Unite(TablePool& pool, bool may_exceed, MergerCounters& counters);

  /// The finished table, sorted; null where there were no hosts. After Unite() gave true; leaves the builder
  /// empty.
  std::shared_ptr<SharedTable> TakeTable(const std::shared_ptr<TablePool>& pool);

 private:
  bool TakeBackWaiting() noexcept;

  WindowSpan span_;
  WindowSummary summary_;
  bool is_partial_ = false;
  std::unique_ptr<HostTable> own_;
  std::vector<std::shared_ptr<SharedTable>> waiting_;  ///< to be united; a single one is left as it is
};

}  // namespace hostscope::aggregator
