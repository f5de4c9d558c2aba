#include "exporter/store/sink_feeder.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace hostscope::exporter {
namespace {

using std::chrono::milliseconds;

constexpr int kFlushMs = 10'000;
constexpr milliseconds kIdleInterval{1000};

/// Windows that the spool dropped as if they were one, for a sink to say how many records it would have made
/// of it.
class DroppedWindow final : public aggregator::ClosedWindow {
 public:
  DroppedWindow() = default;
  DroppedWindow(std::uint64_t rows, NetworkCounts networks, std::uint64_t events)
      : rows_(rows), networks_(std::move(networks)), events_(events) {}

  aggregator::WindowSpan span() const noexcept override { return {}; }
  bool partial() const noexcept override { return false; }
  const aggregator::WindowSummary& summary() const noexcept override { return summary_; }
  std::size_t size() const noexcept override { return rows_; }
  aggregator::HostRecord At(std::size_t) const noexcept override { return {}; }
  std::uint64_t CountNetworks(const aggregator::NetworkLevels& levels) const noexcept override {
    return networks_.Wanted(levels);
  }
  std::uint64_t CountEvents() const noexcept override { return events_; }

 private:
  std::size_t rows_ = 0;
  NetworkCounts networks_;
  std::uint64_t events_ = 0;
  aggregator::WindowSummary summary_;
};

}  // namespace

class SinkFeeder::Impl {
 public:
  Impl(std::unique_ptr<Sink> sink, Store& store, Spool& spool, const SinkFeederOptions& options,
       LogFunction log)
      : sink_(std::move(sink)),
        store_(store),
        spool_(spool),
        options_(options),
        delay_(options.delay_of_ns),
        log_(log ? std::move(log) : [](std::string_view) {}),
        thread_([this] { Run(); }) {}

  bool Stop(milliseconds deadline);
  SinkFeederStatus status() const;

 private:
  enum class Outcome { kDone, kSetAside, kFailed };

  void Run();
  Outcome Send(const Unsent& unsent);
  std::string WriteAndFlush(const aggregator::ClosedWindow& window);
  void Pause(milliseconds pause);
  bool IsOver();
  std::uint64_t DroppedRecords(const SpoolStatus& spool) const;

  const std::unique_ptr<Sink> sink_;
  Store& store_;
  Spool& spool_;
  const SinkFeederOptions options_;
  WindowDelay delay_;  // the sink's thread writes it
  const LogFunction log_;

  mutable std::mutex mutex_;  // guards what follows, up to thread_
  std::condition_variable changed_;
  bool is_stopping_ = false;
  bool is_done_ = false;
  std::uint64_t failed_ = 0;

  std::thread thread_;  // last: it uses all the others
};

void SinkFeeder::Impl::Run() {
  milliseconds pause = options_.first_pause;
  while (!IsOver()) {
    if (!spool_.WaitFor(kIdleInterval)) {
      sink_->Idle();
      continue;
    }
    const std::optional<Unsent> unsent = spool_.Next();
    if (!unsent) break;
    if (Send(*unsent) != Outcome::kFailed) {
      pause = options_.first_pause;
      continue;
    }
    spool_.Release(unsent->id);
    {
      const std::lock_guard lock(mutex_);
      ++failed_;
      if (is_stopping_) break;
    }
    Pause(pause);
    pause = std::min(2 * pause, options_.longest_pause);
  }
  const std::lock_guard lock(mutex_);
  is_done_ = true;
  changed_.notify_all();
}

// When told to stop, it goes on while there is something to send.
bool SinkFeeder::Impl::IsOver() {
  const std::lock_guard lock(mutex_);
  return is_stopping_ && spool_.status().windows == 0;
}

SinkFeeder::Impl::Outcome SinkFeeder::Impl::Send(const Unsent& unsent) {
  std::shared_ptr<const StoredWindow> window = unsent.in_memory;
  std::string problem;
  if (window == nullptr) {
    OpenedWindow opened = StoredWindow::Open(spool_.PathOf(unsent.id));
    window = std::move(opened.window);
    // The whole of it is checked first: a sink can't take back what it has sent.
    problem = window == nullptr ? opened.problem : window->Verify();
    if (window == nullptr && !opened.is_damaged) {
      log_(spool_.PathOf(unsent.id) + ": " + problem);
      return Outcome::kFailed;
    }
  }
  if (problem.empty()) {
    problem = WriteAndFlush(*window);
    if (!problem.empty()) log_(problem + "; it is tried again");
    if (!window->is_damaged()) {
      if (!problem.empty()) return Outcome::kFailed;
      delay_.Written(*window, WallClock());
      spool_.Acknowledge(unsent.id);
      return Outcome::kDone;
    }
    problem = "damaged while it was read";
  }
  store_.SetAside(unsent.id, problem);
  return Outcome::kSetAside;
}

// Why it is to be tried again, or an empty string.
std::string SinkFeeder::Impl::WriteAndFlush(const aggregator::ClosedWindow& window) {
  const std::uint64_t dropped_before = sink_->status().dropped;
  std::string problem = sink_->Write(window);
  if (sink_->status().dropped != dropped_before) return problem.empty() ? "records were dropped" : problem;
  if (!problem.empty()) log_(problem);  // refused for good
  return sink_->Flush(kFlushMs);
}

void SinkFeeder::Impl::Pause(milliseconds pause) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, pause, [this] { return is_stopping_; });
}

bool SinkFeeder::Impl::Stop(milliseconds deadline) {
  if (!thread_.joinable()) return spool_.status().windows == 0;
  bool is_in_time = true;
  {
    std::unique_lock lock(mutex_);
    is_stopping_ = true;
    changed_.notify_all();
  }
  if (spool_.status().windows == 0) spool_.Close();  // else Next() has something
  {
    std::unique_lock lock(mutex_);
    is_in_time = changed_.wait_for(lock, deadline, [this] { return is_done_; });
  }
  spool_.Close();
  if (!is_in_time) sink_->Cancel();
  thread_.join();
  spool_.DropInMemory();
  const SpoolStatus left = spool_.status();
  if (left.windows == 0) return true;
  log_(std::to_string(left.windows) + " windows are not sent yet; the next run goes on with them");
  return false;
}

std::uint64_t SinkFeeder::Impl::DroppedRecords(const SpoolStatus& spool) const {
  if (spool.dropped_windows == 0) return 0;
  return sink_->RecordsIn(DroppedWindow(spool.dropped_rows, spool.dropped_networks, spool.dropped_events)) +
         (spool.dropped_windows - 1) * sink_->RecordsIn(DroppedWindow());
}

SinkFeederStatus SinkFeeder::Impl::status() const {
  SinkFeederStatus status;
  status.delay = delay_.histogram();
  status.spool = spool_.status();
  status.sink = sink_->status();
  status.sink.retried += status.sink.dropped;
  status.sink.dropped = DroppedRecords(status.spool);
  const std::lock_guard lock(mutex_);
  status.failed = failed_;
  return status;
}

SinkFeeder::SinkFeeder(std::unique_ptr<Sink> sink, Store& store, Spool& spool,
                       const SinkFeederOptions& options, LogFunction log)
    : impl_(std::make_unique<Impl>(std::move(sink), store, spool, options, std::move(log))) {}
SinkFeeder::~SinkFeeder() {
  Stop(milliseconds{0});
}
bool SinkFeeder::Stop(milliseconds deadline) {
  return impl_->Stop(deadline);
}
SinkFeederStatus SinkFeeder::status() const {
  return impl_->status();
}

}  // namespace hostscope::exporter
