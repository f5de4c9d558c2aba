#include "ipfix/sequence.h"

#include <algorithm>
#include <cstdlib>

namespace hostscope::ipfix {
namespace {

/// Further back than this is a restart, not a late datagram; further ahead than the other no loss but one,
/// too.
constexpr std::int64_t kLateWindow = 10'000;
constexpr std::int64_t kLargestGap = 1 << 24;
/// So many numbers that are right in one way only, more than in the other, establish what an exporter counts.
constexpr int kEstablished = 4;

}  // namespace

std::int32_t SequenceTracker::GapBefore(std::uint32_t sequence, std::uint64_t units) noexcept {
  const auto own = static_cast<std::uint32_t>(units);
  const auto others_gap = static_cast<std::int32_t>(sequence - (last_sequence_ + last_units_));
  const auto own_gap = static_cast<std::int32_t>(sequence - own - last_sequence_);
  const bool counts_own = counts_own_ > 0;
  if ((others_gap == 0) != (own_gap == 0)) {
    const bool is_established = std::abs(counts_own_) == kEstablished;
    const int vote = own_gap == 0 ? 1 : -1;
    counts_own_ = static_cast<std::int8_t>(std::clamp(counts_own_ + vote, -kEstablished, kEstablished));
    if (!is_established) return 0;
  }
  if (counts_own_ == 0 && own_gap > 0 && others_gap > 0) return std::min(own_gap, others_gap);
  return counts_own ? own_gap : others_gap;
}

void SequenceTracker::Observe(std::uint32_t sequence, std::uint64_t units, Accounting& exporter,
                              Accounting& total) noexcept {
  const auto book = [&](Counter Accounting::*counter, std::uint64_t n) {
    (exporter.*counter).Add(n);
    (total.*counter).Add(n);
  };
  const auto advance = [&] {
    last_sequence_ = sequence;
    last_units_ = static_cast<std::uint32_t>(units);
  };
  book(&Accounting::sequence_expected, units);
  if (!is_known_) {
    is_known_ = knows_units_ = true;
    recently_lost_ = 0;
    advance();
    return;
  }
  if (!knows_units_) {
    // What it follows is of any length. What it precedes is late, and was never counted as lost.
    const auto ahead = static_cast<std::int32_t>(sequence - last_sequence_);
    if (ahead < 0 && ahead >= -kLateWindow) return;
    knows_units_ = true;
    advance();
    return;
  }
  const std::int64_t gap = GapBefore(sequence, units);
  if (gap == 0) {
    advance();
  } else if (gap > 0 && gap <= kLargestGap) {
    book(&Accounting::sequence_expected, static_cast<std::uint64_t>(gap));
    book(&Accounting::sequence_lost, static_cast<std::uint64_t>(gap));
    book(&Accounting::sequence_gaps, 1);
    recently_lost_ += static_cast<std::uint32_t>(gap);
    advance();
  } else if (gap < 0 && gap >= -kLateWindow && gap + static_cast<std::int64_t>(units) <= 0) {
    const std::uint64_t found = std::min<std::uint64_t>(units, recently_lost_);
    recently_lost_ -= static_cast<std::uint32_t>(found);
    // Modulo 2^64, adding the negative takes away.
    book(&Accounting::sequence_lost, 0 - found);
    book(&Accounting::sequence_expected, 0 - found);
  } else {
    book(&Accounting::sequence_resets, 1);
    recently_lost_ = 0;
    advance();
  }
}

}  // namespace hostscope::ipfix
