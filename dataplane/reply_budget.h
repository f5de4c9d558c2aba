#pragma once

#include <algorithm>
#include <cstdint>

#include "ipfix/time.h"

namespace hostscope::dataplane {

/// How many answers of one kind a receive queue may still give: so many a second, and as many at once.
/// Whoever floods a port with requests gets no flood back, nor does the one whose address stands in them. One
/// thread.
class ReplyBudget {
 public:
  static constexpr std::int64_t kPerSecond = 1000;

  bool Take(ReceiveTime now) noexcept {
    constexpr std::int64_t kCostNs = kNanosecondsPerSecond / kPerSecond;
    // A clock that was set back gives nothing, and takes nothing.
    if (now > last_) saved_ns_ = std::min(saved_ns_ + (now.ns - last_.ns), kNanosecondsPerSecond);
    last_ = now;
    if (saved_ns_ < kCostNs) return false;
    saved_ns_ -= kCostNs;
    return true;
  }

 private:
  ReceiveTime last_;
  std::int64_t saved_ns_ = kNanosecondsPerSecond;
};

}  // namespace hostscope::dataplane
