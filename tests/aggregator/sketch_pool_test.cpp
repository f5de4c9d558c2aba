#include "aggregator/sketch_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace hostscope::aggregator {
namespace {

TEST(SketchPool, GivesDistinctZeroedBlocksUntilExhausted) {
  SketchPool pool(8 * SketchPool::kUnit);
  std::set<std::uint32_t> blocks;
  for (int i = 0; i < 4; ++i) {
    const std::uint32_t block = pool.Allocate(1);
    ASSERT_NE(block, SketchPool::kNoBlock);
    EXPECT_TRUE(blocks.insert(block).second);
    EXPECT_TRUE(
        std::all_of(pool.At(block), pool.At(block) + 256, [](std::uint8_t byte) { return byte == 0; }));
    std::fill_n(pool.At(block), 256, std::uint8_t{0xab});
  }
  EXPECT_EQ(pool.Allocate(0), SketchPool::kNoBlock);
  EXPECT_EQ(pool.Allocate(1), SketchPool::kNoBlock);
}

TEST(SketchPool, FreedBlocksAreGivenAgainZeroed) {
  SketchPool pool(2 * SketchPool::kUnit);
  const std::uint32_t a = pool.Allocate(0);
  const std::uint32_t b = pool.Allocate(0);
  std::fill_n(pool.At(a), 128, std::uint8_t{0xff});
  std::fill_n(pool.At(b), 128, std::uint8_t{0xee});
  pool.Free(a, 0);
  pool.Free(b, 0);
  EXPECT_EQ(pool.Allocate(0), b);
  EXPECT_EQ(pool.Allocate(0), a);
  EXPECT_TRUE(std::all_of(pool.At(a), pool.At(a) + 128, [](std::uint8_t byte) { return byte == 0; }));
  EXPECT_EQ(pool.Allocate(0), SketchPool::kNoBlock);
}

TEST(SketchPool, ClearTakesAllBack) {
  SketchPool pool(SketchPool::kUnit << 5);
  EXPECT_EQ(pool.Allocate(5), 0U);
  EXPECT_EQ(pool.Allocate(5), SketchPool::kNoBlock);
  pool.Clear();
  EXPECT_EQ(pool.Allocate(5), 0U);
}

TEST(SketchPool, TooLargeABlockLeavesThePoolUsable) {
  SketchPool pool(3 * SketchPool::kUnit);
  EXPECT_EQ(pool.Allocate(5), SketchPool::kNoBlock);
  EXPECT_EQ(pool.Allocate(1), 0U);
  EXPECT_EQ(pool.Allocate(1), SketchPool::kNoBlock);
  EXPECT_EQ(pool.Allocate(0), 2U);
}

TEST(SketchPool, MayBeEmpty) {
  SketchPool pool(0);
  EXPECT_EQ(pool.Allocate(0), SketchPool::kNoBlock);
}

}  // namespace
}  // namespace hostscope::aggregator
