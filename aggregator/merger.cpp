#include "aggregator/merger.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include "aggregator/table_pool.h"
#include "aggregator/table_window.h"
#include "aggregator/window_builder.h"
#include "aggregator/worker_aggregator.h"

namespace hostscope::aggregator {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();

/// The windows of one length.
struct Level {
  std::int64_t length_ns = 0;
  std::size_t source = 0;  ///< the level it is made of: the longest that divides it. The base is its own.
  std::map<std::int64_t, WindowBuilder> open;  ///< by start

  WindowBuilder& At(ReceiveTime time) {
    const WindowSpan span = WindowAt(time, length_ns);
    return open.try_emplace(span.start.ns, span).first->second;
  }
};

std::vector<Level> MakeLevels(const MergerOptions& options) {
  if (options.base_length_ns <= 0) throw std::invalid_argument("the base window's length must be positive");
  std::vector<std::int64_t> lengths = options.rollup_lengths_ns;
  std::sort(lengths.begin(), lengths.end());
  lengths.erase(std::unique(lengths.begin(), lengths.end()), lengths.end());
  std::erase(lengths, options.base_length_ns);
  std::vector<Level> levels(1);
  levels[0].length_ns = options.base_length_ns;
  for (const std::int64_t length : lengths) {
    if (length <= 0 || length % options.base_length_ns != 0) {
      throw std::invalid_argument("window length " + std::to_string(length) +
                                  " ns is not a multiple of the base, " +
                                  std::to_string(options.base_length_ns) + " ns");
    }
    Level& level = levels.emplace_back();
    level.length_ns = length;
    for (std::size_t i = 0; i + 1 < levels.size(); ++i) {
      if (length % levels[i].length_ns == 0) level.source = i;
    }
  }
  return levels;
}

}  // namespace

class Merger::Impl {
 public:
  Impl(const MergerOptions& options, const NetworkSet& networks)
      : levels_(MakeLevels(options)),
        progress_(options.workers, kNever),
        reserve_(levels_.size() - 1),
        pool_(std::make_shared<TablePool>(TableCount(options, levels_.size()), options.table, networks)) {}

  std::vector<ClosedWindowPtr> Add(std::size_t worker, WindowPart part) {
    levels_[0]
        .At(part.span.start)
        .AddPart(part.summary, part.partial, std::move(part.table), *pool_, counters_);
    std::int64_t& progress = progress_.at(worker);
    progress = std::max(progress, part.next_start.ns);
    return CloseUpTo(Progress(), false);
  }

  std::vector<ClosedWindowPtr> Finish() {
    const std::int64_t progress = Progress();
    // What is closed up to here closes as usual; the rest is partial, and so is what it is rolled up into.
    std::vector<ClosedWindowPtr> closed = CloseUpTo(progress, true);
    for (Level& level : levels_) {
      for (auto& [start, window] : level.open) window.MarkPartial();
    }
    std::vector<ClosedWindowPtr> rest = CloseUpTo(kForever, true);
    closed.insert(closed.end(), rest.begin(), rest.end());
    pool_->Close();
    return closed;
  }

  std::unique_ptr<HostTable> TakeTable() { return pool_->Take(reserve_.load(std::memory_order_relaxed)); }

  const MergerCounters& counters() const noexcept { return counters_; }

 private:
  static std::size_t TableCount(const MergerOptions& options, std::size_t levels) {
    if (options.workers == 0) throw std::invalid_argument("a merger needs at least one worker");
    const std::size_t least = options.workers + levels;
    if (options.max_tables == 0) return 3 * options.workers + 2 * levels;
    if (options.max_tables < least) {
      throw std::invalid_argument("max_tables is " + std::to_string(options.max_tables) +
                                  ", must be at least " + std::to_string(least));
    }
    return options.max_tables;
  }

  /// No worker will deliver anything for windows that start before this.
  std::int64_t Progress() const { return *std::min_element(progress_.begin(), progress_.end()); }

