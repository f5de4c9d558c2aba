#pragma once

#include <cstddef>
#include <memory>

#include "aggregator/closed_window.h"
#include "aggregator/table_pool.h"

namespace hostscope::aggregator {

/// A closed window that shows a table, which other windows may show too: a longer window with traffic in only
/// one of its base windows is the same hosts under another span.
class TableWindow final : public ClosedWindow {
 public:
  TableWindow(WindowSpan span, bool partial, const WindowSummary& summary,
              std::shared_ptr<SharedTable> table);
  ~TableWindow() override { table_->RemoveReader(); }
  TableWindow(const TableWindow&) = delete;
  TableWindow& operator=(const TableWindow&) = delete;

  WindowSpan span() const noexcept override { return span_; }
  bool partial() const noexcept override { return partial_; }
  const WindowSummary& summary() const noexcept override { return summary_; }
  std::size_t size() const noexcept override { return summary_.hosts + summary_.other_hosts; }
  HostRecord At(std::size_t i) const noexcept override { return table_->table().RecordAt(i); }
  std::size_t WriteSketch(std::size_t i, Role role, DistinctFigure figure,
                          std::uint8_t* out) const noexcept override {
    return table_->table().WriteSketchAt(i, role, figure, out);
  }
  void ForEachNetwork(const NetworkLevels& levels, const NetworkVisitor& visit) const override;
  std::uint64_t CountNetworks(const NetworkLevels& levels) const override {
    return table_->table().CountNetworks(levels);
  }

  const HostTable& table() const noexcept { return table_->table(); }

 private:
  WindowSpan span_;
  bool partial_;
  WindowSummary summary_;
  std::shared_ptr<SharedTable> table_;
};

}  // namespace hostscope::aggregator
