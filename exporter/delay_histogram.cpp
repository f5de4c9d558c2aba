#include "exporter/delay_histogram.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace hostscope::exporter {

void DelayHistogram::Add(std::int64_t delay_ns) noexcept {
  const std::int64_t delay = std::max<std::int64_t>(delay_ns, 0);
  const auto* const bound = std::lower_bound(kUpperNs.begin(), kUpperNs.end(), delay);
  const auto longest = static_cast<std::int64_t>(max_.Get());
  // First the largest, so that a reader finds none in a bucket beyond it.
  if (delay > longest) max_.Add(static_cast<std::uint64_t>(delay - longest));
  sum_.Add(static_cast<std::uint64_t>(delay));
  counts_[static_cast<std::size_t>(bound - kUpperNs.begin())].Add(1);
}

std::uint64_t DelayHistogram::Count() const noexcept {
  std::uint64_t count = 0;
  for (const Counter& bucket : counts_) count += bucket.Get();
  return count;
}

std::int64_t DelayHistogram::QuantileNs(double q) const noexcept {
  std::array<std::uint64_t, kBuckets> counts{};
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) all += counts[i] = counts_[i].Get();
  if (all == 0) return 0;
  const double rank = std::clamp(std::ceil(q * static_cast<double>(all)), 1.0, static_cast<double>(all));
  std::size_t bucket = 0;
  std::uint64_t before = 0;
  while (static_cast<double>(before + counts[bucket]) < rank) before += counts[bucket++];
  const std::int64_t lower = bucket == 0 ? 0 : kUpperNs[bucket - 1];
  const std::int64_t upper =
      std::max(lower, bucket == kBounds ? MaxNs() : std::min(kUpperNs[bucket], MaxNs()));
  const double share = (rank - static_cast<double>(before)) / static_cast<double>(counts[bucket]);
  return lower + static_cast<std::int64_t>(share * static_cast<double>(upper - lower));
}

void WindowDelay::Written(const aggregator::ClosedWindow& window, ReceiveTime now) noexcept {
  if (window.partial() || (length_ns_ != 0 && window.span().length_ns != length_ns_)) return;
  histogram_.Add(now.ns - window.span().end().ns);
}

ReceiveTime WallClock() noexcept {
  using std::chrono::nanoseconds;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return ReceiveTime{std::chrono::duration_cast<nanoseconds>(now).count()};
}

}  // namespace hostscope::exporter
