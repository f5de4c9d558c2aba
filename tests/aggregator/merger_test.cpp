#include "aggregator/merger.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "aggregator/worker_aggregator.h"
#include "tests/aggregator/naive_reference.h"

namespace hostscope::aggregator {
namespace {

constexpr std::int64_t kSecond = kNanosecondsPerSecond;

MergerOptions Options(std::size_t workers, std::vector<std::int64_t> rollups) {
  MergerOptions options;
  options.workers = workers;
  options.base_length_ns = 10 * kSecond;
  options.rollup_lengths_ns = std::move(rollups);
  options.table = {.max_hosts = 1000, .sketch_bytes = 1 << 20};
  return options;
}

/// A part with one flow record from `source`, or with none for source 0.
WindowPart Part(Merger& merger, std::int64_t start_s, std::uint32_t source) {
  WindowPart part;
  part.span = {ReceiveTime{start_s * kSecond}, 10 * kSecond};
  part.next_start = part.span.end();
  if (source == 0) return part;
  part.table = merger.TakeTable();
  FlowRecord flow{};
  flow.source = naive::HostAddress(source, false);
  flow.destination = Address::FromIpv4(0x01010101);
  flow.packets = 1;
  part.table->Update(std::span(&flow, 1));
  part.summary.flows = 1;
  part.summary.packets = 1;
  return part;
}

std::vector<std::int64_t> EndsOf(const std::vector<ClosedWindowPtr>& windows) {
  std::vector<std::int64_t> ends;
  for (const ClosedWindowPtr& window : windows) ends.push_back(window->span().end().ns / kSecond);
  return ends;
}

TEST(Merger, RefusesWhatCannotWork) {
  const NetworkSet all = NetworkSet::All();
  EXPECT_THROW(Merger(Options(1, {15 * kSecond}), all), std::invalid_argument);
  EXPECT_THROW(Merger(Options(1, {-10 * kSecond}), all), std::invalid_argument);
  EXPECT_THROW(Merger(Options(0, {}), all), std::invalid_argument);
  MergerOptions options = Options(2, {30 * kSecond});
  options.max_tables = 3;
  EXPECT_THROW(Merger(options, all), std::invalid_argument);
  options.max_tables = 4;
  EXPECT_NO_THROW(Merger(options, all));
  options.base_length_ns = 0;
  EXPECT_THROW(Merger(options, all), std::invalid_argument);
}

TEST(Merger, OneWorkersTableIsTheWindow) {
  Merger merger(Options(1, {}), NetworkSet::All());
  const auto windows = merger.Add(0, Part(merger, 100, 7));
  ASSERT_EQ(windows.size(), 1U);
  const ClosedWindow& window = *windows[0];
  EXPECT_EQ(window.span(), (WindowSpan{ReceiveTime{100 * kSecond}, 10 * kSecond}));
  EXPECT_FALSE(window.partial());
  EXPECT_EQ(window.summary().flows, 1U);
  EXPECT_EQ(window.summary().hosts, 2U);
  ASSERT_EQ(window.size(), 2U);
  EXPECT_EQ(window.At(0).host, Address::FromIpv4(0x01010101));
  EXPECT_EQ(window.At(1).host, naive::HostAddress(7, false));
}

TEST(Merger, WindowClosesWhenTheLastWorkerHasPassedIt) {
  Merger merger(Options(3, {}), NetworkSet::All());
  EXPECT_TRUE(merger.Add(0, Part(merger, 0, 1)).empty());
  EXPECT_TRUE(merger.Add(0, Part(merger, 10, 2)).empty());
  EXPECT_TRUE(merger.Add(1, Part(merger, 0, 1)).empty());
  // The third was silent and jumps over both at once.
  WindowPart silent = Part(merger, 0, 0);
  silent.next_start = ReceiveTime{20 * kSecond};
  const auto first = merger.Add(2, std::move(silent));
  ASSERT_EQ(EndsOf(first), std::vector<std::int64_t>{10});
  EXPECT_EQ(first[0]->summary().hosts, 2U);
  EXPECT_EQ(first[0]->At(1).sent.flows, 2U);
  EXPECT_EQ(first[0]->At(1).sent.peers, 1U);
  EXPECT_EQ(EndsOf(merger.Add(1, Part(merger, 10, 0))), std::vector<std::int64_t>{20});
}

TEST(Merger, WindowsWithoutTrafficYieldNone) {
  Merger merger(Options(1, {30 * kSecond}), NetworkSet::All());
  EXPECT_TRUE(merger.Add(0, Part(merger, 0, 0)).empty());
  EXPECT_TRUE(merger.Add(0, Part(merger, 10, 0)).empty());
  EXPECT_TRUE(merger.Add(0, Part(merger, 20, 0)).empty());
  EXPECT_TRUE(merger.Finish().empty());
}

TEST(Merger, LongerWindowsCloseWithTheirLastBaseWindowShortestFirst) {
  Merger merger(Options(1, {60 * kSecond, 20 * kSecond, 30 * kSecond}), NetworkSet::All());
  std::vector<std::vector<std::int64_t>> lengths;
  for (std::int64_t start = 0; start < 60; start += 10) {
    lengths.emplace_back();
    for (const ClosedWindowPtr& window :
         merger.Add(0, Part(merger, start, static_cast<std::uint32_t>(1 + start)))) {
      lengths.back().push_back(window->span().length_ns / kSecond);
      const auto base_windows = static_cast<std::uint64_t>(window->span().length_ns / kSecond / 10);
      EXPECT_EQ(window->summary().flows, base_windows);
      EXPECT_EQ(window->summary().hosts, base_windows + 1);
      EXPECT_EQ(window->At(0).received.flows, base_windows);
      EXPECT_EQ(window->At(0).received.peers, base_windows);
      EXPECT_EQ(window->span().end().ns / kSecond, start + 10);
    }
  }
  EXPECT_EQ(lengths, (std::vector<std::vector<std::int64_t>>{
                         {10}, {10, 20}, {10, 30}, {10, 20}, {10}, {10, 20, 30, 60}}));
  EXPECT_TRUE(merger.Finish().empty());
}

TEST(Merger, SilenceClosesLongerWindowsInOrder) {
  Merger merger(Options(1, {30 * kSecond}), NetworkSet::All());
  EXPECT_EQ(EndsOf(merger.Add(0, Part(merger, 0, 1))), std::vector<std::int64_t>{10});
  WindowPart part = Part(merger, 10, 2);
  part.next_start = ReceiveTime{1000 * kSecond};
  const auto windows = merger.Add(0, std::move(part));
  EXPECT_EQ(EndsOf(windows), (std::vector<std::int64_t>{20, 30}));
  EXPECT_FALSE(windows[1]->partial());
  EXPECT_EQ(windows[1]->summary().hosts, 3U);
  EXPECT_EQ(EndsOf(merger.Add(0, Part(merger, 1000, 1))), std::vector<std::int64_t>{1010});
}

TEST(Merger, LongerWindowOfOneBaseWindowSharesItsTable) {
  MergerOptions options = Options(1, {30 * kSecond});
  options.max_tables = 3;
  Merger merger(options, NetworkSet::All());
  WindowPart part = Part(merger, 0, 5);
  part.next_start = ReceiveTime{30 * kSecond};
  auto windows = merger.Add(0, std::move(part));
  ASSERT_EQ(EndsOf(windows), (std::vector<std::int64_t>{10, 30}));
  EXPECT_EQ(windows[1]->At(1).host, windows[0]->At(1).host);
  windows.erase(windows.begin());
  EXPECT_EQ(windows[0]->At(1).sent.flows, 1U);
}

TEST(Merger, SummaryAddsWorkersAndKeepsTheMostExporters) {
  Merger merger(Options(2, {20 * kSecond}), NetworkSet::All());
  const auto part = [&](std::int64_t start, std::uint32_t source, std::uint64_t exporters) {
    WindowPart made = Part(merger, start, source);
    made.summary.exporters = exporters;
    made.summary.dropped = 2;
    made.summary.scaled_flows = 3;
    made.summary.sequence_expected = 100;
    made.summary.sequence_lost = 1;
    made.summary.bytes = 50;
    return made;
  };
  merger.Add(0, part(0, 1, 4));
  const auto first = merger.Add(1, part(0, 2, 3));
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0]->summary().exporters, 7U);
  EXPECT_EQ(first[0]->summary().dropped, 4U);
  // The second base window has no hosts, but drops: they are in the longer window.
  merger.Add(0, part(10, 0, 5));
  const auto second = merger.Add(1, part(10, 0, 0));
  ASSERT_EQ(EndsOf(second), std::vector<std::int64_t>{20});
  const WindowSummary& summary = second[0]->summary();
  EXPECT_EQ(summary.exporters, 7U);
  EXPECT_EQ(summary.dropped, 8U);
  EXPECT_EQ(summary.scaled_flows, 12U);
  EXPECT_EQ(summary.bytes, 200U);
  EXPECT_DOUBLE_EQ(summary.sequence_loss(), 0.01);
}

