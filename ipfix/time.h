#pragma once

#include <compare>
#include <cstdint>

namespace hostscope {

/// A point in time on the receiver's clock: nanoseconds since the Unix epoch, UTC. Exporters' own clocks
/// never get this type, so that the two can't be mixed.
struct ReceiveTime {
  std::int64_t ns = 0;
  friend auto operator<=>(const ReceiveTime&, const ReceiveTime&) = default;
};

inline constexpr std::int64_t kNanosecondsPerMillisecond = 1'000'000;
inline constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

}  // namespace hostscope
