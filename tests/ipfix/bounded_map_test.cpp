#include "ipfix/bounded_map.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <random>

namespace hostscope::ipfix {
namespace {

struct Number {
  std::uint64_t value = 0;
  std::uint64_t Mix(std::uint64_t seed) const noexcept { return MixBits(value ^ seed); }
  friend bool operator==(const Number&, const Number&) = default;
};

using Map = BoundedMap<Number, int>;

TEST(BoundedMap, IsEmptyAtFirst) {
  const Map map(3, 1);
  EXPECT_EQ(map.size(), 0U);
  EXPECT_EQ(map.capacity(), 3U);
  EXPECT_EQ(map.Find({7}), Map::kNone);
  for (std::uint32_t i = 0; i < map.capacity(); ++i) EXPECT_FALSE(map.IsUsed(i));
}

TEST(BoundedMap, RefusesWhatIsBeyondItsCapacityAndTakesItWhenOneIsErased) {
  Map map(2, 1);
  const std::uint32_t first = map.Insert({10});
  ASSERT_NE(map.Insert({11}), Map::kNone);
  EXPECT_EQ(map.Insert({12}), Map::kNone);
  map[first] = 5;
  map.Erase(first);
  EXPECT_FALSE(map.IsUsed(first));
  const std::uint32_t third = map.Insert({12});
  ASSERT_NE(third, Map::kNone);
  EXPECT_EQ(map[third], 0) << "nothing of the erased entry is left";
  EXPECT_EQ(map.Find({10}), Map::kNone);
  EXPECT_EQ(map.Find({12}), third);
}

TEST(BoundedMap, WithoutCapacityTakesNothing) {
  Map map(0, 1);
  EXPECT_EQ(map.Insert({1}), Map::kNone);
  EXPECT_EQ(map.Find({1}), Map::kNone);
}

TEST(BoundedMap, DoesWhatAStandardMapOfTheSameSizeDoes) {
  constexpr std::size_t kCapacity = 50;
  Map map(kCapacity, 99);
  std::map<std::uint64_t, std::uint32_t> expected;  // key: index
  std::mt19937_64 random(1);
  for (int step = 0; step < 20'000; ++step) {
    const std::uint64_t key = random() % 120;
    const auto known = expected.find(key);
    if (known != expected.end()) {
      ASSERT_EQ(map.Find({key}), known->second) << "an index holds as long as its entry";
      ASSERT_EQ(map[known->second], static_cast<int>(key));
      map.Erase(known->second);
      expected.erase(known);
    } else {
      ASSERT_EQ(map.Find({key}), Map::kNone);
      const std::uint32_t index = map.Insert({key});
      ASSERT_EQ(index == Map::kNone, expected.size() == kCapacity);
      if (index == Map::kNone) continue;
      map[index] = static_cast<int>(key);
      expected[key] = index;
    }
    ASSERT_EQ(map.size(), expected.size());
  }
  std::size_t used = 0;
  for (std::uint32_t i = 0; i < map.capacity(); ++i) used += map.IsUsed(i) ? 1U : 0U;
  EXPECT_EQ(used, expected.size());
}

}  // namespace
}  // namespace hostscope::ipfix
