#include "ipfix/sequence.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace hostscope::ipfix {
namespace {

class SequenceTrackerTest : public ::testing::Test {
 protected:
  void Observe(std::uint32_t sequence, std::uint64_t units) {
    tracker_.Observe(sequence, units, exporter_, total_);
  }
  std::uint64_t lost() const {
    EXPECT_EQ(exporter_.sequence_lost.Get(), total_.sequence_lost.Get());
    return total_.sequence_lost.Get();
  }

  SequenceTracker tracker_;
  Accounting exporter_;
  Accounting total_;
};

TEST_F(SequenceTrackerTest, TheFirstDatagramIsNoGapWhateverItsNumber) {
  Observe(4'000'000'000, 30);
  EXPECT_EQ(lost(), 0U);
}

TEST_F(SequenceTrackerTest, ConsecutiveDatagramsAreNoGap) {
  for (std::uint32_t i = 0; i < 100; ++i) Observe(i * 30, 30);
  EXPECT_EQ(lost(), 0U);
  EXPECT_EQ(total_.sequence_expected.Get(), 3000U);
}

TEST_F(SequenceTrackerTest, AMissingDatagramIsLostInItsUnits) {
  Observe(0, 30);
  Observe(60, 30);
  EXPECT_EQ(lost(), 30U);
  EXPECT_EQ(total_.sequence_expected.Get(), 90U);
}

TEST_F(SequenceTrackerTest, NumbersWrapAfter32Bits) {
  Observe(0xffffffff - 9, 10);
  Observe(0, 10);
  EXPECT_EQ(lost(), 0U);
  Observe(15, 10);
  EXPECT_EQ(lost(), 5U);
}

TEST_F(SequenceTrackerTest, ALateDatagramTakesItsLossBack) {
  Observe(0, 10);
  Observe(20, 10);
  EXPECT_EQ(lost(), 10U);
  Observe(10, 10);
  EXPECT_EQ(lost(), 0U);
  EXPECT_EQ(total_.sequence_expected.Get(), 30U);
  Observe(30, 10);
  EXPECT_EQ(lost(), 0U);
}

TEST_F(SequenceTrackerTest, ADuplicateCantTakeBackWhatWasNeverLost) {
  Observe(0, 10);
  Observe(0, 10);
  Observe(10, 10);
  EXPECT_EQ(lost(), 0U);
}

TEST_F(SequenceTrackerTest, AJumpFarBackIsARestart) {
  Observe(5'000'000, 10);
  Observe(0, 10);
  EXPECT_EQ(lost(), 0U);
  EXPECT_EQ(total_.sequence_resets.Get(), 1U);
}

TEST_F(SequenceTrackerTest, AfterForgettingTheNextDatagramStartsAnew) {
  Observe(0, 10);
  tracker_.Forget();
  Observe(500, 10);
  EXPECT_EQ(lost(), 0U);
  Observe(520, 10);
  EXPECT_EQ(lost(), 10U);
}

}  // namespace
}  // namespace hostscope::ipfix
