#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "app/run/appliance.h"
#include "exporter/http/message.h"
#include "ipfix/counter.h"

namespace hostscope::app {

/// Of all captures since the start. Read by any thread.
struct CaptureBooks {
  Counter begun;
  Counter ended;
  Counter written;  ///< frames that were given to a reader
  Counter dropped;  ///< frames that were wanted, and left out because they came faster than they were taken
};

/// Frames as the ports receive them, as a pcapng stream to whoever asks over HTTP: one at a time. A thread of
/// its own takes the workers' copies while somebody reads. What the reader takes too slowly is left out, and
/// counted.
class FrameCapture {
 public:
  explicit FrameCapture(Appliance& appliance) : appliance_(appliance) {}
  ~FrameCapture() { Stop(); }
  FrameCapture(const FrameCapture&) = delete;
  FrameCapture& operator=(const FrameCapture&) = delete;

  /// Parameters of the query: exporter (a prefix), seconds, frames, snap. Any thread.
  http::Response Answer(const http::Request& request);
  /// Ends the stream that is open, and refuses further ones.
  void Stop();
  const CaptureBooks& books() const noexcept { return books_; }

 private:
  class Stream;
  struct Limits {
    std::optional<std::uint64_t> seconds;
    std::optional<std::uint64_t> frames;
  };
  http::Response Begin(const dataplane::CaptureFilter& filter, Limits limits);
  void Run(const std::stop_token& stop, const std::weak_ptr<Stream>& reader, Limits limits);

  Appliance& appliance_;
  std::mutex mutex_;
  bool is_stopped_ = false;
  std::atomic<bool> is_running_{false};
  CaptureBooks books_;  ///< the thread's, but for `begun`: whoever holds the mutex
  std::jthread thread_;
};

}  // namespace hostscope::app
