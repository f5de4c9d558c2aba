#include "exporter/raw_flow/raw_flow_queue.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <thread>
#include <vector>

namespace hostscope::exporter {
namespace {

/// Records that are numbered from `first` on.
struct Batch {
  Batch(std::uint64_t first, std::size_t count) : records(count), times(count) {
    for (std::size_t i = 0; i < count; ++i) {
      records[i].packets = first + i;
      times[i] = {static_cast<std::int64_t>(first + i), -static_cast<std::int64_t>(first + i)};
    }
  }
  std::vector<FlowRecord> records;
  std::vector<FlowTimes> times;
};

void Push(RawFlowQueue& queue, std::uint64_t first, std::size_t count) {
  const Batch batch(first, count);
  queue.Take(batch.records, batch.times);
}

/// The numbers of up to `max` records, taken out.
std::vector<std::uint64_t> Pull(RawFlowQueue& queue, std::size_t max) {
  const RawFlowQueue::Piece piece = queue.Front(max);
  std::vector<std::uint64_t> numbers;
  for (std::size_t i = 0; i < piece.records.size(); ++i) {
    numbers.push_back(piece.records[i].packets);
    EXPECT_EQ(piece.times[i].start_ms, static_cast<std::int64_t>(piece.records[i].packets));
    EXPECT_EQ(piece.times[i].end_ms, -piece.times[i].start_ms);
  }
  queue.Pop(numbers.size());
  return numbers;
}

using Numbers = std::vector<std::uint64_t>;

TEST(RawFlowQueue, KeepsOrderAcrossItsEnd) {
  RawFlowQueue queue(5);
  EXPECT_EQ(queue.capacity(), 8U);
  Push(queue, 0, 6);
  EXPECT_EQ(Pull(queue, 4), (Numbers{0, 1, 2, 3}));
  Push(queue, 6, 6);  // goes on at the beginning
  EXPECT_EQ(queue.waiting(), 8U);
  EXPECT_EQ(Pull(queue, 100), (Numbers{4, 5}));
  EXPECT_EQ(Pull(queue, 100), (Numbers{6, 7}));
  EXPECT_EQ(Pull(queue, 100), (Numbers{8, 9, 10, 11}));
  EXPECT_EQ(Pull(queue, 100), Numbers{});
  EXPECT_EQ(queue.taken(), 12U);
  EXPECT_EQ(queue.dropped(), 0U);
}

TEST(RawFlowQueue, WhatFindsNoRoomIsDroppedAndCounted) {
  RawFlowQueue queue(8);
  Push(queue, 0, 6);
  Push(queue, 6, 6);
  EXPECT_EQ(queue.taken(), 8U);
  EXPECT_EQ(queue.dropped(), 4U);
  Push(queue, 12, 1);
  EXPECT_EQ(queue.dropped(), 5U);
  EXPECT_EQ(Pull(queue, 3), (Numbers{0, 1, 2}));
  Push(queue, 13, 2);
  EXPECT_EQ(Pull(queue, 100), (Numbers{3, 4, 5, 6, 7}));
  EXPECT_EQ(Pull(queue, 100), (Numbers{13, 14}));
  EXPECT_EQ(queue.waiting(), 0U);
}

TEST(RawFlowQueue, WhatIsTakenComesOutOnceInOrderBesideAThreadThatReads) {
  constexpr std::uint64_t kRecords = 400'000;
  RawFlowQueue queue(1024);
  std::uint64_t got = 0;
  std::uint64_t next = 0;
  std::thread reader([&] {
    while (next < kRecords) {
      const Numbers numbers = Pull(queue, 97);
      for (const std::uint64_t number : numbers) {
        ASSERT_GE(number, next);
        next = number + 1;
      }
      got += numbers.size();
    }
  });
  std::mt19937_64 random(1);
  std::uint64_t written = 0;
  while (written < kRecords - 1) {
    const std::size_t count = std::min<std::uint64_t>(1 + random() % 128, kRecords - 1 - written);
    Push(queue, written, count);
    written += count;
  }
  while (queue.waiting() == queue.capacity()) std::this_thread::yield();
  Push(queue, kRecords - 1, 1);
  reader.join();
  EXPECT_EQ(queue.taken() + queue.dropped(), kRecords);
  EXPECT_EQ(got, queue.taken());
  EXPECT_GT(got, 0U);
}

}  // namespace
}  // namespace hostscope::exporter
