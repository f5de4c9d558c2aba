#pragma once

#include <algorithm>
#include <cstdint>

#include "ipfix/plan.h"

/// How long a flow was, from its two times in any encoding. Inline, since it runs for each record.
namespace hostscope::ipfix {

inline constexpr std::int64_t kMicrosecondsPerMillisecond = 1000;
inline constexpr std::int64_t kMicrosecondsPerSecond = 1'000'000;
/// Nexus 9000 and others end flows a few milliseconds before they start; that is 0, not a broken clock.
inline constexpr std::int64_t kSmallNegative_us = -100 * kMicrosecondsPerMillisecond;

struct FlowDuration {
  std::int64_t us;    ///< 0 unless known
  bool is_known;      ///< both times are there and make sense
  bool is_malformed;  ///< it ends before it starts, by more than some exporters' rounding
};

inline std::int64_t NtpDifference_us(std::uint64_t start, std::uint64_t end) noexcept {
  // Seconds and fraction apart, since 2^63 of 1/2^32 s in microseconds has more than 64 bits.
  const auto difference = static_cast<std::int64_t>(end - start);
  const std::int64_t fraction = difference & 0xffffffff;
  return (difference >> 32) * kMicrosecondsPerSecond + ((fraction * kMicrosecondsPerSecond) >> 32);
}

/// The difference of two exporter times, in microseconds. Values are cut to what the encodings can mean, so
/// that nothing overflows whatever the bytes are.
inline std::int64_t Difference_us(TimeEncoding encoding, std::uint64_t start, std::uint64_t end,
                                  bool seconds) noexcept {
  constexpr std::int64_t kLimit = INT64_MAX / (2 * kMicrosecondsPerSecond);
  const auto difference = [&] { return std::clamp(static_cast<std::int64_t>(end - start), -kLimit, kLimit); };
  switch (encoding) {
    case TimeEncoding::kMilliseconds:
      return difference() * kMicrosecondsPerMillisecond;
    case TimeEncoding::kSeconds:
      return difference() * kMicrosecondsPerSecond;
    case TimeEncoding::kNtp:
      return NtpDifference_us(start, end);
    case TimeEncoding::kUptime: {
      // In 32 bits, so that a flow across the wrap of sysUptime has its true length.
      const std::int64_t ticks = static_cast<std::int32_t>(static_cast<std::uint32_t>(end - start));
      return ticks * (seconds ? kMicrosecondsPerSecond : kMicrosecondsPerMillisecond);
    }
    case TimeEncoding::kDeltaMicroseconds:
      return -difference();  // both count backwards from the export time
    case TimeEncoding::kDurationMilliseconds:
      return static_cast<std::int64_t>(std::min<std::uint64_t>(end, kLimit)) * kMicrosecondsPerMillisecond;
    case TimeEncoding::kDurationMicroseconds:
      return static_cast<std::int64_t>(std::min<std::uint64_t>(end, kLimit));
    case TimeEncoding::kNone:
      break;
  }
  return 0;
}

constexpr bool IsAbsolute(TimeEncoding encoding) noexcept {
  return encoding == TimeEncoding::kMilliseconds || encoding == TimeEncoding::kSeconds ||
         encoding == TimeEncoding::kNtp;
}

/// Without branches once `encoding` is a constant: which records have usable times can't be foreseen.
inline FlowDuration DurationOf(TimeEncoding encoding, std::uint64_t start, std::uint64_t end,
                               bool seconds) noexcept {
  const std::int64_t difference = Difference_us(encoding, start, end, seconds);
  // The epoch itself stands for a time that the exporter does not know; of the others, all bits set, beyond
  // every uptime.
  const std::uint64_t unknown = IsAbsolute(encoding) ? 0 : UINT64_MAX;
  const bool is_unknown = start == unknown || end == unknown;
  const bool is_malformed = !is_unknown && difference < kSmallNegative_us;
  const bool is_known = encoding != TimeEncoding::kNone && !is_unknown && !is_malformed;
  return {is_known ? std::max<std::int64_t>(difference, 0) : 0, is_known, is_malformed};
}

}  // namespace hostscope::ipfix
