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

TEST_F(SequenceTrackerTest, WhatFollowsUnitsThatAreNotKnownIsNoGap) {
  Observe(0, 10);
  Observe(10, 0);
  tracker_.ForgetUnits();
  Observe(35, 10);
  EXPECT_EQ(lost(), 0U);
  Observe(55, 10);
  EXPECT_EQ(lost(), 10U);
}

// Open vSwitch's first datagrams over two processors: a data record came before all templates.
TEST_F(SequenceTrackerTest, WhatPrecedesUnitsThatAreNotKnownIsLate) {
  Observe(7, 0);
  tracker_.ForgetUnits();
  for (const std::uint32_t late : {1U, 2U, 3U}) Observe(late, 1);
  Observe(8, 1);
  for (const std::uint32_t late : {4U, 5U, 6U}) Observe(late, 1);
  Observe(9, 1);
  EXPECT_EQ(lost(), 0U);
  EXPECT_EQ(total_.sequence_resets.Get(), 0U);
  Observe(11, 1);
  EXPECT_EQ(lost(), 1U);
}

TEST_F(SequenceTrackerTest, AJumpFarBackAfterUnitsThatAreNotKnownStartsAnew) {
  Observe(5'000'000, 0);
  tracker_.ForgetUnits();
  Observe(0, 10);
  Observe(20, 10);
  EXPECT_EQ(lost(), 10U);
}

// Open vSwitch once more: numbers start at 1 with templates, and records overtook each other.
TEST_F(SequenceTrackerTest, WhereNothingSpeaksForEitherWayTheSmallerLossCounts) {
  Observe(1, 0);
  Observe(4, 1);
  EXPECT_EQ(lost(), 2U);
  Observe(2, 1);
  Observe(3, 1);
  EXPECT_EQ(lost(), 0U);
}

// softflowd 1.1.0, IPFIX: 20, 33, 24 and 20 data records in its datagrams.
TEST_F(SequenceTrackerTest, NumbersThatCountTheirOwnUnitsAreNoLoss) {
  Observe(20, 20);
  Observe(53, 33);
  Observe(77, 24);
  Observe(97, 20);
  EXPECT_EQ(lost(), 0U);
  EXPECT_EQ(total_.sequence_expected.Get(), 97U);
  EXPECT_EQ(total_.sequence_resets.Get(), 0U);
}

// Open vSwitch 3.1, NetFlow v5: the number of a datagram's last flow.
TEST_F(SequenceTrackerTest, NumbersOfTheLastUnitAreNoLoss) {
  Observe(1, 2);
  Observe(11, 10);
  Observe(37, 26);
  Observe(47, 10);
  EXPECT_EQ(lost(), 0U);
  EXPECT_EQ(total_.sequence_resets.Get(), 0U);
}

TEST_F(SequenceTrackerTest, LossShowsInNumbersThatCountTheirOwnUnits) {
  std::uint32_t sequence = 0;
  for (std::uint32_t units = 1; units <= 6; ++units) Observe(sequence += units, units);
  EXPECT_EQ(lost(), 0U);
  Observe(sequence += 30, 10);
  EXPECT_EQ(lost(), 20U);
  Observe(sequence - 15, 5);  // a late one
  EXPECT_EQ(lost(), 15U);
  Observe(sequence += 7, 7);
  EXPECT_EQ(lost(), 15U);
}

TEST_F(SequenceTrackerTest, OnceEstablishedALossThatLooksLikeTheOtherWayOfCountingIsALoss) {
  std::uint32_t sequence = 0;
  for (std::uint32_t units = 1; units <= 6; sequence += units++) Observe(sequence, units);
  // Six units were in the last, nine were lost, fifteen are in this one: as if it were numbered by its last.
  Observe(sequence + 9, 15);
  EXPECT_EQ(lost(), 9U);
  Observe(sequence + 24, 3);
  EXPECT_EQ(lost(), 9U);
}

TEST_F(SequenceTrackerTest, AFirstImpressionIsCorrected) {
  Observe(0, 10);
  Observe(20, 20);  // ten were lost, or it counts its own
  for (std::uint32_t units = 1, sequence = 40; units <= 6; sequence += units++) Observe(sequence, units);
  EXPECT_EQ(lost(), 0U);
  Observe(161, 10);  // a hundred are missing
  EXPECT_EQ(lost(), 100U);
}

}  // namespace
}  // namespace hostscope::ipfix