TEST(Merger, FinishMarksWindowsWhoseEndHasNotCome) {
  Merger merger(Options(2, {20 * kSecond, 60 * kSecond}), NetworkSet::All());
  merger.Add(0, Part(merger, 0, 1));
  merger.Add(1, Part(merger, 0, 1));
  merger.Add(0, Part(merger, 10, 1));
  WindowPart last = Part(merger, 10, 2);
  last.partial = true;
  auto windows = merger.Add(1, std::move(last));
  for (ClosedWindowPtr& window : merger.Finish()) windows.push_back(std::move(window));
  ASSERT_EQ(EndsOf(windows), (std::vector<std::int64_t>{20, 20, 60}));
  for (const ClosedWindowPtr& window : windows) EXPECT_TRUE(window->partial());
  EXPECT_EQ(windows[2]->summary().flows, 4U);
}

TEST(Merger, PartsOfOneWindowAreToldApartByTheirRuns) {
  std::set<std::uint64_t> parts;
  for (const std::int64_t began_ns : {1'000, 1'001}) {
    MergerOptions options = Options(1, {60 * kSecond});
    options.began_ns = began_ns;
    Merger merger(options, NetworkSet::All());
    WindowPart cut = Part(merger, 0, 1);
    cut.partial = true;
    auto windows = merger.Add(0, std::move(cut));
    for (ClosedWindowPtr& window : merger.Finish()) windows.push_back(std::move(window));
    ASSERT_EQ(EndsOf(windows), (std::vector<std::int64_t>{10, 60}));
    EXPECT_EQ(windows[0]->summary().part, windows[1]->summary().part);
    parts.insert(windows[0]->summary().part);
  }
  EXPECT_EQ(parts.size(), 2U);
}

