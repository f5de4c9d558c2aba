#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "aggregator/merger.h"
#include "aggregator/table_window.h"
#include "aggregator/worker_aggregator.h"
#include "tests/aggregator/expect_records.h"
#include "tests/aggregator/naive_reference.h"

// Any stream, any split over workers, any set of windows: what comes out of the far end equals direct
// counting.
namespace hostscope::aggregator {
namespace {

constexpr std::int64_t kSecond = kNanosecondsPerSecond;
constexpr std::int64_t kStart = 1'795'467'612 * kSecond + 345'678'901;

struct Case {
  std::size_t workers;
  std::int64_t base_ns;
  std::vector<std::int64_t> rollups_ns;
  std::uint64_t seed;
};

/// Everything that went in, kept by window: the naive sums and a table that saw all records itself.
struct Expected {
  explicit Expected(const std::vector<Prefix>& networks, const HostTableOptions& options)
      : naive(networks), direct(options, NetworkSet(networks)) {}
  naive::Reference naive;
  HostTable direct;
};

class AggregatorProperty : public ::testing::TestWithParam<Case> {
 protected:
  AggregatorProperty() : stream_(GetParam().seed, ShapeOf(GetParam().seed)), random_(GetParam().seed) {
    MergerOptions options;
    options.workers = GetParam().workers;
    options.base_length_ns = GetParam().base_ns;
    options.rollup_lengths_ns = GetParam().rollups_ns;
    options.table = table_options_;
    merger_ = std::make_unique<Merger>(options, NetworkSet(networks_));
    for (std::size_t i = 0; i < options.workers; ++i) {
      workers_.push_back(std::make_unique<WorkerAggregator>(options.base_length_ns, ReceiveTime{kStart},
                                                            merger_->TakeTable()));
      spares_.push_back(merger_->TakeTable());
    }
  }

  static naive::StreamShape ShapeOf(std::uint64_t seed) {
    return {.hosts = seed % 2 == 0 ? 120U : 3000U,
            .skew = static_cast<double>(seed % 3),
            .ports = seed % 5 == 0 ? 20U : 65536U};
  }

  void Feed(std::size_t worker, ReceiveTime time, const std::vector<FlowRecord>& records) {
    WorkerAggregator& aggregator = *workers_[worker];
    if (aggregator.Due(time)) {
      auto part = aggregator.Close(time, spares_[worker], {});
      ASSERT_TRUE(part);
      Check(merger_->Add(worker, std::move(*part)));
      if (spares_[worker] == nullptr) spares_[worker] = merger_->TakeTable();
      ASSERT_NE(spares_[worker], nullptr);
    }
    aggregator.Consume(records);
    for (const std::int64_t length : Lengths()) {
      const WindowSpan span = WindowAt(time, length);
      auto& expected = expected_[{span.start.ns, length}];
      if (expected == nullptr) expected = std::make_unique<Expected>(networks_, table_options_);
      expected->naive.Count(records);
      expected->direct.Update(records);
    }
  }

  std::vector<std::int64_t> Lengths() const {
    std::vector<std::int64_t> lengths = GetParam().rollups_ns;
    lengths.push_back(GetParam().base_ns);
    return lengths;
  }

  void Check(const std::vector<ClosedWindowPtr>& windows) {
    for (const ClosedWindowPtr& window : windows) {
      const auto at = expected_.find({window->span().start.ns, window->span().length_ns});
      ASSERT_NE(at, expected_.end()) << "a window without traffic, or twice";
      CheckWindow(*window, *at->second);
      EXPECT_GE(window->span().end(), last_end_);
      last_end_ = window->span().end();
      expected_.erase(at);
      ASSERT_FALSE(HasFailure());
    }
  }