  std::vector<ClosedWindowPtr> CloseUpTo(std::int64_t progress, bool may_exceed);
  void CloseLevel(std::size_t index, std::int64_t progress, bool may_exceed,
                  std::vector<ClosedWindowPtr>& closed);
  bool IsComplete(const Level& level, const WindowBuilder& window, std::int64_t progress) const;
  void Close(std::size_t index, WindowBuilder& window, std::vector<ClosedWindowPtr>& closed);
  void UpdateReserve();

  std::vector<Level> levels_;
  std::vector<std::int64_t> progress_;  ///< by worker
  /// Tables that workers leave for roll-ups that have none of their own yet.
  std::atomic<std::size_t> reserve_;
  std::shared_ptr<TablePool> pool_;
  MergerCounters counters_;
};

bool Merger::Impl::IsComplete(const Level& level, const WindowBuilder& window, std::int64_t progress) const {
  const std::int64_t end = window.span().end().ns;
  if (end > progress) return false;
  if (&level == &levels_.front()) return true;
  // All shorter windows that belong to it must have been added: one of them may still wait for a table.
  const auto& shorter = levels_[level.source].open;
  return shorter.empty() || shorter.begin()->first >= end;
}

void Merger::Impl::Close(std::size_t index, WindowBuilder& window, std::vector<ClosedWindowPtr>& closed) {
  const std::shared_ptr<SharedTable> table = window.TakeTable(pool_);
  for (std::size_t longer = 1; longer < levels_.size(); ++longer) {
    if (levels_[longer].source != index) continue;
    levels_[longer].At(window.span().start).AddWindow(window.summary(), window.is_partial(), table);
  }
  if (table == nullptr) return;
  closed.push_back(
      std::make_shared<TableWindow>(window.span(), window.is_partial(), window.summary(), table));
  counters_.windows.Add(1);
}

void Merger::Impl::CloseLevel(std::size_t index, std::int64_t progress, bool may_exceed,
                              std::vector<ClosedWindowPtr>& closed) {
  Level& level = levels_[index];
  for (auto at = level.open.begin(); at != level.open.end(); at = level.open.erase(at)) {
    WindowBuilder& window = at->second;
    // Also before the end: what is united early frees its tables early.
    const bool is_united = window.Unite(*pool_, may_exceed, counters_);
    if (!is_united || !IsComplete(level, window, progress)) break;
    Close(index, window, closed);
  }
}

void Merger::Impl::UpdateReserve() {
  std::size_t lacking = 0;
  for (std::size_t i = 1; i < levels_.size(); ++i) {
    const auto& open = levels_[i].open;
    if (open.empty() || !open.begin()->second.owns_table()) ++lacking;
  }
  reserve_.store(lacking, std::memory_order_relaxed);
}

std::vector<ClosedWindowPtr> Merger::Impl::CloseUpTo(std::int64_t progress, bool may_exceed) {
  std::vector<ClosedWindowPtr> closed;
  for (std::size_t i = 0; i < levels_.size(); ++i) CloseLevel(i, progress, may_exceed, closed);
  std::stable_sort(closed.begin(), closed.end(), [](const ClosedWindowPtr& a, const ClosedWindowPtr& b) {
    return a->span().end() < b->span().end();
  });
  UpdateReserve();
  return closed;
}

Merger::Merger(const MergerOptions& options, const NetworkSet& networks)
    : impl_(std::make_unique<Impl>(options, networks)) {}
Merger::~Merger() = default;

std::vector<ClosedWindowPtr> Merger::Add(std::size_t worker, WindowPart part) {
  return impl_->Add(worker, std::move(part));
}
std::vector<ClosedWindowPtr> Merger::Finish() {
  return impl_->Finish();
}
std::unique_ptr<HostTable> Merger::TakeTable() {
  return impl_->TakeTable();
}
const MergerCounters& Merger::counters() const noexcept {
  return impl_->counters();
}

}  // namespace hostscope::aggregator
