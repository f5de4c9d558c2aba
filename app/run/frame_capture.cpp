#include "app/run/frame_capture.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "app/capture/pcapng.h"
#include "app/config/text.h"
#include "exporter/http/events.h"

namespace hostscope::app {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kPause = 5ms;
// Workers' frames are put into the order of their times; what is older than a worker's loop has all come.
constexpr std::int64_t kOrderNs = 50 * kNanosecondsPerMillisecond;
constexpr std::size_t kMaxWaiting = std::size_t{32} << 20;
constexpr std::uint32_t kMaxSnap = 262'144;
constexpr std::uint64_t kMaxSeconds = 86'400;

ReceiveTime Now() {
  return {std::chrono::duration_cast<std::chrono::nanoseconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

/// A whole number from 1 to `max`; nothing where it is none.
std::optional<std::uint64_t> ParseNumber(std::string_view text, std::uint64_t max) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_good =
      error == std::errc{} && end == text.data() + text.size() && number >= 1 && number <= max;
  return is_good ? std::optional(number) : std::nullopt;
}

}  // namespace

/// What the reader has not taken yet.
class FrameCapture::Stream final : public http::EventSubscription {
 public:
  void OnEvents(std::function<void()> wake) override {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
    if (!texts_.empty() || is_over_) wake_();
  }
  std::vector<Text> Take() override {
    const std::lock_guard lock(mutex_);
    waiting_ = 0;
    return std::exchange(texts_, {});
  }
  bool IsCutOff() const override { return false; }
  bool IsOver() const override {
    const std::lock_guard lock(mutex_);
    return is_over_;
  }
  Text Heartbeat() const override { return nullptr; }

  /// False: there is no room.
  bool Put(std::string text, bool is_last = false) {
    const std::lock_guard lock(mutex_);
    if (!is_last && waiting_ + text.size() > kMaxWaiting) return false;
    waiting_ += text.size();
    if (!text.empty()) texts_.push_back(std::make_shared<const std::string>(std::move(text)));
    is_over_ = is_last;
    if (wake_) wake_();
    return true;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Text> texts_;
  std::size_t waiting_ = 0;
  bool is_over_ = false;
  std::function<void()> wake_;
};

http::Response FrameCapture::Answer(const http::Request& request) {
  dataplane::CaptureFilter filter;
  Limits limits;
  for (const auto& [name, value] : request.query) {
    if (name == "exporter") {
      Parsed<Prefix> prefix = ParsePrefix(value);
      if (!prefix.value) return http::Response::Error(400, "exporter: '" + value + "' " + prefix.wrong);
      filter.source = *prefix.value;
      continue;
    }
    const std::uint64_t max = name == "snap" ? kMaxSnap : name == "seconds" ? kMaxSeconds : UINT64_MAX;
    const std::optional<std::uint64_t> number = ParseNumber(value, max);
    if (name != "seconds" && name != "frames" && name != "snap")
      return http::Response::Error(400, name + " is not known; one of: exporter, seconds, frames, snap");
    if (!number)
      return http::Response::Error(400,
                                   fmt::format("{}: '{}' is not a number from 1 to {}", name, value, max));
    if (name == "seconds") limits.seconds = number;
    if (name == "frames") limits.frames = number;
    if (name == "snap") filter.snap_length = static_cast<std::uint32_t>(*number);
  }
  if (request.method == http::Method::kHead) return http::Response::Of("application/vnd.tcpdump.pcap", {});

  const std::lock_guard lock(mutex_);
  if (is_stopped_) return http::Response::Error(503, "the appliance is about to end");
  if (is_running_.exchange(true)) return http::Response::Error(409, "there is a capture already");
  if (thread_.joinable()) thread_.join();
  try {
    return Begin(filter, limits);
  } catch (...) {
    is_running_.store(false);
    throw;
  }
}

http::Response FrameCapture::Begin(const dataplane::CaptureFilter& filter, Limits limits) {
  auto stream = std::make_shared<Stream>();
  http::Response response = http::Response::Events(stream);
  response.content_type = "application/vnd.tcpdump.pcap";
  AppendSection("hostscope", response.first_events);
  for (const dataplane::PortStatus& port : appliance_.status().ports)
    AppendInterface(port.device, filter.snap_length, response.first_events);
  appliance_.dataplane().StartCapture(filter);
  books_.begun.Add(1);
  thread_ = std::jthread([this, limits, reader = std::weak_ptr<Stream>(stream)](const std::stop_token& stop) {
    Run(stop, reader, limits);
    books_.ended.Add(1);
    is_running_.store(false);
  });
  return response;
}

void FrameCapture::Stop() {
  const std::lock_guard lock(mutex_);
  is_stopped_ = true;
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void FrameCapture::Run(const std::stop_token& stop, const std::weak_ptr<Stream>& reader, Limits limits) {
  dataplane::Dataplane& dataplane = appliance_.dataplane();
  const auto end = Clock::now() + std::chrono::seconds(limits.seconds.value_or(kMaxSeconds));
  const std::uint64_t wanted = limits.frames.value_or(UINT64_MAX);
  std::uint64_t written = 0;
  std::uint64_t dropped = 0;  // this capture's
  std::uint64_t missed = 0;   // of them: by the workers
  std::vector<dataplane::CapturedFrame> frames;
  std::size_t bytes = 0;
  const auto collect = [&] {
    dataplane::CapturedFrame frame;
    for (std::size_t worker = 0; worker < appliance_.worker_count(); ++worker) {
      while (bytes < kMaxWaiting && dataplane.TakeFrame(worker, frame)) {
        bytes += frame.bytes.size();
        frames.push_back(std::move(frame));
      }
    }
  };
  const auto drop = [&](std::uint64_t count) {
    dropped += count;
    books_.dropped.Add(count);
  };
  const auto count_missed = [&] {
    const std::uint64_t now = dataplane.FramesMissed();
    drop(now - std::exchange(missed, now));
  };
  /// Of those that came before `before`.
  const auto write = [&](ReceiveTime before) {
    std::ranges::stable_sort(frames, {}, &dataplane::CapturedFrame::time);
    const auto due = std::ranges::find_if(frames, [&](const auto& frame) { return frame.time >= before; });
    std::string text;
    std::uint64_t count = 0;
    for (auto frame = frames.begin(); frame != due; ++frame) {
      bytes -= frame->bytes.size();
      if (written + count == wanted) continue;
      AppendPacket({frame->port, frame->time, frame->length, frame->bytes}, text);
      ++count;
    }
    frames.erase(frames.begin(), due);
    const auto stream = reader.lock();
    const bool is_written = count == 0 || (stream != nullptr && stream->Put(std::move(text)));
    if (!is_written) return drop(count);
    written += count;
    books_.written.Add(count);
  };
  while (!stop.stop_requested() && !reader.expired() && Clock::now() < end && written < wanted) {
    collect();
    write({Now().ns - kOrderNs});
    count_missed();
    std::this_thread::sleep_for(kPause);
  }
  dataplane.StopCapture();
  collect();
  write({INT64_MAX});
  count_missed();
  if (const auto stream = reader.lock()) {
    std::string text;
    AppendStatistics(0, Now(), dropped, text);
    stream->Put(std::move(text), true);
  }
  spdlog::info("capture: {} frames, {} missed", written, dropped);
}

}  // namespace hostscope::app
