#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "app/run/appliance.h"
#include "exporter/http/message.h"

namespace hostscope::app {

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
  std::jthread thread_;
};

}  // namespace hostscope::app
