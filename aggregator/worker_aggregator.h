#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "aggregator/host_table.h"
#include "aggregator/window_part.h"
#include "ipfix/counter.h"
#include "ipfix/flow_record.h"
#include "ipfix/time.h"

namespace hostscope::aggregator {

/// What a worker knows of a window besides its flow records. All but `exporters` are running totals since the
/// worker started (the decoder's books); the aggregator makes a window's share of them.
struct SideTotals {
  std::uint64_t exporters = 0;  ///< that sent to this worker in the window that is being closed
  std::uint64_t dropped = 0;    ///< datagrams, whatever the reason
  std::uint64_t sequence_expected = 0;
  std::uint64_t sequence_lost = 0;
};

/// Written by the worker, read by any thread.
struct AggregatorCounters {
  Counter flows;              ///< flow records with a monitored address
  Counter unmonitored_flows;  ///< flow records without one: RecordSkip::kUnmonitored
  Counter late_flows;         ///< arrived, by their time stamp, before the open window: counted into it
  Counter
      overrun_flows;  ///< arrived after the open window's end while there was no fresh table: counted into it
  Counter overruns;   ///< windows that had to stay open beyond their end
  Counter windows;    ///< window parts handed on
  Counter overflows;  ///< times that a flow went to an `other` record because the table was full
  Counter saturated;  ///< distinct counts that stopped growing because the sketch pool was exhausted
};

/// A worker's open base window. Lives on one worker's thread; nothing but counters() may be called from
/// elsewhere.
///
///     if (aggregator.Due(arrival)) {          // once a burst, or before each datagram of a capture
///       decoder.Flush(aggregator);            // what arrived before belongs to the window that ends
///       if (auto part = aggregator.Close(arrival, spare, totals)) hand it to the merger;
///     }
///
/// A flow record belongs to the window in which its datagram arrived. Time that goes backwards counts into
/// the open window, visible as late_flows. Windows in which nothing arrived are skipped at once, however many
/// they are.
///
/// When the clock was set (ShiftClock), what arrives counts by the new time. After a step forward the open
/// window is over at once. After a small step back it stays open until its end comes again; after a large one
/// it is closed at once, as a part, and the window that contains the time now is opened, although one of that
/// span may have been closed before. Records that tell of a window which a step touched say so.
///
/// When the merger has no fresh table to give (readers of closed windows hold them all), the window can't be
/// closed: it stays open beyond its end and takes what arrives, until a table comes. So nothing is lost or
/// counted twice, the sums over all windows stay exact, and overruns and overrun_flows say how much stands in
/// the wrong window.
class WorkerAggregator final : public FlowConsumer {
 public:
  /// Opens the window that contains `now`. `table` is clean and not null.
  WorkerAggregator(std::int64_t base_length_ns, ReceiveTime now, std::unique_ptr<HostTable> table);

  void Consume(std::span<const FlowRecord> records) noexcept override;
  void SetArrival(ReceiveTime arrival) noexcept override { arrival_ = arrival; }

  /// True once `arrival`, the arrival time of what comes next, is at or after the window's end.
  bool Due(ReceiveTime arrival) noexcept {
    arrival_ = arrival;
    return arrival >= span_.end() || is_reopening_;
  }

  /// The clock that arrivals are measured by was set by so much, and is at `now`. A `generation` that is not
  /// that of before: windows that were over are to be opened again.
  void ShiftClock(std::int64_t step_ns, ReceiveTime now, std::uint32_t generation) noexcept;
  /// Since the clock was set back the open window waits for being closed.
  bool is_reopening() const noexcept { return is_reopening_; }

  /// Ends the open window and opens the one that contains `now`. Takes `spare`, which must be clean, unless
  /// the open window has no hosts. Nothing is returned, and the window stays open, when a spare is needed and
  /// is null. The cost is that of moving a pointer.
  std::optional<WindowPart> Close(ReceiveTime now, std::unique_ptr<HostTable>& spare,
                                  const SideTotals& totals) noexcept;

  /// Shutdown: gives the open window away, marked partial if `now` is before its end. Only counters() may be
  /// called afterwards.
  WindowPart Finish(ReceiveTime now, const SideTotals& totals) noexcept;

  /// The open window.
  WindowSpan span() const noexcept { return span_; }
  const AggregatorCounters& counters() const noexcept { return counters_; }

 private:
  WindowPart MakePart(ReceiveTime next_start, const SideTotals& totals) noexcept;

  WindowSpan span_;
  ReceiveTime arrival_;
  std::unique_ptr<HostTable> table_;
  WindowSummary summary_;
  SideTotals before_;  ///< totals at the window's start
  bool is_overrun_ = false;
  bool is_reopening_ = false;
  std::uint32_t generation_ = 0;        ///< of the open window
  std::uint32_t next_generation_ = 0;   ///< of the next one
  std::int64_t step_into_next_ns_ = 0;  ///< by which the next window is reached
  AggregatorCounters counters_;
};

/// The window of `length_ns` that contains `time`: windows are aligned to the Unix epoch, also before it.
WindowSpan WindowAt(ReceiveTime time, std::int64_t length_ns) noexcept;

}  // namespace hostscope::aggregator
