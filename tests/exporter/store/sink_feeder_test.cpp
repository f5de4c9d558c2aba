#include "exporter/store/sink_feeder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <condition_variable>
#include <fstream>
#include <set>
#include <thread>

#include "exporter/ndjson_sink.h"
#include "exporter/sink_runner.h"
#include "exporter/store/store_sink.h"
#include "tests/exporter/store/scripted_file_system.h"
#include "tests/exporter/store/store_fixture.h"

namespace hostscope::exporter {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;

constexpr SinkFeederOptions kQuick{milliseconds{5}, milliseconds{20}};

/// The other side of a sink: there or away, as the test says; remembers what it got.
class OtherSide {
 public:
  enum class Mode { kThere, kAway, kHanging, kRefusing };

  void Set(Mode mode) {
    const std::lock_guard lock(mutex_);
    mode_ = mode;
    changed_.notify_all();
  }
  std::vector<std::int64_t> starts() const {
    const std::lock_guard lock(mutex_);
    return starts_;
  }
  void AwaitAttempts(std::uint64_t attempts) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, seconds(20), [&] { return attempts_ >= attempts; }));
  }

 private:
  friend class TestSink;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Mode mode_ = Mode::kThere;
  bool is_cancelled_ = false;
  std::uint64_t attempts_ = 0;
  std::vector<std::int64_t> starts_;
  SinkStatus status_;
};

class TestSink final : public Sink {
 public:
  explicit TestSink(OtherSide& other) : other_(other) {}

  std::string_view name() const noexcept override { return "test"; }
  std::string Write(const aggregator::ClosedWindow& window) override {
    using Mode = OtherSide::Mode;
    std::unique_lock lock(other_.mutex_);
    ++other_.attempts_;
    other_.changed_.notify_all();
    other_.changed_.wait(lock, [this] { return other_.is_cancelled_ || other_.mode_ != Mode::kHanging; });
    const std::uint64_t records = RecordsIn(window);
    if (other_.is_cancelled_ || other_.mode_ == Mode::kAway) {
      other_.status_.dropped += records;
      return "nobody there";
    }
    if (other_.mode_ == Mode::kRefusing) {
      other_.status_.rejected += records;
      return "refused";
    }
    other_.starts_.push_back(window.span().start.ns);
    other_.status_.delivered += records;
    ++other_.status_.windows;
    return {};
  }
  std::string Flush(int) override { return {}; }
  void Cancel() noexcept override {
    const std::lock_guard lock(other_.mutex_);
    other_.is_cancelled_ = true;
    other_.changed_.notify_all();
  }
  std::uint64_t RecordsIn(const aggregator::ClosedWindow& window) const noexcept override {
    return window.size() + 1;
  }
  SinkStatus status() const noexcept override {
    const std::lock_guard lock(other_.mutex_);
    return other_.status_;
  }

 private:
  OtherSide& other_;
};

