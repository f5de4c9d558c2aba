#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "aggregator/host_record.h"

namespace hostscope::aggregator {

/// Of which times windows of one length were closed, so that one that comes again, since the clock was set
/// back, can be told from one that never came before. Ranges of time, as long as these are few: a new one
/// begins when the clock was set back, and after a silence or a step forward of more than an hour.
class ClosedTimes {
 public:
  static constexpr std::size_t kMostRanges = 64;
  static constexpr std::int64_t kGapNs = 3600 * kNanosecondsPerSecond;

  /// A window is closed; those of one generation in order of time. True where there was one of that span
  /// before, or may have been.
  bool Add(const WindowSpan& span, std::uint32_t generation) {
    const bool has_one = now_.from < now_.to;
    if (has_one && (generation != generation_ || span.start.ns - now_.to > kGapNs)) {
      before_.push_back(now_);
      if (before_.size() > kMostRanges) Unite();
      now_ = {};
    }
    generation_ = generation;
    now_.from = std::min(now_.from, span.start.ns);
    now_.to = std::max(now_.to, span.end().ns);
    return std::ranges::any_of(before_, [&span](const Range& range) {
      return span.start.ns < range.to && span.end().ns > range.from;
    });
  }

 private:
  struct Range {
    std::int64_t from = std::numeric_limits<std::int64_t>::max();
    std::int64_t to = std::numeric_limits<std::int64_t>::min();
  };

  /// Of the oldest two one that has both.
  void Unite() {
    before_[1].from = std::min(before_[0].from, before_[1].from);
    before_[1].to = std::max(before_[0].to, before_[1].to);
    before_.erase(before_.begin());
  }

  std::vector<Range> before_;  ///< of earlier generations
  Range now_;
  std::uint32_t generation_ = 0;
};

}  // namespace hostscope::aggregator
