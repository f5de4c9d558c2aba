#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "aggregator/merger.h"
#include "aggregator/worker_aggregator.h"
#include "tests/aggregator/naive_reference.h"

// Clocks that are set forward and back, by a little or by hours, while workers count: whatever is done to
// them, each record is in one window of each length, and windows that a step touched say so.
namespace hostscope::aggregator {
namespace {

constexpr std::int64_t kSecond = kNanosecondsPerSecond;
constexpr std::int64_t kBase = 10 * kSecond;
constexpr std::int64_t kStart = 1'795'467'600 * kSecond;  // a multiple of all lengths

/// What a closed window says; its table goes back to the merger.
struct Seen {
  WindowSpan span;
  bool partial = false;
  WindowSummary summary;
  std::vector<HostRecord> records;
};

class Network {
 public:
  Network(std::size_t workers, std::uint64_t seed) : random_(seed), stream_(seed, {.hosts = 200}) {
    MergerOptions options;
    options.workers = workers;
    options.base_length_ns = kBase;
    options.rollup_lengths_ns = {3 * kBase, 30 * kBase};
    options.began_ns = kStart;
    options.table = {.max_hosts = 5000, .sketch_bytes = 16 << 20, .hash_key = 77};
    merger_ = std::make_unique<Merger>(options,
                                       NetworkSet(std::vector<Prefix>{Prefix::AllIpv4(), Prefix::AllIpv6()}));
    for (std::size_t i = 0; i < workers; ++i) {
      workers_.emplace_back().aggregator =
          std::make_unique<WorkerAggregator>(kBase, ReceiveTime{kStart}, merger_->TakeTable());
    }
  }

  void Pass(std::int64_t ns) { wall_ += ns; }
  void Step(std::int64_t ns) {
    wall_ += ns;
    shift_ += ns;
    if (ns <= -kBase) ++generation_;
    ++steps_;
  }
  /// A loop of one worker, as it is in the data plane: it follows the clock, closes what is over, counts.
  void Loop(std::size_t index, std::size_t records) {
    Worker& worker = workers_[index];
    const ReceiveTime now{wall_};
    if (worker.shift != shift_) {
      worker.aggregator->ShiftClock(shift_ - std::exchange(worker.shift, shift_), now, generation_);
    }
    if (worker.spare == nullptr) worker.spare = merger_->TakeTable();
    if (worker.aggregator->Due(now)) {
      if (auto part = worker.aggregator->Close(now, worker.spare, {}))
        Take(merger_->Add(index, std::move(*part)));
      static_cast<void>(worker.aggregator->Due(now));
    }
    const std::vector<FlowRecord> batch = stream_.Next(records);
    worker.aggregator->Consume(batch);
    sent_.Count(batch);
  }
  void LoopAll(std::size_t records = 3) {
    for (std::size_t i = 0; i < workers_.size(); ++i) Loop(i, records);
  }
  void Finish() {
    for (std::size_t i = 0; i < workers_.size(); ++i)
      Take(merger_->Add(i, workers_[i].aggregator->Finish(ReceiveTime{wall_}, {})));
    Take(merger_->Finish());
  }

  std::size_t Below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }
  const std::vector<Seen>& windows() const { return windows_; }
  std::vector<Seen> OfLength(std::int64_t length) const {
    std::vector<Seen> found;
    std::ranges::copy_if(windows_, std::back_inserter(found),
                         [&](const Seen& window) { return window.span.length_ns == length; });
    return found;
  }
  const naive::Reference& sent() const { return sent_; }
  int steps() const { return steps_; }

