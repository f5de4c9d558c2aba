#include "dataplane/reply_budget.h"

#include <gtest/gtest.h>

namespace hostscope::dataplane {
namespace {

constexpr std::int64_t kMillisecond = kNanosecondsPerMillisecond;

int TakeAll(ReplyBudget& budget, std::int64_t at_ns) {
  int taken = 0;
  while (budget.Take(ReceiveTime{at_ns})) ++taken;
  return taken;
}

TEST(ReplyBudgetTest, ASecondsWorthAtOnceThenAsTimeGoesBy) {
  ReplyBudget budget;
  std::int64_t now = 1'700'000'000 * kNanosecondsPerSecond;
  EXPECT_EQ(TakeAll(budget, now), ReplyBudget::kPerSecond);
  EXPECT_EQ(TakeAll(budget, now += kMillisecond / 2), 0);
  EXPECT_EQ(TakeAll(budget, now += kMillisecond / 2), 1);
  EXPECT_EQ(TakeAll(budget, now += 10 * kMillisecond), 10);
  EXPECT_EQ(TakeAll(budget, now += 3600 * kNanosecondsPerSecond), ReplyBudget::kPerSecond)
      << "no more is saved";
}

TEST(ReplyBudgetTest, AClockThatIsSetBackGivesNothing) {
  ReplyBudget budget;
  const std::int64_t now = 1'700'000'000 * kNanosecondsPerSecond;
  EXPECT_EQ(TakeAll(budget, now), ReplyBudget::kPerSecond);
  EXPECT_EQ(TakeAll(budget, now - 3600 * kNanosecondsPerSecond), 0);
  EXPECT_EQ(TakeAll(budget, now - 3600 * kNanosecondsPerSecond + 5 * kMillisecond), 5);
}

}  // namespace
}  // namespace hostscope::dataplane
