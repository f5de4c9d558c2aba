#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "aggregator/closed_window.h"
#include "ipfix/counter.h"
#include "ipfix/time.h"

namespace hostscope::exporter {

/// How long something took, in nanoseconds, as counts in fixed buckets: 1, 2 and 5 times each power of ten
/// from 100 µs to 500 s, and one for what is longer. One writing thread, any number of readers, no lock.
class DelayHistogram {
 public:
  static constexpr std::size_t kBounds = 21;
  static constexpr std::size_t kBuckets = kBounds + 1;
  /// The most that a bucket holds, itself included. The last bucket has no bound.
  static constexpr std::array<std::int64_t, kBounds> kUpperNs = [] {
    std::array<std::int64_t, kBounds> bounds{};
    std::int64_t decade = 100'000;
    for (std::size_t i = 0; i < kBounds; i += 3, decade *= 10) {
      bounds[i] = decade;
      bounds[i + 1] = 2 * decade;
      bounds[i + 2] = 5 * decade;
    }
    return bounds;
  }();

  /// The writing thread. Less than 0, which is a clock that was set back, counts as 0.
  void Add(std::int64_t delay_ns) noexcept;

  // Any thread.
  std::uint64_t Count() const noexcept;
  std::uint64_t CountIn(std::size_t bucket) const noexcept { return counts_[bucket].Get(); }
  std::uint64_t SumNs() const noexcept { return sum_.Get(); }
  std::int64_t MaxNs() const noexcept { return static_cast<std::int64_t>(max_.Get()); }
  /// What the share `q`, 0 to 1, of all took at most: interpolated within its bucket, so at most 2.5 times
  /// off, and never more than MaxNs(). 0 when there is nothing.
  std::int64_t QuantileNs(double q) const noexcept;

 private:
  std::array<Counter, kBuckets> counts_;
  Counter sum_;
  Counter max_;
};

/// From the end of a window to its last record written, for windows of one length. Windows that are closed
/// before their end have no such time.
class WindowDelay {
 public:
  /// 0: windows of any length.
  explicit WindowDelay(std::int64_t length_ns) : length_ns_(length_ns) {}

  /// The writing thread, when the window's last record is written.
  void Written(const aggregator::ClosedWindow& window, ReceiveTime now) noexcept;
  const DelayHistogram& histogram() const noexcept { return histogram_; }

 private:
  std::int64_t length_ns_;
  DelayHistogram histogram_;
};

/// The wall clock, by which windows end.
ReceiveTime WallClock() noexcept;

}  // namespace hostscope::exporter