TEST(Merger, FinishClosesWindowsThatSomeWorkerNeverReached) {
  Merger merger(Options(2, {}), NetworkSet::All());
  EXPECT_TRUE(merger.Add(0, Part(merger, 0, 1)).empty());
  const auto windows = merger.Finish();
  ASSERT_EQ(windows.size(), 1U);
  EXPECT_TRUE(windows[0]->partial());
}

TEST(Merger, ReadersThatHoldAllTablesStopWorkersAndNothingElse) {
  MergerOptions options = Options(1, {});
  options.max_tables = 4;
  Merger merger(options, NetworkSet::All());
  std::vector<ClosedWindowPtr> held;
  for (std::int64_t start = 0; start < 40; start += 10) {
    for (ClosedWindowPtr& window : merger.Add(0, Part(merger, start, 1))) held.push_back(std::move(window));
  }
  EXPECT_EQ(held.size(), 4U);
  EXPECT_EQ(merger.TakeTable(), nullptr);
  held.erase(held.begin());
  const std::unique_ptr<HostTable> table = merger.TakeTable();
  ASSERT_NE(table, nullptr);
  EXPECT_TRUE(table->empty());
  EXPECT_EQ(held[0]->At(1).sent.flows, 1U);
}

TEST(Merger, RollUpWaitsForATableAndStaysComplete) {
  MergerOptions options = Options(1, {30 * kSecond});
  options.max_tables = 3;
  Merger merger(options, NetworkSet::All());
  // Two tables go into windows that are held, the third is the worker's.
  std::vector<ClosedWindowPtr> held = merger.Add(0, Part(merger, 0, 1));
  WindowPart second = Part(merger, 10, 2);
  std::unique_ptr<HostTable> third = merger.TakeTable();
  EXPECT_EQ(third, nullptr) << "the last one is left for the roll-up";
  for (ClosedWindowPtr& window : merger.Add(0, std::move(second))) held.push_back(std::move(window));
  // Now the roll-up has it.
  EXPECT_EQ(merger.TakeTable(), nullptr);
  held.clear();
  third = merger.TakeTable();
  ASSERT_NE(third, nullptr);
  WindowPart last = Part(merger, 20, 0);
  const auto windows = merger.Add(0, std::move(last));
  ASSERT_EQ(EndsOf(windows), std::vector<std::int64_t>{30});
  EXPECT_EQ(windows[0]->summary().flows, 2U);
  EXPECT_EQ(windows[0]->summary().hosts, 3U);
}