  /// Of every length: what was sent is there, of each host, and of windows of one span at most one is whole.
  void ExpectEverythingOnce() const {
    for (const std::int64_t length : {kBase, 3 * kBase, 30 * kBase}) {
      std::map<Address, std::pair<RoleFigures, RoleFigures>> sums;
      std::map<std::int64_t, int> whole;
      std::set<std::pair<std::int64_t, std::uint64_t>> parts;
      std::uint64_t flows = 0;
      for (const Seen& window : OfLength(length)) {
        flows += window.summary.flows;
        if (!window.partial) ++whole[window.span.start.ns];
        EXPECT_EQ(window.summary.part == 0, !window.partial);
        EXPECT_TRUE(parts.emplace(window.span.start.ns, window.summary.part).second)
            << "two windows at " << window.span.start.ns << " can't be told apart";
        for (const HostRecord& record : window.records) {
          naive::AddSums(sums[record.host].first, record.sent);
          naive::AddSums(sums[record.host].second, record.received);
        }
      }
      EXPECT_EQ(flows, sent_.flows) << length;
      for (const auto& [start, times] : whole) EXPECT_EQ(times, 1) << "two whole windows at " << start;
      ASSERT_EQ(sums.size(), sent_.hosts.size());
      for (const auto& [host, expected] : sent_.hosts) {
        EXPECT_EQ(sums[host].first.flows, expected.sent.sums.flows);
        EXPECT_EQ(sums[host].first.bytes, expected.sent.sums.bytes);
        EXPECT_EQ(sums[host].second.flows, expected.received.sums.flows);
        EXPECT_EQ(sums[host].second.packets, expected.received.sums.packets);
      }
    }
  }

 private:
  struct Worker {
    std::unique_ptr<WorkerAggregator> aggregator;
    std::unique_ptr<HostTable> spare;
    std::int64_t shift = 0;
  };

  void Take(const std::vector<ClosedWindowPtr>& windows) {
    for (const ClosedWindowPtr& window : windows) {
      Seen& seen = windows_.emplace_back(Seen{window->span(), window->partial(), window->summary(), {}});
      for (std::size_t i = 0; i < window->size(); ++i) seen.records.push_back(window->At(i));
    }
  }

