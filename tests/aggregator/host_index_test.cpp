#include "aggregator/host_index.h"

#include <gtest/gtest.h>

#include <random>
#include <unordered_map>

namespace hostscope::aggregator {
namespace {

TEST(HostIndex, FindsWhatWasInsertedAtFullLoad) {
  constexpr std::uint32_t kHosts = 30'000;
  HostIndex index(kHosts);
  std::mt19937_64 random(7);
  std::vector<std::uint64_t> hashes(kHosts);
  for (std::uint32_t slot = 0; slot < kHosts; ++slot) {
    hashes[slot] = random();
    EXPECT_EQ(index.Find(index.KeyOf(hashes[slot]), [](std::uint32_t) { return true; }), HostIndex::kAbsent);
    index.Insert(index.KeyOf(hashes[slot]), slot);
  }
  for (std::uint32_t slot = 0; slot < kHosts; ++slot) {
    EXPECT_EQ(index.Find(index.KeyOf(hashes[slot]), [&](std::uint32_t found) { return found == slot; }),
              slot);
  }
}

TEST(HostIndex, ManyHostsOfOneBucketGoOnInTheNext) {
  HostIndex index(100);
  // One home bucket, the last one, so that the search wraps; tags differ.
  const auto hash = [](std::uint32_t n) { return std::uint64_t{0xffffffffU} << 32 | (n + 1); };
  for (std::uint32_t n = 0; n < 100; ++n) index.Insert(index.KeyOf(hash(n)), n);
  for (std::uint32_t n = 0; n < 100; ++n) EXPECT_EQ(index.FindCandidate(index.KeyOf(hash(n))), n);
  EXPECT_EQ(index.FindCandidate(index.KeyOf(hash(100))), HostIndex::kAbsent);
}

TEST(HostIndex, EqualTagsAreToldApartByTheCaller) {
  HostIndex index(100);
  for (std::uint32_t slot = 0; slot < 20; ++slot) index.Insert(index.KeyOf(42), slot);
  EXPECT_EQ(index.FindCandidate(index.KeyOf(42)), 0U);
  for (std::uint32_t slot = 0; slot < 20; ++slot) {
    EXPECT_EQ(index.Find(index.KeyOf(42), [&](std::uint32_t found) { return found == slot; }), slot);
  }
  EXPECT_EQ(index.Find(index.KeyOf(42), [](std::uint32_t) { return false; }), HostIndex::kAbsent);
}

TEST(HostIndex, HashWhoseTagWouldBeZero) {
  HostIndex index(10);
  const std::uint64_t hash = std::uint64_t{5} << 32;
  EXPECT_EQ(index.FindCandidate(index.KeyOf(hash)), HostIndex::kAbsent);
  index.Insert(index.KeyOf(hash), 3);
  EXPECT_EQ(index.FindCandidate(index.KeyOf(hash)), 3U);
}

TEST(HostIndex, ClearingAroundEachHostClearsAll) {
  constexpr std::uint32_t kHosts = 1000;
  HostIndex index(kHosts);
  std::mt19937_64 random(9);
  std::vector<std::uint64_t> hashes(kHosts);
  // Only a few home buckets, so that long runs are cleared from their middle.
  for (std::uint64_t& hash : hashes) hash = (random() % 4 << 62) | (random() & 0xffffffffU);
  for (std::uint32_t slot = 0; slot < kHosts; ++slot) index.Insert(index.KeyOf(hashes[slot]), slot);
  for (const std::uint64_t hash : hashes) index.ClearAround(index.KeyOf(hash));
  for (const std::uint64_t hash : hashes)
    EXPECT_EQ(index.FindCandidate(index.KeyOf(hash)), HostIndex::kAbsent);
  for (std::uint32_t slot = 0; slot < kHosts; ++slot) index.Insert(index.KeyOf(hashes[slot]), slot);
  EXPECT_NE(index.FindCandidate(index.KeyOf(hashes[0])), HostIndex::kAbsent);
}

}  // namespace
}  // namespace hostscope::aggregator
