#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "aggregator/closed_window.h"

namespace hostscope::exporter {

/// A closed window made of given records.
class ListedWindow final : public aggregator::ClosedWindow {
 public:
  ListedWindow(aggregator::WindowSpan span, std::vector<aggregator::HostRecord> records,
               bool partial = false);
  /// The same with network records, which it has for any levels.
  ListedWindow(const ListedWindow& window, std::vector<aggregator::NetworkRecord> networks)
      : ListedWindow(window) {
    networks_ = std::move(networks);
  }

  /// Of a window that was cut, another part.
  void SetPart(std::uint64_t part) noexcept { summary_.part = part; }

  aggregator::WindowSpan span() const noexcept override { return span_; }
  bool partial() const noexcept override { return partial_; }
  const aggregator::WindowSummary& summary() const noexcept override { return summary_; }
  std::size_t size() const noexcept override { return records_.size(); }
  aggregator::HostRecord At(std::size_t i) const noexcept override { return records_[i]; }
  void ForEachNetwork(const aggregator::NetworkLevels&,
                      const aggregator::NetworkVisitor& visit) const override {
    for (const aggregator::NetworkRecord& network : networks_) {
      if (!visit(network)) return;
    }
  }
  std::uint64_t CountNetworks(const aggregator::NetworkLevels&) const override { return networks_.size(); }

 private:
  aggregator::WindowSpan span_;
  std::vector<aggregator::HostRecord> records_;
  std::vector<aggregator::NetworkRecord> networks_;
  bool partial_;
  aggregator::WindowSummary summary_;
};

/// 2026-11-23T21:00:10Z, 10 seconds, plus `index` windows.
aggregator::WindowSpan TenSeconds(std::int64_t index = 0);

/// The record of the design: 10.20.30.40 of 10.20.0.0/16, which sent only.
aggregator::HostRecord SenderRecord();

/// 10.20.30.0/24 of 10.20.0.0/16, with SenderRecord()'s figures.
aggregator::NetworkRecord LevelRecord();
/// Of so many /24s from 10.0.0.0 on, with these figures.
std::vector<aggregator::NetworkRecord> ManyNetworks(std::uint32_t count);

/// Every figure at its maximum, and top lists as long as they get: no record is longer.
aggregator::HostRecord LongestRecord();

/// Any record that the aggregator could make: both roles, either, IPv4 or IPv6, `other` now and then.
aggregator::HostRecord RandomRecord(std::mt19937_64& random);

/// Any top lists that the aggregator could make.
aggregator::HostTops RandomTops(std::mt19937_64& random);

/// A window of `hosts` different hosts, four fifths of them IPv4, in address order. The same for the same
/// arguments.
ListedWindow ManyHosts(std::size_t hosts, std::int64_t window_index = 0);

}  // namespace hostscope::exporter
