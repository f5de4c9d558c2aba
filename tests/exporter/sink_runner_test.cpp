#include "exporter/sink_runner.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "exporter/ndjson_sink.h"
#include "tests/exporter/windows.h"

namespace hostscope::exporter {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::size_t kHosts = 7;

aggregator::ClosedWindowPtr Window(std::int64_t index, std::size_t hosts = kHosts) {
  return std::make_shared<ListedWindow>(ManyHosts(hosts, index));
}

/// A sink whose other side is a gate: it takes a window when the test opens it.
class GatedSink final : public Sink {
 public:
  explicit GatedSink(bool is_open) : is_open_(is_open) {}

  std::string_view name() const noexcept override { return "gated"; }
  std::string Write(const aggregator::ClosedWindow& window) override {
    std::unique_lock lock(mutex_);
    ++entered_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return is_open_ || is_cancelled_; });
    if (is_cancelled_ && !is_open_) {
      status_.dropped += RecordsIn(window);
      return "cancelled";
    }
    starts_.push_back(window.span().start.ns);
    status_.delivered += RecordsIn(window);
    ++status_.windows;
    return {};
  }
  std::string Flush(int) override { return {}; }
  void Cancel() noexcept override {
    const std::lock_guard lock(mutex_);
    is_cancelled_ = true;
    changed_.notify_all();
  }
  std::uint64_t RecordsIn(const aggregator::ClosedWindow& window) const noexcept override {
    return window.size() + 1;
  }
  SinkStatus status() const noexcept override {
    const std::lock_guard lock(mutex_);
    return status_;
  }

  void Open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }
  void AwaitEntered(int windows) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return entered_ >= windows; });
  }
  std::vector<std::int64_t> starts() const {
    const std::lock_guard lock(mutex_);
    return starts_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_;
  bool is_cancelled_ = false;
  int entered_ = 0;
  std::vector<std::int64_t> starts_;
  SinkStatus status_;
};

struct Log {
  void operator()(std::string_view line) const {
    const std::lock_guard lock(*mutex);
    lines->emplace_back(line);
  }
  std::shared_ptr<std::mutex> mutex = std::make_shared<std::mutex>();
  std::shared_ptr<std::vector<std::string>> lines = std::make_shared<std::vector<std::string>>();
};

std::int64_t StartOf(std::int64_t index) {
  return TenSeconds(index).start.ns;
}

TEST(SinkRunner, WritesEveryWindowInOrder) {
  auto sink = std::make_unique<GatedSink>(true);
  const GatedSink& seen = *sink;
  SinkRunner runner(std::move(sink), {.max_waiting = 1000}, {});
  for (std::int64_t i = 0; i < 500; ++i) runner.Push(Window(i));
  EXPECT_TRUE(runner.Stop(seconds(30)));
  const std::vector<std::int64_t> starts = seen.starts();
  ASSERT_EQ(starts.size(), 500U);
  for (std::int64_t i = 0; i < 500; ++i) EXPECT_EQ(starts[static_cast<std::size_t>(i)], StartOf(i));
  const SinkRunnerStatus status = runner.status();
  EXPECT_EQ(status.pushed, 500U);
  EXPECT_EQ(status.written, 500U);
  EXPECT_EQ(status.failed + status.dropped_windows + status.waiting + status.writing, 0U);
  EXPECT_EQ(status.sink.delivered, 500U * (kHosts + 1));
  EXPECT_TRUE(runner.Stop(seconds(1)));
}

TEST(SinkRunner, DropsTheOldestWaitingWindowWhenFull) {
  auto sink = std::make_unique<GatedSink>(false);
  GatedSink& gate = *sink;
  const Log log;
  SinkRunner runner(std::move(sink), {.max_waiting = 2}, log);
  runner.Push(Window(0));
  gate.AwaitEntered(1);
  for (std::int64_t i = 1; i <= 5; ++i) runner.Push(Window(i));
  const SinkRunnerStatus full = runner.status();
  EXPECT_EQ(full.pushed, 6U);
  EXPECT_EQ(full.writing, 1U);
  EXPECT_EQ(full.waiting, 2U);
  EXPECT_EQ(full.dropped_windows, 3U);
  EXPECT_EQ(full.sink.dropped, 3 * (kHosts + 1));
  gate.Open();
  EXPECT_TRUE(runner.Stop(seconds(30)));
  EXPECT_THAT(gate.starts(), ElementsAre(StartOf(0), StartOf(4), StartOf(5)));
  EXPECT_EQ(runner.status().sink.delivered, 3 * (kHosts + 1));
  ASSERT_EQ(log.lines->size(), 3U);
  EXPECT_EQ(log.lines->front(),
            "gated: too slow: the oldest of 3 waiting windows was dropped, with 8 records");
}

