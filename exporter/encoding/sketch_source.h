#pragma once

#include <cstddef>
#include <cstdint>

#include "aggregator/closed_window.h"
#include "aggregator/sketch.h"

namespace hostscope::exporter {

/// Where the sketches of a host record are: in the window that it was read from. Without a window there are
/// none. Valid as long as the window.
class SketchSource {
 public:
  SketchSource() = default;
  SketchSource(const aggregator::ClosedWindow& window, std::size_t index) noexcept
      : window_(&window), index_(index) {}

  bool HasWindow() const noexcept { return window_ != nullptr; }
  /// Writes at most kMaxSketchBytes; returns how many, 0 where there is none.
  std::size_t Write(aggregator::Role role, aggregator::DistinctFigure figure,
                    std::uint8_t* out) const noexcept {
    return window_ == nullptr ? 0 : window_->WriteSketch(index_, role, figure, out);
  }

 private:
  const aggregator::ClosedWindow* window_ = nullptr;
  std::size_t index_ = 0;
};

}  // namespace hostscope::exporter
