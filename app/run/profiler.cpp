#include "app/run/profiler.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <ctime>
#include <fstream>
#include <utility>

#include "aggregator/profile/profiled_window.h"

namespace hostscope::app {
namespace {

/// Windows that wait to be compared; each holds a host table.
constexpr std::size_t kMostWaiting = 2;

std::int64_t ThreadTimeNs() noexcept {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * kNanosecondsPerSecond + time.tv_nsec;
}

}  // namespace

Profiler::Profiler(const ProfilesConfig& config, const StateConfig& state, std::uint64_t key,
                   exporter::FileSystem& files)
    : config_(config), files_(files), profiles_(ProfileOptionsOf(config, key)) {
  if (state.path.empty()) {
    spdlog::warn("profiles: state.path is none, so that after each start they are learned anew");
    return;
  }
  file_ = std::make_unique<StateFile>(state.path, "profiles", files_);
  file_->MakeFolder();
  Read();
  status_.profiles = profiles_.size();
}

Profiler::~Profiler() {
  Stop();
}

void Profiler::Read() {
  std::ifstream file(file_->path(), std::ios::binary);
  if (!file.is_open()) return;
  const std::string problem = profiles_.Load([&file](std::span<std::byte> bytes) {
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return static_cast<std::size_t>(file.gcount());
  });
  if (problem.empty()) return;
  status_.damaged = 1;
  spdlog::warn("{}: {}; {}, and profiles are learned anew", file_->path(), problem, file_->SetAside());
}

void Profiler::Start() {
  thread_ = std::thread([this] { Run(); });
}

bool Profiler::Push(const aggregator::ClosedWindowPtr& window) {
  if (window->span().length_ns != profiles_.options().window_ns) return false;
  {
    const std::lock_guard lock(mutex_);
    if (is_stopping_) return false;
    const bool is_compared = waiting_.size() < kMostWaiting;
    if (!is_compared) ++status_.passed_on;
    waiting_.push_back({window, is_compared});
  }
  changed_.notify_one();
  return true;
}

std::vector<aggregator::ClosedWindowPtr> Profiler::Take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(done_, {});
}

std::vector<aggregator::ClosedWindowPtr> Profiler::Stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
  return Take();
}

ProfilerStatus Profiler::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void Profiler::Run() {
  const auto interval = std::chrono::nanoseconds(config_.save_interval_ns);
  auto next_save = std::chrono::steady_clock::now() + interval;
  for (bool is_over = false; !is_over;) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, next_save, [this] { return is_stopping_ || !waiting_.empty(); });
    while (!waiting_.empty()) {
      Waiting next = std::move(waiting_.front());
      lock.unlock();
      Compare(std::move(next));
      lock.lock();
      waiting_.pop_front();
    }
    is_over = is_stopping_;
    lock.unlock();
    if (!is_over && std::chrono::steady_clock::now() < next_save) continue;
    Save();
    next_save = std::chrono::steady_clock::now() + interval;
  }
}

void Profiler::Compare(Waiting next) {
  const std::int64_t start_ns = ThreadTimeNs();
  if (next.is_compared) next.window = CompareWithProfiles(profiles_, std::move(next.window));
  const std::size_t open = profiles_.open_events();
  const std::lock_guard lock(mutex_);
  done_.push_back(std::move(next.window));
  status_.profiles = profiles_.size();
  status_.open_events = open;
  status_.counts = profiles_.counters();
  status_.last_compare_ns = ThreadTimeNs() - start_ns;
}

void Profiler::Save() {
  if (file_ == nullptr || profiles_.counters().windows == saved_windows_) return;
  std::error_code error;
  const std::string problem = file_->Replace([this, &error](int fd) {
    profiles_.Save([this, fd, &error](std::span<const std::byte> bytes) {
      if (!error) error = files_.Write(fd, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    });
    return error;
  });
  const bool is_good = problem.empty();
  if (is_good) saved_windows_ = profiles_.counters().windows;
  if (!is_good && !has_failed_) spdlog::warn("{}: {}; it is tried again", file_->path(), problem);
  has_failed_ = !is_good;
  const std::lock_guard lock(mutex_);
  ++(is_good ? status_.saved : status_.save_failures);
}

}  // namespace hostscope::app
