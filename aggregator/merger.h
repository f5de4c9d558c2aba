#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "aggregator/closed_window.h"
#include "aggregator/host_table.h"
#include "aggregator/window_part.h"
#include "ipfix/counter.h"

namespace hostscope::aggregator {

struct MergerOptions {
  std::size_t workers = 1;
  std::int64_t base_length_ns = 10'000'000'000;
  std::vector<std::int64_t> rollup_lengths_ns;  ///< each an integer multiple of the base
  /// When this run began, nanoseconds since the Unix epoch: no two runs in the same nanosecond. With how
  /// often the clock was set back since then added, it is the `part` of windows that are cut.
  std::int64_t began_ns = 0;
  HostTableOptions table;
  /// All tables there will ever be: the workers' open and spare ones, windows being merged, and closed
  /// windows that somebody still reads. Fewer than workers + 1 can't work. 0: 3 for each worker and 2 for
  /// each window length.
  std::size_t max_tables = 0;
};

/// Written by the merging thread, read by any.
struct MergerCounters {
  Counter windows;         ///< closed windows returned
  Counter overflows;       ///< hosts that went to an `other` record because the united table was full
  Counter saturated;       ///< distinct counts that stopped growing in a united table
  Counter tables_missing;  ///< times that a roll-up found no free table, and had to wait
  /// Of the sketch pool, in the base window that closed last.
  std::atomic<std::uint64_t> last_sketch_bytes{0};
};

/// How many tables there are, and how many of them neither a worker nor a window has.
struct TableCounts {
  std::size_t all = 0;
  std::size_t free = 0;
};

/// Unites the workers' tables of each base window and rolls base windows up into the longer ones: sums add,
/// sketches unite, nothing is counted twice. One thread; closed windows may be read and dropped on any other,
/// and may outlive the merger.
///
/// With one worker the base window is the worker's own table, not a copy. A longer window takes over the
/// table of its first base window where nobody reads that any more, and else copies it. Where no table is
/// free for that, the base windows are kept until one is; this can't last, since they come free when their
/// readers let go.
class Merger {
 public:
  /// Throws std::invalid_argument for a length that does not fit, std::system_error where memory can't be
  /// reserved.
  Merger(const MergerOptions& options, const NetworkSet& networks);
  ~Merger();
  Merger(const Merger&) = delete;
  Merger& operator=(const Merger&) = delete;

  /// Takes a worker's part. Returns the windows that are complete with it: in order of their ends, of equal
  /// ends the shortest first. Parts of one worker come in time order. A window is complete when each worker's
  /// next_start is at or after its end; windows without any flow yield none.
  std::vector<ClosedWindowPtr> Add(std::size_t worker, WindowPart part);

  /// Shutdown, after the workers' last parts: closes what is open, marked partial where its end has not come.
  /// May go beyond max_tables, by one for each roll-up, if readers hold all tables at that moment. No tables
  /// are to be taken afterwards.
  std::vector<ClosedWindowPtr> Finish();

  /// A clean table for a worker's next window, or null when all are in use; with memory of the worker's NUMA
  /// node, unless all such tables are in use. Any thread, but it takes a lock.
  std::unique_ptr<HostTable> TakeTable(int node = HostTable::kAnyNode);

  const MergerCounters& counters() const noexcept;
  /// Any thread, but it takes a lock.
  TableCounts tables() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hostscope::aggregator
