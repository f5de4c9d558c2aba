#include "aggregator/worker_aggregator.h"

#include <gtest/gtest.h>

#include "tests/aggregator/naive_reference.h"

namespace hostscope::aggregator {
namespace {

constexpr std::int64_t kSecond = kNanosecondsPerSecond;
constexpr std::int64_t kLength = 10 * kSecond;
// 2026-11-23T21:00:12Z: two seconds into a window.
constexpr std::int64_t kNow = 1'795'467'612 * kSecond;

std::unique_ptr<HostTable> NewTable() {
  return std::make_unique<HostTable>(HostTableOptions{.max_hosts = 1000, .sketch_bytes = 1 << 20},
                                     NetworkSet(std::vector{Prefix::Ipv4(10, 8), Prefix::AllIpv6()}));
}

ReceiveTime At(std::int64_t seconds_from_now) {
  return ReceiveTime{kNow + seconds_from_now * kSecond};
}

std::vector<FlowRecord> SomeFlows(std::size_t count) {
  return naive::Stream(count, {}).Next(count);
}

TEST(WindowAt, IsAlignedToTheEpoch) {
  EXPECT_EQ(WindowAt(ReceiveTime{0}, kLength), (WindowSpan{ReceiveTime{0}, kLength}));
  EXPECT_EQ(WindowAt(ReceiveTime{kLength - 1}, kLength), (WindowSpan{ReceiveTime{0}, kLength}));
  EXPECT_EQ(WindowAt(ReceiveTime{kLength}, kLength), (WindowSpan{ReceiveTime{kLength}, kLength}));
  EXPECT_EQ(WindowAt(ReceiveTime{-1}, kLength), (WindowSpan{ReceiveTime{-kLength}, kLength}));
  EXPECT_EQ(WindowAt(ReceiveTime{-kLength}, kLength), (WindowSpan{ReceiveTime{-kLength}, kLength}));
  EXPECT_EQ(WindowAt(ReceiveTime{1'700'000'000}, kSecond / 2).start.ns, 1'500'000'000);
}

TEST(WorkerAggregator, ClosesOnTimeAndOnce) {
  WorkerAggregator worker(kLength, At(0), NewTable());
  EXPECT_EQ(worker.span(), (WindowSpan{At(-2), kLength}));
  EXPECT_FALSE(worker.Due(At(0)));
  worker.Consume(SomeFlows(50));
  EXPECT_FALSE(worker.Due(ReceiveTime{At(8).ns - 1}));
  EXPECT_TRUE(worker.Due(At(8)));

  std::unique_ptr<HostTable> spare = NewTable();
  const HostTable* second = spare.get();
  std::optional<WindowPart> part = worker.Close(At(8), spare, {.exporters = 3, .dropped = 7});
  ASSERT_TRUE(part);
  EXPECT_EQ(spare, nullptr);
  EXPECT_EQ(part->span, (WindowSpan{At(-2), kLength}));
  EXPECT_EQ(part->next_start, At(8));
  EXPECT_FALSE(part->partial);
  ASSERT_NE(part->table, nullptr);
  EXPECT_GT(part->table->hosts(), 0U);
  EXPECT_EQ(part->summary.flows, 50U);
  EXPECT_EQ(part->summary.exporters, 3U);
  EXPECT_EQ(part->summary.dropped, 7U);
  EXPECT_EQ(worker.span(), (WindowSpan{At(8), kLength}));
  EXPECT_FALSE(worker.Due(At(9)));
  EXPECT_FALSE(worker.Close(At(9), spare, {}));

  worker.Consume(SomeFlows(20));
  spare = NewTable();
  part = worker.Close(At(18), spare, {.exporters = 2, .dropped = 9});
  ASSERT_TRUE(part);
  EXPECT_EQ(part->table.get(), second);
  EXPECT_EQ(part->summary.flows, 20U);
  EXPECT_EQ(part->summary.dropped, 2U);
  EXPECT_EQ(worker.counters().windows.Get(), 2U);
  EXPECT_EQ(worker.counters().flows.Get(), 70U);
}

TEST(WorkerAggregator, RunningTotalsThatAreCorrectedDownwardsNeverCountTwice) {
  WorkerAggregator worker(kLength, At(0), NewTable());
  std::unique_ptr<HostTable> spare;
  std::uint64_t sum = 0;
  std::int64_t time = 8;
  for (const std::uint64_t lost : {10U, 4U, 8U, 15U}) {
    const auto part = worker.Close(At(time), spare, {.sequence_expected = 100, .sequence_lost = lost});
    ASSERT_TRUE(part);
    sum += part->summary.sequence_lost;
    time += 10;
  }
  EXPECT_EQ(sum, 15U);
}

TEST(WorkerAggregator, EmptyWindowNeedsNoTable) {
  WorkerAggregator worker(kLength, At(0), NewTable());
  std::unique_ptr<HostTable> spare;
  const auto part = worker.Close(At(8), spare, {});
  ASSERT_TRUE(part);
  EXPECT_EQ(part->table, nullptr);
  worker.Consume(SomeFlows(5));
  EXPECT_EQ(worker.counters().flows.Get(), 5U);
}

TEST(WorkerAggregator, JumpOverEmptyWindowsIsOneStep) {
  WorkerAggregator worker(kLength, At(0), NewTable());
  worker.Consume(SomeFlows(5));
  std::unique_ptr<HostTable> spare = NewTable();
  const auto part = worker.Close(At(3600), spare, {});
  ASSERT_TRUE(part);
  EXPECT_EQ(part->span.start, At(-2));
  EXPECT_EQ(part->next_start, At(3598));
  EXPECT_EQ(worker.span().start, At(3598));
}

TEST(WorkerAggregator, TimeThatGoesBackCountsIntoTheOpenWindow) {
  WorkerAggregator worker(kLength, At(0), NewTable());
  std::unique_ptr<HostTable> spare = NewTable();
  ASSERT_TRUE(worker.Close(At(8), spare, {}));
  EXPECT_FALSE(worker.Due(At(7)));
  worker.Consume(SomeFlows(4));
  EXPECT_EQ(worker.counters().late_flows.Get(), 4U);
  EXPECT_FALSE(worker.Due(At(9)));
  worker.Consume(SomeFlows(3));
  EXPECT_EQ(worker.counters().late_flows.Get(), 4U);
  const auto part = worker.Close(At(18), spare, {});
  ASSERT_TRUE(part);
  EXPECT_EQ(part->summary.flows, 7U);
}

TEST(WorkerAggregator, WithoutASpareTheWindowStaysOpenAndNothingIsLost) {
  WorkerAggregator worker(kLength, At(0), NewTable());
  worker.Consume(SomeFlows(10));
  std::unique_ptr<HostTable> none;
  for (const std::int64_t time : {8, 9, 21}) {
    ASSERT_TRUE(worker.Due(At(time)));
    EXPECT_FALSE(worker.Close(At(time), none, {}));
    worker.Consume(SomeFlows(2));
  }
  EXPECT_EQ(worker.counters().overruns.Get(), 1U);
  EXPECT_EQ(worker.counters().overrun_flows.Get(), 6U);
  std::unique_ptr<HostTable> spare = NewTable();
  const auto part = worker.Close(At(22), spare, {});
  ASSERT_TRUE(part);
  EXPECT_EQ(part->span, (WindowSpan{At(-2), kLength}));
  EXPECT_EQ(part->next_start, At(18));
  EXPECT_EQ(part->summary.flows, 16U);
}

TEST(WorkerAggregator, FinishMarksWhatHasNotEnded) {
  WorkerAggregator early(kLength, At(0), NewTable());
  early.Consume(SomeFlows(10));
  const WindowPart partial = early.Finish(At(3), {.dropped = 1});
  EXPECT_TRUE(partial.partial);
  EXPECT_EQ(partial.next_start, At(8));
  EXPECT_EQ(partial.summary.flows, 10U);
  EXPECT_EQ(partial.summary.dropped, 1U);
  ASSERT_NE(partial.table, nullptr);

  WorkerAggregator late(kLength, At(0), NewTable());
  late.Consume(SomeFlows(10));
  const WindowPart whole = late.Finish(At(8), {});
  EXPECT_FALSE(whole.partial);
}

TEST(WorkerAggregator, CountsWhatItDoesNotMonitor) {
  WorkerAggregator worker(kLength, At(0), NewTable());
  FlowRecord foreign{};
  foreign.source = Address::FromIpv4(1);
  foreign.destination = Address::FromIpv4(2);
  worker.Consume(std::span(&foreign, 1));
  EXPECT_EQ(worker.counters().unmonitored_flows.Get(), 1U);
  EXPECT_EQ(worker.counters().flows.Get(), 0U);
  std::unique_ptr<HostTable> none;
  const auto part = worker.Close(At(8), none, {});
  ASSERT_TRUE(part);
  EXPECT_EQ(part->table, nullptr);
}

}  // namespace
}  // namespace hostscope::aggregator