TEST(Merger, RollUpWithoutAnyTableClosesWhenReadersLetGo) {
  MergerOptions options = Options(2, {20 * kSecond});
  options.max_tables = 4;
  Merger merger(options, NetworkSet::All());
  // All four tables in workers' hands before the roll-up needs one (its reserve was taken for the first
  // window).
  std::vector<WindowPart> parts;
  parts.push_back(Part(merger, 0, 1));
  parts.push_back(Part(merger, 10, 2));
  std::unique_ptr<HostTable> open = merger.TakeTable();
  ASSERT_NE(open, nullptr);
  WindowPart silent = Part(merger, 0, 0);
  silent.next_start = ReceiveTime{40 * kSecond};
  merger.Add(1, std::move(silent));
  auto held = merger.Add(0, std::move(parts[0]));
  ASSERT_EQ(held.size(), 1U);
  // The roll-up has one of them waiting; take the last away, as a roll-up of another length would.
  auto more = merger.Add(0, std::move(parts[1]));
  ASSERT_EQ(EndsOf(more), (std::vector<std::int64_t>{20, 20}));
  EXPECT_EQ(more[1]->summary().hosts, 3U);

  // Everything is held now: the next roll-up has to wait, and its base windows with it.
  for (ClosedWindowPtr& window : more) held.push_back(std::move(window));
  WindowPart third;
  third.span = {ReceiveTime{20 * kSecond}, 10 * kSecond};
  third.next_start = ReceiveTime{30 * kSecond};
  const FlowRecord flow = naive::Stream(1, {}).Next();
  open->Update(std::span(&flow, 1));
  third.table = std::move(open);
  third.summary.flows = 1;
  for (ClosedWindowPtr& window : merger.Add(0, std::move(third))) held.push_back(std::move(window));
  EXPECT_EQ(EndsOf(held), (std::vector<std::int64_t>{10, 20, 20, 30}));
  EXPECT_EQ(merger.TakeTable(), nullptr);
  const auto rest = merger.Finish();
  ASSERT_EQ(EndsOf(rest), std::vector<std::int64_t>{40});
  EXPECT_TRUE(rest[0]->partial());
}

TEST(Merger, FinishMakesATableRatherThanLoseAWindow) {
  MergerOptions options = Options(1, {30 * kSecond});
  options.max_tables = 3;
  Merger merger(options, NetworkSet::All());
  // The roll-up's table is taken by the window before and held.
  std::vector<ClosedWindowPtr> held;
  const auto add = [&](std::int64_t start, std::unique_ptr<HostTable> table) {
    WindowPart part;
    part.span = {ReceiveTime{start * kSecond}, 10 * kSecond};
    part.next_start = part.span.end();
    const FlowRecord flow = naive::Stream(static_cast<std::uint64_t>(start), {}).Next();
    table->Update(std::span(&flow, 1));
    part.table = std::move(table);
    part.summary.flows = 1;
    for (ClosedWindowPtr& window : merger.Add(0, std::move(part))) held.push_back(std::move(window));
  };
  const MergerOptions same = options;
  add(0, merger.TakeTable());
  add(10, merger.TakeTable());
  // A table of the worker's own: three are with readers or the roll-up.
  add(30, std::make_unique<HostTable>(same.table, NetworkSet::All()));
  add(40, std::make_unique<HostTable>(same.table, NetworkSet::All()));
  EXPECT_EQ(EndsOf(held), (std::vector<std::int64_t>{10, 20, 30, 40, 50}));
  EXPECT_GT(merger.counters().tables_missing.Get(), 0U);
  const auto rest = merger.Finish();
  ASSERT_EQ(EndsOf(rest), std::vector<std::int64_t>{60});
  EXPECT_EQ(rest[0]->summary().flows, 2U);
  std::uint64_t sent = 0;
  for (std::size_t i = 0; i < rest[0]->size(); ++i) sent += rest[0]->At(i).sent.flows;
  EXPECT_EQ(sent, 2U);
}