  std::mt19937_64 random_;
  naive::Stream stream_;
  naive::Reference sent_{{Prefix::AllIpv4(), Prefix::AllIpv6()}};
  std::vector<Seen> windows_;
  std::unique_ptr<Merger> merger_;
  std::vector<Worker> workers_;
  std::int64_t wall_ = kStart;
  std::int64_t shift_ = 0;
  std::uint32_t generation_ = 0;
  int steps_ = 0;
};

std::vector<std::pair<std::int64_t, bool>> SpansOf(const std::vector<Seen>& windows) {
  std::vector<std::pair<std::int64_t, bool>> spans;
  for (const Seen& window : windows)
    spans.emplace_back((window.span.start.ns - kStart) / kSecond, window.partial);
  return spans;
}
std::map<std::int64_t, std::int64_t> StepsOf(const std::vector<Seen>& windows) {
  std::map<std::int64_t, std::int64_t> steps;
  for (const Seen& window : windows) {
    if (const std::int64_t step = window.summary.clock_step_ns; step != 0)
      steps[(window.span.start.ns - kStart) / kSecond] = step / kSecond;
  }
  return steps;
}
using Spans = std::vector<std::pair<std::int64_t, bool>>;
using Steps = std::map<std::int64_t, std::int64_t>;

/// Each second a loop of all workers.
void RunFor(Network& network, int seconds) {
  for (int i = 0; i < seconds; ++i) {
    network.LoopAll();
    network.Pass(kSecond);
  }
}

/// A clock that is set once, while all workers count.
struct OneStep {
  std::string name;
  std::size_t workers;
  int seconds_before;
  std::int64_t step;  ///< seconds
  int seconds_after;
  Spans base_windows;
  Steps marked;
};

class OneStepTest : public ::testing::TestWithParam<OneStep> {};

TEST_P(OneStepTest, WindowsAreThoseOfTheClock) {
  const OneStep& given = GetParam();
  Network network(given.workers, 1);
  RunFor(network, given.seconds_before);
  network.Step(given.step * kSecond);
  RunFor(network, given.seconds_after);
  network.Finish();
  network.ExpectEverythingOnce();
  EXPECT_EQ(SpansOf(network.OfLength(kBase)), given.base_windows);
  EXPECT_EQ(StepsOf(network.OfLength(kBase)), given.marked);
}

INSTANTIATE_TEST_SUITE_P(
    ClockStep, OneStepTest,
    ::testing::Values(OneStep{"ForwardTheOpenWindowIsOverAtOnce", 2, 15, 3600, 25,
                              Spans{{0, false}, {10, false}, {3610, false}, {3620, false}, {3630, false}},
                              Steps{{10, 3600}, {3610, 3600}}},
                      OneStep{"ForwardWithinAWindowOnlyThatOneIsMarked", 2, 13, 3, 14,
                              Spans{{0, false}, {10, false}, {20, false}}, Steps{{10, 3}}},
                      // To second 5, whose window is over.
                      OneStep{"BackByLessThanAWindowItStaysOpenLonger", 2, 12, -7, 25,
                              Spans{{0, false}, {10, false}, {20, false}}, Steps{{10, -7}}},
                      // The one from 40 to 45, then those that come again.
                      OneStep{"BackByMoreWindowsComeAgainAsParts", 2, 45, -30, 45,
                              Spans{{0, false},
                                    {10, false},
                                    {20, false},
                                    {30, false},
                                    {40, true},
                                    {10, true},
                                    {20, true},
                                    {30, true},
                                    {40, true},
                                    {50, false}},
                              Steps{{10, -30}, {40, -30}}},
                      // Of before the start.
                      OneStep{"WhatNobodyHadBeforeIsNoPart", 1, 15, -3600, 15,
                              Spans{{0, false}, {10, true}, {-3590, false}, {-3580, false}},
                              Steps{{10, -3600}, {-3590, -3600}}}),
    [](const auto& given) { return given.param.name; });

TEST(ClockStepTest, WorkersNeedNotFollowAtTheSameMoment) {
  Network network(2, 5);
  RunFor(network, 45);
  network.Step(-3600 * kSecond);
  // One worker is far ahead of the other, which is still in the windows of before.
  for (int i = 0; i < 40; ++i) {
    network.Loop(0, 3);
    network.Pass(kSecond);
  }
  EXPECT_EQ(SpansOf(network.OfLength(kBase)), (Spans{{0, false}, {10, false}, {20, false}, {30, false}}))
      << "no window of before is complete yet";
  RunFor(network, 20);
  network.Finish();
  network.ExpectEverythingOnce();
}

TEST(ClockStepTest, AClockThatWasAYearAheadAtTheStartLeavesNoTrace) {
  constexpr std::int64_t kYear = 365 * 86400 * kSecond;
  Network network(2, 8);
  network.Step(kYear);
  RunFor(network, 25);
  network.Step(-kYear);
  RunFor(network, 25);
  network.Step(-20 * kSecond);
  RunFor(network, 45);
  network.Finish();
  network.ExpectEverythingOnce();
  std::map<std::int64_t, int> parts;
  for (const Seen& window : network.OfLength(kBase)) {
    if (window.partial) ++parts[(window.span.start.ns - kStart) / kSecond % (365 * 86400)];
  }
  // What was open at each step back and at the end, and 30 to 50, which came again.
  EXPECT_EQ(parts, (std::map<std::int64_t, int>{{20, 1}, {30, 1}, {40, 2}, {70, 1}}));
}

TEST(ClockStepTest, WithoutStepsNothingIsMarked) {
  Network network(3, 7);
  RunFor(network, 400);
  network.Pass(-kSecond);
  network.Finish();
  network.ExpectEverythingOnce();
  EXPECT_EQ(StepsOf(network.windows()), Steps{});
  for (const Seen& window : network.OfLength(kBase)) {
    EXPECT_EQ(window.partial, window.span.start.ns == kStart + 390 * kSecond);
  }
}

TEST(ClockStepTest, AnyStepsAtAnyTime) {
  for (std::uint64_t seed = 0; seed < 60 && !::testing::Test::HasFailure(); ++seed) {
    Network network(1 + seed % 3, seed);
    for (int i = 0; i < 600; ++i) {
      network.Loop(network.Below(1 + seed % 3), network.Below(5));
      network.Pass(static_cast<std::int64_t>(network.Below(3'000'000'000)));
      if (network.Below(40) != 0) continue;
      const std::int64_t largest =
          std::array{2 * kSecond, 60 * kSecond, 5 * 3600 * kSecond}[network.Below(3)];
      network.Step(static_cast<std::int64_t>(network.Below(static_cast<std::size_t>(2 * largest))) - largest);
    }
    network.Finish();
    network.ExpectEverythingOnce();
    EXPECT_EQ(StepsOf(network.windows()).empty(), network.steps() == 0) << "seed " << seed;
  }
}

}  // namespace
}  // namespace hostscope::aggregator
