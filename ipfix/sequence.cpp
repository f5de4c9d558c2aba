#include "ipfix/sequence.h"

#include <algorithm>

namespace hostscope::ipfix {
namespace {

/// Further back than this is a restart, not a late datagram; further ahead than the other no loss but one, too.
constexpr std::int64_t kLateWindow = 10'000;
constexpr std::int64_t kLargestGap = 1 << 24;

}  // namespace

void SequenceTracker::Observe(std::uint32_t sequence, std::uint64_t units, Accounting& exporter,
                              Accounting& total) noexcept {
  const auto book = [&](Counter Accounting::*counter, std::uint64_t n) {
    (exporter.*counter).Add(n);
    (total.*counter).Add(n);
  };
  const auto next = static_cast<std::uint32_t>(sequence + units);
  book(&Accounting::sequence_expected, units);
  if (!is_known_) {
    is_known_ = true;
    recently_lost_ = 0;
    expected_ = next;
    return;
  }
  const std::int64_t gap = static_cast<std::int32_t>(sequence - expected_);
  if (gap == 0) {
    expected_ = next;
  } else if (gap > 0 && gap <= kLargestGap) {
    book(&Accounting::sequence_expected, static_cast<std::uint64_t>(gap));
    book(&Accounting::sequence_lost, static_cast<std::uint64_t>(gap));
    recently_lost_ += static_cast<std::uint32_t>(gap);
    expected_ = next;
  } else if (gap < 0 && gap >= -kLateWindow && static_cast<std::int32_t>(next - expected_) <= 0) {
    const std::uint64_t found = std::min<std::uint64_t>(units, recently_lost_);
    recently_lost_ -= static_cast<std::uint32_t>(found);
    // Modulo 2^64, adding the negative takes away.
    book(&Accounting::sequence_lost, 0 - found);
    book(&Accounting::sequence_expected, 0 - found);
  } else {
    book(&Accounting::sequence_resets, 1);
    recently_lost_ = 0;
    expected_ = next;
  }
}

}  // namespace hostscope::ipfix