TEST(Merger, WindowsOutliveTheMerger) {
  std::vector<ClosedWindowPtr> windows;
  {
    Merger merger(Options(1, {20 * kSecond}), NetworkSet(std::vector{Prefix::AllIpv4()}));
    for (ClosedWindowPtr& window : merger.Add(0, Part(merger, 0, 1))) windows.push_back(std::move(window));
    for (ClosedWindowPtr& window : merger.Add(0, Part(merger, 10, 1))) windows.push_back(std::move(window));
  }
  ASSERT_EQ(windows.size(), 3U);
  EXPECT_EQ(windows[2]->At(1).sent.flows, 2U);
  EXPECT_EQ(windows[2]->At(1).network, Prefix::AllIpv4());
}

/// Workers, merger and readers on threads of their own, as in the appliance: for the thread sanitizer, and
/// for the sums.
TEST(Merger, WorkersMergerAndReadersRunAtOnce) {
  constexpr std::size_t kWorkers = 2;
  constexpr std::int64_t kWindows = 60;
  constexpr std::size_t kFlowsPerWindow = 300;
  Merger merger(Options(kWorkers, {30 * kSecond}), NetworkSet::All());

  std::mutex mutex;
  std::deque<std::pair<std::size_t, WindowPart>> parts;
  std::deque<ClosedWindowPtr> closed;
  std::atomic<std::size_t> finished{0};
  std::atomic<bool> merged{false};

  const auto work = [&](std::size_t worker, std::unique_ptr<HostTable> first) {
    naive::Stream stream(worker, {.hosts = 500});
    WorkerAggregator aggregator(10 * kSecond, ReceiveTime{0}, std::move(first));
    std::unique_ptr<HostTable> spare;
    const auto hand_on = [&](WindowPart part) {
      const std::lock_guard lock(mutex);
      parts.emplace_back(worker, std::move(part));
    };
    for (std::int64_t window = 0; window < kWindows; ++window) {
      const ReceiveTime time{window * 10 * kSecond};
      if (spare == nullptr) spare = merger.TakeTable();
      if (aggregator.Due(time)) {
        if (auto part = aggregator.Close(time, spare, {})) hand_on(std::move(*part));
      }
      aggregator.Consume(stream.Next(kFlowsPerWindow));
    }
    hand_on(aggregator.Finish(ReceiveTime{kWindows * 10 * kSecond}, {}));
    ++finished;
  };
  const auto merge = [&] {
    for (;;) {
      const bool is_last_round = finished == kWorkers;
      for (;;) {
        std::unique_lock lock(mutex);
        if (parts.empty()) break;
        auto [worker, part] = std::move(parts.front());
        parts.pop_front();
        lock.unlock();
        auto windows = merger.Add(worker, std::move(part));
        lock.lock();
        for (ClosedWindowPtr& window : windows) closed.push_back(std::move(window));
      }
      if (is_last_round) break;
      std::this_thread::yield();
    }
    const std::lock_guard lock(mutex);
    for (ClosedWindowPtr& window : merger.Finish()) closed.push_back(std::move(window));
    merged = true;
  };
  std::uint64_t base_flows = 0;
  std::uint64_t rollup_flows = 0;
  const auto read = [&] {
    for (;;) {
      const bool is_last_round = merged;
      for (;;) {
        std::unique_lock lock(mutex);
        if (closed.empty()) break;
        const ClosedWindowPtr window = std::move(closed.front());
        closed.pop_front();
        lock.unlock();
        std::uint64_t flows = 0;
        for (std::size_t i = 0; i < window->size(); ++i) flows += window->At(i).sent.flows;
        (window->span().length_ns == 10 * kSecond ? base_flows : rollup_flows) += flows;
      }
      if (is_last_round) break;
      std::this_thread::yield();
    }
  };
  std::vector<std::thread> threads;
  // Before either runs: a worker ahead of time may take all there are.
  std::vector<std::unique_ptr<HostTable>> tables;
  for (std::size_t worker = 0; worker < kWorkers; ++worker) tables.push_back(merger.TakeTable());
  for (std::size_t worker = 0; worker < kWorkers; ++worker) {
    threads.emplace_back(work, worker, std::move(tables[worker]));
  }
  threads.emplace_back(merge);
  threads.emplace_back(read);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(base_flows, kWorkers * kWindows * kFlowsPerWindow);
  EXPECT_EQ(rollup_flows, kWorkers * kWindows * kFlowsPerWindow);
}

}  // namespace
}  // namespace hostscope::aggregator
