#include "dataplane/snapshot_box.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <thread>

namespace hostscope::dataplane {
namespace {

TEST(SnapshotBoxTest, GivesWhatWasPublishedLast) {
  SnapshotBox<int> box;
  box.PrepareAll([](int& value) { value = 7; });
  EXPECT_EQ(box.Latest(), 7);
  box.back() = 1;
  EXPECT_EQ(box.Latest(), 7);
  box.Publish();
  EXPECT_EQ(box.Latest(), 1);
  EXPECT_EQ(box.Latest(), 1);
  for (int i = 2; i < 10; ++i) {
    box.back() = i;
    box.Publish();
  }
  EXPECT_EQ(box.Latest(), 9);
}

TEST(SnapshotBoxTest, AReaderNeverSeesHalfOfOneNorAnOlderOneAgain) {
  constexpr std::uint64_t kStates = 200'000;
  SnapshotBox<std::array<std::uint64_t, 32>> box;
  std::thread writer([&box] {
    for (std::uint64_t state = 1; state <= kStates; ++state) {
      box.back().fill(state);
      box.Publish();
    }
  });
  std::uint64_t last = 0;
  std::uint64_t torn = 0;
  std::uint64_t older = 0;
  while (last < kStates) {
    const auto& seen = box.Latest();
    const std::uint64_t first = seen.front();
    for (const std::uint64_t word : seen) torn += word != first ? 1U : 0U;
    older += first < last ? 1U : 0U;
    last = first;
  }
  writer.join();
  EXPECT_EQ(torn, 0U);
  EXPECT_EQ(older, 0U);
}

}  // namespace
}  // namespace hostscope::dataplane
