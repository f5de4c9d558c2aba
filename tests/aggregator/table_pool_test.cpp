#include "aggregator/table_pool.h"

#include <gtest/gtest.h>

#include <memory>

namespace hostscope::aggregator {
namespace {

constexpr HostTableOptions kSmall{.max_hosts = 1000, .sketch_bytes = 1 << 20};

TEST(TablePool, ATableStaysWithTheNodeThatTookItFirst) {
  TablePool pool(3, kSmall, NetworkSet::All());
  auto near = pool.Take(0, 0);
  auto far = pool.Take(0, 1);
  EXPECT_EQ(near->node(), 0);
  EXPECT_EQ(far->node(), 1);
  const HostTable* const was_near = near.get();
  const HostTable* const was_far = far.get();
  pool.Return(std::move(near));
  pool.Return(std::move(far));
  near = pool.Take(0, 0);
  EXPECT_EQ(near.get(), was_near) << "though the other one was used last";
  EXPECT_EQ(pool.Take(0, 0)->node(), 0) << "nobody's before";
  far = pool.Take(0, 1);
  EXPECT_EQ(far.get(), was_far);
}

TEST(TablePool, ATableOfAnotherNodeIsBetterThanNone) {
  TablePool pool(2, kSmall, NetworkSet::All());
  pool.Return(pool.Take(0, 0));
  auto first = pool.Take(0, 1);
  EXPECT_EQ(first->node(), 1) << "one that nobody had";
  const auto second = pool.Take(0, 1);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->node(), 0);
  EXPECT_EQ(pool.Take(0, 1), nullptr);
  pool.Return(std::move(first));
  EXPECT_EQ(pool.Take(1, 1), nullptr) << "one is kept";
  EXPECT_NE(pool.Take(0), nullptr) << "whoever asks without a node gets any";
}

}  // namespace
}  // namespace hostscope::aggregator