TEST(SinkRunner, StopGivesUpAtTheDeadline) {
  auto sink = std::make_unique<GatedSink>(false);
  GatedSink& gate = *sink;
  const Log log;
  SinkRunner runner(std::move(sink), {.max_waiting = 10}, log);
  for (std::int64_t i = 0; i < 4; ++i) runner.Push(Window(i));
  gate.AwaitEntered(1);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(runner.Stop(milliseconds(50)));
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(5));
  const SinkRunnerStatus status = runner.status();
  EXPECT_EQ(status.failed, 1U);
  EXPECT_EQ(status.dropped_windows, 3U);
  EXPECT_EQ(status.sink.dropped, 4 * (kHosts + 1));
  EXPECT_EQ(status.sink.delivered, 0U);
  EXPECT_THAT(*log.lines, ::testing::Contains("cancelled"));
}

TEST(SinkRunner, AWindowIsLetGoWhenItIsWritten) {
  SinkRunner runner(std::make_unique<GatedSink>(true), {}, {});
  aggregator::ClosedWindowPtr window = Window(0);
  const std::weak_ptr<const aggregator::ClosedWindow> observed = window;
  runner.Push(std::move(window));
  const auto end = std::chrono::steady_clock::now() + seconds(10);
  while (!observed.expired() && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(milliseconds(1));
  EXPECT_TRUE(observed.expired());
}

TEST(SinkRunner, BooksAreBalancedAtEveryMomentUnderPressure) {
  SinkRunner runner(std::make_unique<GatedSink>(true), {.max_waiting = 1}, {});
  std::atomic<bool> is_over{false};
  std::thread reader([&] {
    while (!is_over.load()) {
      const SinkRunnerStatus now = runner.status();
      ASSERT_EQ(now.pushed, now.written + now.failed + now.dropped_windows + now.waiting + now.writing);
      ASSERT_LE(now.waiting, 1U);
    }
  });
  const aggregator::ClosedWindowPtr window = Window(0);
  for (int i = 0; i < 20'000; ++i) runner.Push(window);
  EXPECT_TRUE(runner.Stop(seconds(30)));
  is_over.store(true);
  reader.join();
  const SinkRunnerStatus status = runner.status();
  EXPECT_EQ(status.pushed, 20'000U);
  EXPECT_EQ(status.written + status.dropped_windows, 20'000U);
  EXPECT_EQ(status.sink.delivered, status.written * (kHosts + 1));
  EXPECT_EQ(status.sink.dropped, status.dropped_windows * (kHosts + 1));
}

TEST(SinkRunner, AFullDiskFailsTheWindowAndIsLogged) {
  const Log log;
  SinkRunner runner(OpenNdjsonSink({.path = "/dev/full"}).sink, {}, log);
  runner.Push(Window(0));
  EXPECT_TRUE(runner.Stop(seconds(10)));
  EXPECT_EQ(runner.status().failed, 1U);
  EXPECT_EQ(runner.status().sink.dropped, kHosts + 1);
  EXPECT_THAT(*log.lines, ElementsAre("ndjson /dev/full: No space left on device"));
}

TEST(SinkRunner, AReaderThatSleepsDoesNotHoldUpStop) {
  const std::string path = ::testing::TempDir() + "hostscope-runner-" + std::to_string(getpid());
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  {
    SinkRunner runner(OpenNdjsonSink({.path = path}).sink, {}, {});
    runner.Push(Window(0, 10'000));
    runner.Push(Window(1));
    EXPECT_FALSE(runner.Stop(milliseconds(100)));
    const SinkRunnerStatus status = runner.status();
    EXPECT_EQ(status.failed, 1U);
    EXPECT_EQ(status.dropped_windows, 1U);
    EXPECT_EQ(status.sink.delivered + status.sink.dropped, 10'001 + kHosts + 1);
  }
  close(reader);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace hostscope::exporter
