#include "dataplane/job_ring.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

namespace hostscope::dataplane {
namespace {

class JobRingTest : public ::testing::Test {
 protected:
  void Give(std::uint64_t order) {
    JobRing::Place* const place = ring_->FreePlace();
    ASSERT_NE(place, nullptr);
    place->job.order = order;
    ring_->Give();
  }

  std::unique_ptr<JobRing> ring_ = std::make_unique<JobRing>();
};

TEST_F(JobRingTest, JobsGoAndComeBackInTheirOrder) {
  EXPECT_EQ(ring_->NextJob(), nullptr);
  EXPECT_EQ(ring_->DonePlace(), nullptr);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    Give(2 * i);
    Give(2 * i + 1);
    for (std::uint64_t order = 2 * i; order < 2 * i + 2; ++order) {
      JobRing::Place* const place = ring_->NextJob();
      ASSERT_NE(place, nullptr);
      EXPECT_EQ(place->job.order, order);
      EXPECT_EQ(ring_->DonePlace(), nullptr) << "not done yet";
      ring_->Done();
      const JobRing::Place* const done = ring_->DonePlace();
      ASSERT_EQ(done, place);
      ring_->TakeBack();
    }
    EXPECT_EQ(ring_->NextJob(), nullptr);
    EXPECT_EQ(ring_->under_way(), 0U);
  }
}

TEST_F(JobRingTest, APlaceIsFreeOnceItsResultIsTaken) {
  for (std::size_t i = 0; i < JobRing::kPlaces; ++i) Give(i);
  EXPECT_EQ(ring_->FreePlace(), nullptr);
  EXPECT_EQ(ring_->under_way(), JobRing::kPlaces);
  ASSERT_NE(ring_->NextJob(), nullptr);
  ring_->Done();
  EXPECT_EQ(ring_->FreePlace(), nullptr) << "its result is still there";
  ASSERT_NE(ring_->DonePlace(), nullptr);
  ring_->TakeBack();
  EXPECT_NE(ring_->FreePlace(), nullptr);
}

TEST_F(JobRingTest, TheJobBehindIsKnownOnceItWasSeen) {
  Give(0);
  ASSERT_NE(ring_->NextJob(), nullptr);
  EXPECT_EQ(ring_->JobAfter(), nullptr);
  Give(1);
  ASSERT_NE(ring_->NextJobNow(), nullptr);
  ASSERT_NE(ring_->JobAfter(), nullptr);
  EXPECT_EQ(ring_->JobAfter()->job.order, 1U);
}

TEST_F(JobRingTest, BetweenTwoThreads) {  // ThreadSanitizer would tell
  constexpr std::uint64_t kJobs = 100'000;
  std::thread taker([this] {
    for (std::uint64_t done = 0; done < kJobs;) {
      JobRing::Place* const place = ring_->NextJob();
      if (place == nullptr) {
        std::this_thread::yield();
        continue;
      }
      place->job.counts.seen = static_cast<std::uint32_t>(place->job.order * 3);
      ring_->Done();
      ++done;
    }
  });
  std::uint64_t given = 0;
  for (std::uint64_t back = 0; back < kJobs;) {
    JobRing::Place* const place = given < kJobs ? ring_->FreePlace() : nullptr;
    if (place != nullptr) {
      place->job.order = given++;
      ring_->Give();
    }
    const JobRing::Place* const done = ring_->DonePlace();
    if (done == nullptr) {
      if (place == nullptr) std::this_thread::yield();
      continue;
    }
    ASSERT_EQ(done->job.order, back);
    ASSERT_EQ(done->job.counts.seen, static_cast<std::uint32_t>(back * 3));
    ring_->TakeBack();
    ++back;
  }
  taker.join();
}

}  // namespace
}  // namespace hostscope::dataplane
