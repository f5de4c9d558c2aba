#include "dataplane/spread.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include "aggregator/worker_aggregator.h"

namespace hostscope::dataplane {
namespace {

using aggregator::WindowAt;

class SpreadTest : public ::testing::Test {
 protected:
  bool GiveAt(std::int64_t ns) {
    JobRing::Place* const place = giver_.FreePlace({ns});
    if (place == nullptr) return false;
    place->job.received.ns = ns;
    giver_.Give();
    return true;
  }
  std::int64_t HorizonAt(std::int64_t now, std::int64_t not_before) {
    return taker_.Horizon({now}, {not_before}).ns;
  }
  void DoOne() {
    JobRing* const ring = taker_.incoming().at(0);
    ASSERT_NE(ring->NextJob(), nullptr);
    ring->Done();
  }

  SpreadBoard board_{{true, false}};
  Spreader giver_{board_, 0};
  Spreader taker_{board_, 1};
};

TEST_F(SpreadTest, WhoGivesNothingHoldsNobodyUp) {
  EXPECT_EQ(HorizonAt(250, 200), 250);
  giver_.StartLoop({100});
  EXPECT_EQ(HorizonAt(250, 200), 250);
}

TEST_F(SpreadTest, WhoGivesHoldsWindowsOpenUntilItsTimeIsBeyond) {
  giver_.StartGiving({100});
  EXPECT_EQ(HorizonAt(250, 200), 100);
  giver_.StartLoop({200});
  EXPECT_EQ(HorizonAt(250, 200), 200);
  giver_.StopGiving();
  EXPECT_EQ(HorizonAt(250, 200), 250);
}

TEST_F(SpreadTest, AJobHoldsItsWindowOpenUntilItIsDone) {
  giver_.StartGiving({100});
  ASSERT_TRUE(GiveAt(100));
  giver_.StopGiving();
  EXPECT_EQ(HorizonAt(250, 200), 100);
  DoOne();
  EXPECT_EQ(HorizonAt(250, 200), 250);
}

TEST_F(SpreadTest, WhoStartsLateGivesNothingOfAWindowThatIsClosed) {
  EXPECT_EQ(HorizonAt(250, 200), 250);
  giver_.StartGiving({190});  // by its own clock
  EXPECT_FALSE(GiveAt(190));
  EXPECT_FALSE(GiveAt(199));
  EXPECT_TRUE(GiveAt(200));
}

TEST_F(SpreadTest, NothingIsGivenToWhoIsLoadedOrFull) {
  giver_.StartGiving({100});
  taker_.SetLoaded(true);
  EXPECT_FALSE(GiveAt(100));
  taker_.SetLoaded(false);
  for (std::size_t i = 0; i < JobRing::kPlaces; ++i) EXPECT_TRUE(GiveAt(100));
  EXPECT_FALSE(GiveAt(100));
  EXPECT_EQ(giver_.under_way(), JobRing::kPlaces);
}

TEST_F(SpreadTest, IsOverOnceAllHaveStoppedAndAllIsDone) {
  giver_.StartGiving({100});
  ASSERT_TRUE(GiveAt(100));
  giver_.End();
  taker_.End();
  EXPECT_FALSE(giver_.IsOver());
  EXPECT_FALSE(taker_.IsOver());
  DoOne();
  EXPECT_TRUE(taker_.IsOver());
  giver_.TakeBack([](const JobRing::Place&) {});
  EXPECT_TRUE(giver_.IsOver());
}

TEST_F(SpreadTest, WorkIsDealtOut) {
  SpreadBoard board({true, false, false});
  Spreader giver(board, 0);
  Spreader first(board, 1);
  Spreader second(board, 2);
  giver.StartGiving({1});
  for (int i = 0; i < 10; ++i) {
    ASSERT_NE(giver.FreePlace({1}), nullptr);
    giver.Give();
  }
  EXPECT_EQ(board.ring(0, 1)->under_way(), 5U);
  EXPECT_EQ(board.ring(0, 2)->under_way(), 5U);
  EXPECT_EQ(board.ring(1, 2), nullptr) << "a worker without a queue has nothing to give";
}

/// A worker's loop, with nothing in the jobs but their time.
class LoopingWorker {
 public:
  LoopingWorker(SpreadBoard& board, std::size_t self, std::int64_t skew_ns)
      : spreader_(board, self),
        skew_ns_(skew_ns),
        random_(static_cast<unsigned>(self)),
        start_(WindowAt(Now(), kLength).start) {}

