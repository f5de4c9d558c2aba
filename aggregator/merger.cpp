#include "aggregator/merger.h"

#include <algorithm>
#include <atomic>
#include <compare>
#include <limits>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

#include "aggregator/closed_times.h"
#include "aggregator/table_pool.h"
#include "aggregator/table_window.h"
#include "aggregator/window_builder.h"
#include "aggregator/worker_aggregator.h"

namespace hostscope::aggregator {
namespace {

/// A time that goes on when the clock is set back.
struct Moment {
  std::uint32_t generation = 0;
  std::int64_t ns = 0;
  friend auto operator<=>(const Moment&, const Moment&) = default;
};
constexpr Moment kNever{0, std::numeric_limits<std::int64_t>::min()};
constexpr Moment kForever{std::numeric_limits<std::uint32_t>::max(),
                          std::numeric_limits<std::int64_t>::max()};

/// The windows of one length.
struct Level {
  std::int64_t length_ns = 0;
  std::size_t source = 0;  ///< the level it is made of: the longest that divides it. The base is its own.
  std::map<Moment, WindowBuilder> open;  ///< by start
  ClosedTimes closed;

  WindowBuilder& At(std::uint32_t generation, ReceiveTime time) {
    const WindowSpan span = WindowAt(time, length_ns);
    return open.try_emplace({generation, span.start.ns}, span).first->second;
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
        began_ns_(options.began_ns),
        progress_(options.workers, kNever),
        reserve_(levels_.size() - 1),
        pool_(std::make_shared<TablePool>(TableCount(options, levels_.size()), options.table, networks)) {}

  std::vector<ClosedWindowPtr> Add(std::size_t worker, WindowPart part) {
    levels_[0]
        .At(part.generation, part.span.start)
        .AddPart(part.summary, part.partial, std::move(part.table), *pool_, counters_);
    Moment& progress = progress_.at(worker);
    progress = std::max(progress, Moment{part.next_generation, part.next_start.ns});
    return CloseUpTo(Progress(), false);
  }

  std::vector<ClosedWindowPtr> Finish() {
    const Moment progress = Progress();
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

  std::unique_ptr<HostTable> TakeTable(int node) {
    return pool_->Take(reserve_.load(std::memory_order_relaxed), node);
  }

  const MergerCounters& counters() const noexcept { return counters_; }
  TableCounts tables() const { return pool_->counts(); }

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
  Moment Progress() const { return *std::min_element(progress_.begin(), progress_.end()); }

  std::vector<ClosedWindowPtr> CloseUpTo(Moment progress, bool may_exceed);
  void CloseGeneration(Moment progress, bool may_exceed, std::vector<ClosedWindowPtr>& closed);
  void CloseLevel(std::size_t index, Moment progress, bool may_exceed, std::vector<ClosedWindowPtr>& closed);
  bool IsComplete(const Level& level, Moment end, Moment progress) const;
  void Close(std::size_t index, std::uint32_t generation, WindowBuilder& window,
             std::vector<ClosedWindowPtr>& closed);
  void UpdateReserve();

  std::vector<Level> levels_;
  const std::int64_t began_ns_;
  std::vector<Moment> progress_;  ///< by worker
  /// Tables that workers leave for roll-ups that have none of their own yet.
  std::atomic<std::size_t> reserve_;
  std::shared_ptr<TablePool> pool_;
  MergerCounters counters_;
};

bool Merger::Impl::IsComplete(const Level& level, Moment end, Moment progress) const {
  if (end > progress) return false;
  if (&level == &levels_.front()) return true;
  // All shorter windows that belong to it must have been added: one of them may still wait for a table.
  const auto& shorter = levels_[level.source].open;
  return shorter.empty() || shorter.begin()->first >= end;
}

void Merger::Impl::Close(std::size_t index, std::uint32_t generation, WindowBuilder& window,
                         std::vector<ClosedWindowPtr>& closed) {
  const std::shared_ptr<SharedTable> table = window.TakeTable(pool_);
  if (table != nullptr && levels_[index].closed.Add(window.span(), generation)) window.MarkPartial();
  for (std::size_t longer = 1; longer < levels_.size(); ++longer) {
    if (levels_[longer].source != index) continue;
    levels_[longer]
        .At(generation, window.span().start)
        .AddWindow(window.summary(), window.is_partial(), table);
  }
  if (table == nullptr) return;
  WindowSummary summary = window.summary();
  if (window.is_partial()) summary.part = static_cast<std::uint64_t>(began_ns_) + generation;
  if (index == 0) counters_.last_sketch_bytes.store(table->table().sketch_bytes(), std::memory_order_relaxed);
  closed.push_back(std::make_shared<TableWindow>(window.span(), window.is_partial(), summary, table));
  counters_.windows.Add(1);
}

void Merger::Impl::CloseLevel(std::size_t index, Moment progress, bool may_exceed,
                              std::vector<ClosedWindowPtr>& closed) {
  Level& level = levels_[index];
  for (auto at = level.open.begin(); at != level.open.end(); at = level.open.erase(at)) {
    WindowBuilder& window = at->second;
    const std::uint32_t generation = at->first.generation;
    // Also before the end: what is united early frees its tables early.
    const bool is_united = window.Unite(*pool_, may_exceed, counters_);
    if (!is_united || !IsComplete(level, {generation, window.span().end().ns}, progress)) break;
    Close(index, generation, window, closed);
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

void Merger::Impl::CloseGeneration(Moment progress, bool may_exceed, std::vector<ClosedWindowPtr>& closed) {
  const auto before = static_cast<std::ptrdiff_t>(closed.size());
  for (std::size_t i = 0; i < levels_.size(); ++i) CloseLevel(i, progress, may_exceed, closed);
  std::stable_sort(
      closed.begin() + before, closed.end(),
      [](const ClosedWindowPtr& a, const ClosedWindowPtr& b) { return a->span().end() < b->span().end(); });
}

std::vector<ClosedWindowPtr> Merger::Impl::CloseUpTo(Moment progress, bool may_exceed) {
  std::vector<ClosedWindowPtr> closed;
  // What was open when the clock was set back comes before what was opened then.
  std::set<std::uint32_t> generations;
  for (const Level& level : levels_) {
    for (const auto& [start, window] : level.open) generations.insert(start.generation);
  }
  for (const std::uint32_t generation : generations)
    CloseGeneration(std::min(progress, {generation, kForever.ns}), may_exceed, closed);
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
std::unique_ptr<HostTable> Merger::TakeTable(int node) {
  return impl_->TakeTable(node);
}
TableCounts Merger::tables() const {
  return impl_->tables();
}
const MergerCounters& Merger::counters() const noexcept {
  return impl_->counters();
}

}  // namespace hostscope::aggregator
