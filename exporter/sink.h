#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/closed_window.h"

namespace hostscope::exporter {

/// A number that only one kind of sink has. `name` is a literal.
struct SinkNumber {
  std::string_view name;
  std::uint64_t value = 0;
};

/// What a sink has done so far; a snapshot, readable from any thread. A record is a host, network or
/// window record, as far as the sink's schema has it. Once nothing is being written, everything handed over
/// is in exactly one of delivered, rejected and dropped.
struct SinkStatus {
  std::uint64_t delivered = 0;      ///< records acknowledged by the other side
  std::uint64_t retried = 0;        ///< times that a record was sent again; not a fate of its own
  std::uint64_t rejected = 0;       ///< records that the other side refused for good
  std::uint64_t dropped = 0;        ///< records given up; Write() said why
  std::uint64_t windows = 0;        ///< windows of which every record was delivered
  std::vector<SinkNumber> numbers;  ///< the sink's own: always the same ones, in the same order
};

/// Where messages for the log go. Called from any thread of a sink, also at the same time.
using LogFunction = std::function<void(std::string_view message)>;

/// Where closed windows go. One thread calls Write() and Flush() for one sink; a slow sink holds up only its
/// own thread.
class Sink {
 public:
  virtual ~Sink() = default;
  /// For logs and metrics: what it is and where it leads.
  virtual std::string_view name() const noexcept = 0;

  /// Writes all host records of the window, then its network records where the sink is to have them, then its
  /// window record. Returns an empty string, or what failed
  /// in words for the log; every record is then counted in status() as delivered, rejected or dropped. May
  /// block for as long as the other side is away.
  virtual std::string Write(const aggregator::ClosedWindow& window) = 0;

  /// Waits until everything written is as safe as the other side can make it, or `timeout_ms` is over.
  /// Returns what failed, or an empty string.
  virtual std::string Flush(int timeout_ms) = 0;

  /// Called about once a second on the same thread while there is nothing to write. Does not block.
  virtual void Idle() noexcept {}

  /// Any thread, at any time, for good: a Write() under way, and every later one, gives up within a second,
  /// and what it did not deliver is dropped.
  virtual void Cancel() noexcept = 0;

  /// How many records this window has with the sink's schema, at most: schema stream4flow leaves some hosts
  /// out. Costs a pass over the hosts where there are network records.
  virtual std::uint64_t RecordsIn(const aggregator::ClosedWindow& window) const noexcept = 0;

  /// Any thread.
  virtual SinkStatus status() const noexcept = 0;
};

/// A sink, or why there is none.
struct OpenedSink {
  std::unique_ptr<Sink> sink;
  std::string problem;  ///< empty if there is a sink
};

}  // namespace hostscope::exporter
