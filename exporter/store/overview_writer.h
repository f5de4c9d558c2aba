#pragma once

#include <string>
#include <vector>

#include "exporter/store/frame.h"
#include "exporter/store/prefix_totals.h"
#include "exporter/store/window_format.h"

namespace hostscope::exporter {

/// Adds up the hosts of a window for each level that was chosen. Keeps finished blocks until the end,
/// compressed, as each level lies together in the file: about 4 MB for a million hosts. One thread.
class OverviewWriter {
 public:
  /// `levels`: of OverviewChoice.
  explicit OverviewWriter(const std::vector<OverviewLevel>& levels);

  /// Hosts in address order.
  void Add(const aggregator::HostRecord& host);

  struct Finished {
    OverviewLevel level;  ///< with its blocks, whose offsets are not set
    std::string frames;   ///< of them, one after the other
  };
  /// In the order of `levels`; ends it.
  std::vector<Finished> Finish();

 private:
  struct Level {
    Finished finished;
    PrefixTotals open;  // without hosts: none is
    std::vector<PrefixTotals> totals;
  };
  void Add(std::size_t level, const PrefixTotals& more);
  void CloseOpen(std::size_t level);
  void FinishBlock(Level& level);

  FrameWriter frames_;
  std::vector<Level> levels_;
  std::string columns_;
};

}  // namespace hostscope::exporter
