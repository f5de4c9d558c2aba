#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "exporter/delay_histogram.h"
#include "exporter/sink.h"
#include "exporter/store/spool.h"
#include "exporter/store/store.h"

namespace hostscope::exporter {

struct SinkFeederOptions {
  /// Between two attempts at the same window: the first pause, doubled each time up to the longest.
  std::chrono::milliseconds first_pause{500};
  std::chrono::milliseconds longest_pause{30'000};
  /// Length of the windows whose delay is measured; 0: of all.
  std::int64_t delay_of_ns = 0;
};

/// What became of a sink's windows; a snapshot.
struct SinkFeederStatus {
  SpoolStatus spool;
  std::uint64_t failed = 0;  ///< attempts after which a window is tried again
  /// The sink's own, but: what it gave up of a window that is tried again is in `retried`, and `dropped` is
  /// what the spool dropped, window records with it.
  SinkStatus sink;
  /// From a window's end to its last record written and flushed; of all that were acknowledged, also those
  /// that had to wait.
  DelayHistogram delay;
};

/// Gives a sink its unsent windows from the store, oldest first, on a thread of its own: the counterpart of
/// SinkRunner where there is a store. A window is acknowledged when Write() dropped none of its records (what
/// the other side refuses for good does not come back) and Flush() was good; else it is tried again after a
/// pause, as a whole: at least once, and record_id makes the repeats harmless. What is unsent at the end is
/// sent by the next run.
class SinkFeeder {
 public:
  /// `store` and `spool`, one of its own, live longer. `log` hears what Write() and Flush() report.
  SinkFeeder(std::unique_ptr<Sink> sink, Store& store, Spool& spool, const SinkFeederOptions& options,
             LogFunction log);
  /// As Stop() without time.
  ~SinkFeeder();
  SinkFeeder(const SinkFeeder&) = delete;
  SinkFeeder& operator=(const SinkFeeder&) = delete;

  /// Goes on until nothing is unsent, an attempt fails or `deadline` is over, when the sink is cancelled.
  /// Returns true if nothing is unsent. One thread; later calls do nothing.
  bool Stop(std::chrono::milliseconds deadline);

  /// Any thread.
  SinkFeederStatus status() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hostscope::exporter
