#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "aggregator/closed_window.h"
#include "exporter/delay_histogram.h"
#include "exporter/sink.h"

namespace hostscope::exporter {

struct SinkRunnerOptions {
  /// Closed windows that wait while the sink writes one; each holds a host table. At least 1.
  std::size_t max_waiting = 6;
  /// Length of the windows whose delay is measured; 0: of all.
  std::int64_t delay_of_ns = 0;
};

/// What became of the windows given to a runner; a snapshot. pushed = written + failed + dropped_windows +
/// waiting + writing, at any moment.
struct SinkRunnerStatus {
  std::uint64_t pushed = 0;   ///< windows
  std::uint64_t written = 0;  ///< windows for which Write() had nothing to report
  std::uint64_t failed = 0;   ///< windows for which it had
  std::uint64_t dropped_windows =
      0;                      ///< the oldest ones, to make room, and those left when Stop() had no time
  std::uint64_t waiting = 0;  ///< windows in the queue now
  std::uint64_t writing = 0;  ///< 1 while the sink writes a window
  ReceiveTime oldest_end;     ///< of the oldest window that is not written; the epoch where there is none
  /// The sink's own, with the records of dropped windows added to `dropped`.
  SinkStatus sink;
  DelayHistogram delay;  ///< from a window's end to its last record written, of those written
};

/// Gives a sink its own thread, so that whoever closes windows never waits for whoever takes them. When the
/// queue is full the oldest waiting window is dropped, and counted.
///
/// The queue is a deque under a mutex: it moves a pointer a few times a minute, never on a worker, and taking
/// the oldest out to let the newest in must be one step, which a lock-free queue does not have.
class SinkRunner {
 public:
  /// `log` hears what Write() and Flush() report and what is dropped; from the sink's thread and the pushing
  /// one.
  SinkRunner(std::unique_ptr<Sink> sink, const SinkRunnerOptions& options, LogFunction log);
  /// As Stop() without time.
  ~SinkRunner();
  SinkRunner(const SinkRunner&) = delete;
  SinkRunner& operator=(const SinkRunner&) = delete;

  /// Never blocks for the sink. One thread at a time; not after Stop().
  void Push(aggregator::ClosedWindowPtr window);

  /// Lets the sink write what waits and flush. When `deadline` is over it is cancelled and what remains is
  /// dropped. Returns true if it was not. The same thread as Push(). Later calls do nothing.
  bool Stop(std::chrono::milliseconds deadline);

  /// Any thread.
  SinkRunnerStatus status() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hostscope::exporter
