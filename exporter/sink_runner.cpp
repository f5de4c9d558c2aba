#include "exporter/sink_runner.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace hostscope::exporter {
namespace {

using aggregator::ClosedWindowPtr;

constexpr std::chrono::milliseconds kFlushTime{10'000};
constexpr std::chrono::seconds kIdleInterval{1};

}  // namespace

class SinkRunner::Impl {
 public:
  Impl(std::unique_ptr<Sink> sink, const SinkRunnerOptions& options, LogFunction log)
      : sink_(std::move(sink)),
        max_waiting_(std::max<std::size_t>(options.max_waiting, 1)),
        delay_(options.delay_of_ns),
        log_(log ? std::move(log) : [](std::string_view) {}),
        thread_([this] { Run(); }) {}

  void Push(ClosedWindowPtr window);
  bool Stop(std::chrono::milliseconds deadline);
  SinkRunnerStatus status() const noexcept;

 private:
  void Run();
  ClosedWindowPtr Next();
  void CountAsDropped(const aggregator::ClosedWindow& window) noexcept;

  const std::unique_ptr<Sink> sink_;
  const std::size_t max_waiting_;
  WindowDelay delay_;  // the sink's thread writes it
  const LogFunction log_;

  mutable std::mutex mutex_;  // guards what follows, up to thread_
  std::condition_variable changed_;
  std::deque<ClosedWindowPtr> waiting_;
  SinkRunnerStatus counts_;
  ReceiveTime writing_end_;
  std::uint64_t dropped_records_ = 0;
  bool is_stopping_ = false;
  bool is_done_ = false;

  std::thread thread_;  // last: it uses all the others
};

void SinkRunner::Impl::Push(ClosedWindowPtr window) {
  ClosedWindowPtr oldest;  // let go outside the lock: its host table goes back to a pool
  {
    const std::lock_guard lock(mutex_);
    ++counts_.pushed;
    waiting_.push_back(std::move(window));
    if (waiting_.size() > max_waiting_) {
      oldest = std::move(waiting_.front());
      waiting_.pop_front();
      CountAsDropped(*oldest);
    }
  }
  changed_.notify_all();
  if (oldest == nullptr) return;
  log_(std::string(sink_->name()) + ": too slow: the oldest of " + std::to_string(max_waiting_ + 1) +
       " waiting windows was dropped, with " + std::to_string(sink_->RecordsIn(*oldest)) + " records");
}

void SinkRunner::Impl::CountAsDropped(const aggregator::ClosedWindow& window) noexcept {
  ++counts_.dropped_windows;
  dropped_records_ += sink_->RecordsIn(window);
}

// The next window to write, or null when all is written that will be.
ClosedWindowPtr SinkRunner::Impl::Next() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kIdleInterval, [this] { return !waiting_.empty() || is_stopping_; })) {
    lock.unlock();
    sink_->Idle();
    lock.lock();
  }
  if (waiting_.empty()) return nullptr;
  ClosedWindowPtr window = std::move(waiting_.front());
  waiting_.pop_front();
  counts_.writing = 1;
  writing_end_ = window->span().end();
  return window;
}

void SinkRunner::Impl::Run() {
  while (ClosedWindowPtr window = Next()) {
    const std::string problem = sink_->Write(*window);
    if (problem.empty()) delay_.Written(*window, WallClock());
    window.reset();
    if (!problem.empty()) log_(problem);
    const std::lock_guard lock(mutex_);
    counts_.writing = 0;
    ++(problem.empty() ? counts_.written : counts_.failed);
  }
  const std::string problem = sink_->Flush(static_cast<int>(kFlushTime.count()));
  if (!problem.empty()) log_(problem);
  const std::lock_guard lock(mutex_);
  is_done_ = true;
  changed_.notify_all();
}

bool SinkRunner::Impl::Stop(std::chrono::milliseconds deadline) {
  if (!thread_.joinable()) return true;
  bool is_in_time = true;
  std::deque<ClosedWindowPtr> left;
  {
    std::unique_lock lock(mutex_);
    is_stopping_ = true;
    changed_.notify_all();
    is_in_time = changed_.wait_for(lock, deadline, [this] { return is_done_; });
    if (!is_in_time) {
      left.swap(waiting_);
      for (const ClosedWindowPtr& window : left) CountAsDropped(*window);
    }
  }
  if (!is_in_time) {
    sink_->Cancel();
    log_(std::string(sink_->name()) + ": no time left: " + std::to_string(left.size()) +
         " waiting windows were dropped");
  }
  thread_.join();
  return is_in_time;
}

SinkRunnerStatus SinkRunner::Impl::status() const noexcept {
  const std::lock_guard lock(mutex_);
  SinkRunnerStatus status = counts_;
  status.delay = delay_.histogram();
  status.waiting = waiting_.size();
  if (status.writing != 0) {
    status.oldest_end = writing_end_;
  } else if (!waiting_.empty()) {
    status.oldest_end = waiting_.front()->span().end();
  }
  status.sink = sink_->status();
  status.sink.dropped += dropped_records_;
  return status;
}

SinkRunner::SinkRunner(std::unique_ptr<Sink> sink, const SinkRunnerOptions& options, LogFunction log)
    : impl_(std::make_unique<Impl>(std::move(sink), options, std::move(log))) {}
SinkRunner::~SinkRunner() {
  Stop(std::chrono::milliseconds{0});
}
void SinkRunner::Push(ClosedWindowPtr window) {
  impl_->Push(std::move(window));
}
bool SinkRunner::Stop(std::chrono::milliseconds deadline) {
  return impl_->Stop(deadline);
}
SinkRunnerStatus SinkRunner::status() const noexcept {
  return impl_->status();
}

}  // namespace hostscope::exporter
