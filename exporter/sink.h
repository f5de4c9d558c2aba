#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "aggregator/closed_window.h"

namespace hostscope::exporter {

/// What a sink has done so far; a snapshot, readable from any thread.
struct SinkStatus {
  std::uint64_t delivered = 0;  ///< records acknowledged by the other side
  std::uint64_t retried = 0;
  std::uint64_t rejected = 0;   ///< records the other side refused for good
  std::uint64_t dropped = 0;    ///< records given up, the reason counted in the log
  std::uint64_t windows = 0;    ///< windows written completely
};

/// Where closed windows go. One thread calls Write() for one sink; a slow sink holds up only its own thread.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual std::string_view name() const noexcept = 0;
  /// Writes all host records of the window, then its window record. Returns an empty string, or what failed in words
  /// for the log; whatever was not delivered is counted in status(). May block.
  virtual std::string Write(const aggregator::ClosedWindow& window) = 0;
  /// Waits until everything written is acknowledged or `timeout_ms` is over; false in the latter case.
  virtual bool Flush(int timeout_ms) = 0;
  virtual SinkStatus status() const noexcept = 0;
};

}  // namespace hostscope::exporter