  void CheckWindow(const ClosedWindow& window, Expected& expected) {
    const WindowSummary& summary = window.summary();
    EXPECT_EQ(summary.flows, expected.naive.flows);
    EXPECT_EQ(summary.packets, expected.naive.packets);
    EXPECT_EQ(summary.bytes, expected.naive.bytes);
    EXPECT_EQ(summary.scaled_flows, expected.naive.scaled);
    EXPECT_EQ(summary.hosts, expected.naive.hosts.size());
    EXPECT_EQ(summary.other_hosts, 0U);
    ExpectHosts(
        window.size(), [&](std::size_t i) { return window.At(i); }, expected.naive, networks_);
    const HostTable& table = dynamic_cast<const TableWindow&>(window).table();
    expected.direct.Sort();
    for (std::size_t i = 0; i < window.size(); ++i) {
      for (const Role role : {Role::kSent, Role::kReceived}) {
        for (const auto figure :
             {DistinctFigure::kPeers, DistinctFigure::kSrcPorts, DistinctFigure::kDstPorts}) {
          ASSERT_EQ(table.SketchAt(i, role, figure), expected.direct.SketchAt(i, role, figure));
        }
      }
    }
    ++windows_checked_;
  }

  const std::vector<Prefix> networks_ = {Prefix::AllIpv4(), Prefix::Ipv6(naive::HostAddress(0, true), 32)};
  const HostTableOptions table_options_{.max_hosts = 5000, .sketch_bytes = 16 << 20, .hash_key = 77};
  naive::Stream stream_;
  std::mt19937_64 random_;
  std::unique_ptr<Merger> merger_;
  std::vector<std::unique_ptr<WorkerAggregator>> workers_;
  std::vector<std::unique_ptr<HostTable>> spares_;
  std::map<std::pair<std::int64_t, std::int64_t>, std::unique_ptr<Expected>> expected_;
  ReceiveTime last_end_;
  int windows_checked_ = 0;
};

TEST_P(AggregatorProperty, EqualsDirectCounting) {
  ReceiveTime time{kStart};
  for (int batch = 0; batch < 260; ++batch) {
    // Mostly small steps, at times exactly to a window's edge, at times over several windows.
    const std::int64_t base = GetParam().base_ns;
    switch (random_() % 12) {
      case 0:
        time.ns += static_cast<std::int64_t>(random_() % 6) * base;
        break;
      case 1:
        time = WindowAt(time, base).end();
        break;
      default:
        time.ns += static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(base / 5 + 1));
    }
    Feed(random_() % GetParam().workers, time, stream_.Next(1 + random_() % 128));
    ASSERT_FALSE(HasFailure());
  }
  for (std::size_t worker = 0; worker < workers_.size(); ++worker) {
    Check(merger_->Add(worker, workers_[worker]->Finish(time, {})));
  }
  Check(merger_->Finish());
  EXPECT_TRUE(expected_.empty()) << "windows that never came";
  EXPECT_GT(windows_checked_, 10);
  EXPECT_EQ(merger_->counters().windows.Get(), static_cast<std::uint64_t>(windows_checked_));
  EXPECT_EQ(merger_->counters().overflows.Get(), 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, AggregatorProperty,
    ::testing::Values(Case{1, 10 * kSecond, {}, 1},
                      Case{1, 10 * kSecond, {30 * kSecond, 60 * kSecond, 300 * kSecond}, 2},
                      Case{2, 10 * kSecond, {30 * kSecond, 60 * kSecond, 300 * kSecond}, 3},
                      Case{3, kSecond / 2, {kSecond, 3 * kSecond / 2, 5 * kSecond}, 4},
                      Case{4, kSecond / 10, {kSecond, 10 * kSecond}, 5},
                      Case{4, 7 * kSecond, {14 * kSecond, 21 * kSecond, 42 * kSecond}, 6}, Case{2, 1, {3}, 7},
                      Case{4, 3600 * kSecond, {}, 8}, Case{3, 10 * kSecond, {20 * kSecond}, 10}));

}  // namespace
}  // namespace hostscope::aggregator