class SinkFeederTest : public StoreFixture {
 protected:
  std::unique_ptr<SinkFeeder> Feed(std::size_t sink, OtherSide& other) {
    return std::make_unique<SinkFeeder>(std::make_unique<TestSink>(other), *store, store->spool(sink), kQuick,
                                        log);
  }
  static std::int64_t StartOf(std::int64_t index) { return TenSeconds(index).start.ns; }
  void AwaitSent(std::size_t sink) {
    const auto end = std::chrono::steady_clock::now() + seconds(20);
    while (store->spool(sink).status().windows > 0 && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(milliseconds(1));
    ASSERT_EQ(store->spool(sink).status().windows, 0U);
  }
};

TEST_F(SinkFeederTest, OldestFirstAndEachAcknowledged) {
  Open();
  OtherSide other;
  Put(0);
  Put(1);
  const auto feeder = Feed(0, other);
  for (std::int64_t i = 2; i < 20; ++i) Put(i);
  EXPECT_TRUE(feeder->Stop(seconds(20)));
  const std::vector<std::int64_t> starts = other.starts();
  ASSERT_EQ(starts.size(), 20U);
  for (std::int64_t i = 0; i < 20; ++i) EXPECT_EQ(starts[static_cast<std::size_t>(i)], StartOf(i));
  const SinkFeederStatus status = feeder->status();
  EXPECT_EQ(status.sink.delivered, 20 * (kFewHosts + 1));
  EXPECT_EQ(status.sink.dropped + status.sink.retried + status.failed, 0U);
  EXPECT_EQ(status.spool.acknowledged, 20U);
  EXPECT_EQ(FilesIn("unsent/a"), 0U);
  EXPECT_TRUE(feeder->Stop(seconds(1)));
}

TEST_F(SinkFeederTest, ASinkThatIsAwayHoldsUpNoOther) {
  Open();
  OtherSide there;
  OtherSide away;
  away.Set(OtherSide::Mode::kAway);
  const auto first = Feed(0, there);
  const auto second = Feed(1, away);
  for (std::int64_t i = 0; i < 10; ++i) Put(i);
  AwaitSent(0);
  away.AwaitAttempts(3);
  const SinkFeederStatus behind = second->status();
  EXPECT_EQ(behind.spool.windows, 10U);
  EXPECT_EQ(behind.spool.rows, 10 * kFewHosts);
  EXPECT_EQ(behind.spool.oldest_end, TenSeconds(0).end());
  EXPECT_GE(behind.failed, 2U);
  EXPECT_EQ(behind.sink.dropped, 0U);
  EXPECT_GE(behind.sink.retried, 2 * (kFewHosts + 1));
  away.Set(OtherSide::Mode::kThere);
  AwaitSent(1);
  EXPECT_EQ(away.starts(), there.starts());
  EXPECT_EQ(second->status().spool.oldest_end, ReceiveTime{});
  EXPECT_THAT(*log.lines, Contains("nobody there; it is tried again"));
}

TEST_F(SinkFeederTest, WhatIsUnsentIsSentByTheNextRun) {
  Open();
  OtherSide hanging;
  hanging.Set(OtherSide::Mode::kHanging);
  auto feeder = Feed(0, hanging);
  for (std::int64_t i = 0; i < 4; ++i) Put(i);
  hanging.AwaitAttempts(1);
  EXPECT_FALSE(feeder->Stop(milliseconds(20)));
  EXPECT_THAT(*log.lines, Contains("4 windows are not sent yet; the next run goes on with them"));
  feeder.reset();
  Open();
  OtherSide there;
  feeder = Feed(0, there);
  EXPECT_TRUE(feeder->Stop(seconds(20)));
  EXPECT_THAT(there.starts(), ElementsAre(StartOf(0), StartOf(1), StartOf(2), StartOf(3)));
}

TEST_F(SinkFeederTest, AFailureEndsStopping) {
  Open();
  OtherSide away;
  away.Set(OtherSide::Mode::kAway);
  const auto feeder = Feed(0, away);
  Put(0);
  away.AwaitAttempts(1);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(feeder->Stop(seconds(60)));
  EXPECT_LT(std::chrono::steady_clock::now() - start, seconds(10));
}

TEST_F(SinkFeederTest, WhatIsRefusedForGoodIsNotTriedAgain) {
  Open();
  OtherSide other;
  other.Set(OtherSide::Mode::kRefusing);
  const auto feeder = Feed(0, other);
  Put(0);
  AwaitSent(0);
  EXPECT_TRUE(feeder->Stop(seconds(20)));
  EXPECT_EQ(feeder->status().sink.rejected, kFewHosts + 1);
  EXPECT_EQ(feeder->status().failed, 0U);
  EXPECT_THAT(*log.lines, Contains("refused"));
}

TEST_F(SinkFeederTest, WhatTheSpoolDropsIsCountedInRecords) {
  options.spool_bytes = 1;
  Open();
  OtherSide hanging;
  hanging.Set(OtherSide::Mode::kHanging);
  const auto feeder = Feed(0, hanging);
  Put(0);
  hanging.AwaitAttempts(1);
  for (std::int64_t i = 1; i < 5; ++i) Put(i);
  EXPECT_EQ(feeder->status().sink.dropped, 3 * (kFewHosts + 1));
  hanging.Set(OtherSide::Mode::kThere);
  EXPECT_TRUE(feeder->Stop(seconds(20)));
  EXPECT_THAT(hanging.starts(), ElementsAre(StartOf(0), StartOf(4)));  // the one being sent stayed
}

TEST_F(SinkFeederTest, ADamagedWindowIsSetAsideBeforeAnyOfItIsSent) {
  Open();
  for (std::int64_t i = 0; i < 3; ++i) Put(i, 5000);
  {
    std::fstream file(PathOf(IdOf(1)), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(20'000);  // in a block, which opening does not read
    file.write("damage", 6);
  }
  OtherSide other;
  const auto feeder = Feed(0, other);
  EXPECT_TRUE(feeder->Stop(seconds(20)));
  EXPECT_THAT(other.starts(), ElementsAre(StartOf(0), StartOf(2)));
  EXPECT_EQ(feeder->status().sink.dropped, 5001U);
  EXPECT_EQ(store->status().damaged, 1U);
  EXPECT_EQ(FilesIn("damaged"), 1U);
  EXPECT_EQ(store->spool(1).status().windows, 2U);
}

TEST_F(SinkFeederTest, WhatIsOnlyInMemoryAtTheEndIsCounted) {
  ScriptedFileSystem fs;
  Open(fs);
  OtherSide away;
  away.Set(OtherSide::Mode::kAway);
  const auto feeder = Feed(0, away);
  fs.at_step = [](std::size_t, const std::string& name) {
    return name == "create" ? std::make_error_code(std::errc::io_error) : std::error_code();
  };
  Put(0);
  away.AwaitAttempts(1);
  feeder->Stop(milliseconds(0));
  EXPECT_EQ(feeder->status().sink.dropped, kFewHosts + 1);
  EXPECT_EQ(feeder->status().spool.windows, 0U);
}

TEST_F(SinkFeederTest, FromTheRunnerThroughTheStoreToAFile) {
  Open();
  {
    SinkRunner runner(MakeStoreSink(*store), {}, log);
    OpenedSink file = OpenNdjsonSink({.path = folder / "hosts.ndjson", .observer = "mon1"});
    ASSERT_NE(file.sink, nullptr);
    SinkFeeder feeder(std::move(file.sink), *store, store->spool(0), kQuick, log);
    for (std::int64_t i = 0; i < 5; ++i) runner.Push(std::make_shared<ListedWindow>(ManyHosts(3000, i)));
    EXPECT_TRUE(runner.Stop(seconds(20)));
    EXPECT_EQ(runner.status().sink.delivered, 5 * 3001U);
    EXPECT_TRUE(feeder.Stop(seconds(20)));
    EXPECT_EQ(feeder.status().sink.delivered, 5 * 3001U);
  }
  OpenedSink direct = OpenNdjsonSink({.path = folder / "direct.ndjson", .observer = "mon1"});
  for (std::int64_t i = 0; i < 5; ++i) EXPECT_EQ(direct.sink->Write(ManyHosts(3000, i)), "");
  EXPECT_TRUE(ReadFile(folder / "hosts.ndjson") == ReadFile(folder / "direct.ndjson"));
}

TEST_F(SinkFeederTest, AKillAtAnyMomentLosesNothingAndASinkGetsEachWindowAtLeastOnce) {
  // The other process closes windows and feeds a file until it is killed; then this one goes on.
  for (int round = 0; round < 8; ++round) {
    std::filesystem::remove_all(options.path);
    const std::string path = folder / ("killed-" + std::to_string(round));
    std::ofstream(path).close();
    const pid_t child = fork();
    if (child == 0) {
      Open();
      SinkFeeder feeder(OpenNdjsonSink({.path = path}).sink, *store, store->spool(0), kQuick, log);
      for (std::int64_t i = 0;; ++i) Put(i, 500);
    }
    std::this_thread::sleep_for(milliseconds(20 + 15 * round));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    Open();
    const std::size_t stored = Stored().size();
    {
      SinkFeeder feeder(OpenNdjsonSink({.path = path}).sink, *store, store->spool(0), kQuick, log);
      EXPECT_TRUE(feeder.Stop(seconds(60)));
    }
    EXPECT_EQ(store->status().damaged, 0U);
    EXPECT_EQ(FilesIn("incoming"), 0U);
    // Every record of every stored window is in the file as a whole line, some of them twice.
    std::ifstream lines(path);
    simdjson::dom::parser parser;
    std::set<std::string> records;
    std::size_t torn = 0;
    for (std::string line; std::getline(lines, line);) {
      if (parser.parse(line).error() == simdjson::SUCCESS) {
        records.insert(line);
      } else {
        ++torn;
      }
    }
    EXPECT_EQ(records.size(), stored * 501);
    EXPECT_LE(torn, 1U);
    store.reset();
  }
}

}  // namespace
}  // namespace hostscope::exporter
