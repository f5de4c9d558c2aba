#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "aggregator/closed_window.h"
#include "aggregator/window_part.h"

namespace hostscope::aggregator {

struct MergerOptions {
  std::size_t workers = 1;
  std::int64_t base_length_ns = 10'000'000'000;
  std::vector<std::int64_t> rollup_lengths_ns;  ///< each an integer multiple of the base
  HostTableOptions table;
};

/// Unites the workers' tables of each base window and rolls base windows up into the longer ones. One thread.
/// DRAFT: owned by the aggregator's author.
class Merger {
 public:
  Merger(const MergerOptions& options, const NetworkSet& networks);
  ~Merger();

  /// Takes a worker's part. Returns the windows that are complete with it, shortest first. Parts of one worker come in
  /// time order, each worker delivers every base window in which any worker may have had traffic, empty ones included;
  /// windows without any flow yield none.
  std::vector<ClosedWindowPtr> Add(std::size_t worker, WindowPart part);
  /// Shutdown: closes what is open, marked partial where its end has not come.
  std::vector<ClosedWindowPtr> Finish();
  /// A cleared table for a worker's next window, or null when all are in use (the caller then keeps counting into the
  /// old one? see WorkerAggregator).
  std::unique_ptr<HostTable> TakeTable();
};

}  // namespace hostscope::aggregator