  void Run(const std::atomic<bool>& is_stopping) {
    for (;;) {
      const bool is_over = is_stopping.load(std::memory_order_relaxed);
      if (is_over) spreader_.End();
      if (is_over && spreader_.IsOver()) return;
      const ReceiveTime now = Now();
      spreader_.StartLoop(now);
      bool may_count = true;
      if (now >= End()) {
        const ReceiveTime until = spreader_.Horizon(now, WindowAt(now, kLength).start);
        if (until >= End()) {
          start_ = WindowAt(until, kLength).start;
          ++windows_;
        }
        may_count = now < End();
      }
      spreader_.TakeBack([](const JobRing::Place&) {});
      if (may_count && !is_over) Give(now);
      DoJobs();
      if (random_() % 64 == 0) std::this_thread::yield();
    }
  }

  std::uint64_t given() const { return given_; }
  std::uint64_t done() const { return done_; }
  std::uint64_t late() const { return late_; }
  std::uint64_t windows() const { return windows_; }

 private:
  static constexpr std::int64_t kLength = 500'000;

  ReceiveTime Now() const {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::nanoseconds>(now).count() + skew_ns_};
  }
  ReceiveTime End() const { return {start_.ns + kLength}; }

  void Give(ReceiveTime now) {
    if (random_() % 8 == 0) is_loaded_ = !is_loaded_;
    if (!is_loaded_) {
      spreader_.StopGiving();
      return;
    }
    spreader_.StartGiving(now);
    for (unsigned i = random_() % 8; i-- > 0;) {
      JobRing::Place* const place = spreader_.FreePlace(now);
      if (place == nullptr) return;
      place->job.received = now;
      spreader_.Give();
      ++given_;
    }
  }
  void DoJobs() {
    for (JobRing* const ring : spreader_.incoming()) {
      while (JobRing::Place* const place = ring->NextJob()) {
        if (place->job.received >= End()) break;
        if (place->job.received < start_) ++late_;
        ring->Done();
        ++done_;
      }
    }
  }

  Spreader spreader_;
  std::int64_t skew_ns_;
  std::mt19937 random_;
  ReceiveTime start_;
  bool is_loaded_ = false;
  std::uint64_t given_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t late_ = 0;
  std::uint64_t windows_ = 0;
};

/// Three workers whose clocks differ, two of which give jobs away now and then: every job is done in the
/// window in which it arrived. ThreadSanitizer would tell of races.
TEST(SpreadThreadsTest, EveryJobIsDoneInItsWindow) {
  SpreadBoard board({true, true, false});
  std::array workers{LoopingWorker(board, 0, 0), LoopingWorker(board, 1, 200'000),
                     LoopingWorker(board, 2, -90'000)};
  std::atomic<bool> is_stopping{false};
  std::vector<std::thread> threads;
  for (LoopingWorker& worker : workers) threads.emplace_back([&] { worker.Run(is_stopping); });
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  is_stopping = true;
  for (std::thread& thread : threads) thread.join();
  std::uint64_t given = 0;
  std::uint64_t done = 0;
  for (const LoopingWorker& worker : workers) {
    given += worker.given();
    done += worker.done();
    EXPECT_EQ(worker.late(), 0U);
    EXPECT_GT(worker.windows(), 10U);
  }
  EXPECT_EQ(given, done);
  EXPECT_GT(given, 1000U);
}

}  // namespace
}  // namespace hostscope::dataplane
