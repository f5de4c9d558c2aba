#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "aggregator/host_table.h"
#include "aggregator/table_window.h"
#include "tests/exporter/windows.h"

namespace hostscope::exporter {

/// A closed window of a real host table, of as many flow records per host as Zipf's law gives, so that it has
/// lists, sets and dense sketches. The same for the same argument.
class SketchedWindow final : public aggregator::ClosedWindow {
 public:
  explicit SketchedWindow(std::uint32_t hosts);
  /// The same with a table of these options and networks; `has_ipv6`: every fifth host is of 2001:db8::/64.
  SketchedWindow(std::uint32_t hosts, const aggregator::HostTableOptions& options,
                 const aggregator::NetworkSet& networks, bool has_ipv6);

  aggregator::WindowSpan span() const noexcept override { return window_->span(); }
  bool partial() const noexcept override { return false; }
  const aggregator::WindowSummary& summary() const noexcept override { return window_->summary(); }
  std::size_t size() const noexcept override { return window_->size(); }
  aggregator::HostRecord At(std::size_t i) const noexcept override { return window_->At(i); }
  std::size_t WriteSketch(std::size_t i, aggregator::Role role, aggregator::DistinctFigure figure,
                          std::uint8_t* out) const noexcept override {
    return window_->WriteSketch(i, role, figure, out);
  }
  void ForEachNetwork(const aggregator::NetworkLevels& levels,
                      const aggregator::NetworkVisitor& visit) const override {
    window_->ForEachNetwork(levels, visit);
  }
  std::uint64_t CountNetworks(const aggregator::NetworkLevels& levels) const override {
    return window_->CountNetworks(levels);
  }
  /// The bytes of the sketch.
  std::string SketchText(std::size_t i, aggregator::Role role, aggregator::DistinctFigure figure) const;

 private:
  std::unique_ptr<aggregator::TableWindow> window_;
};

/// A window without hosts whose every sketch is as long as one can be.
class FullSketches final : public aggregator::ClosedWindow {
 public:
  aggregator::WindowSpan span() const noexcept override { return TenSeconds(); }
  bool partial() const noexcept override { return false; }
  const aggregator::WindowSummary& summary() const noexcept override { return summary_; }
  std::size_t size() const noexcept override { return 0; }
  aggregator::HostRecord At(std::size_t) const noexcept override { return {}; }
  std::size_t WriteSketch(std::size_t, aggregator::Role, aggregator::DistinctFigure,
                          std::uint8_t* out) const noexcept override;

 private:
  aggregator::WindowSummary summary_;
};

}  // namespace hostscope::exporter
