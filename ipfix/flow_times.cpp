#include "ipfix/flow_times.h"

#include <algorithm>

namespace hostscope::ipfix {
namespace {

constexpr std::int64_t kMsPerSecond = 1000;
constexpr std::uint64_t kUsPerMs = 1000;
// Of any count of seconds or microseconds: beyond it no date is meant, and nothing overflows.
constexpr std::uint64_t kLimit = std::uint64_t{1} << 50;

// RFC 7011 section 6.1.9: seconds since 1900, and 2^32 of them later again.
std::int64_t FromNtp(std::uint64_t time) noexcept {
  constexpr std::int64_t kUnixEpoch = 2'208'988'800;
  constexpr std::int64_t kEra = std::int64_t{1} << 32;
  const auto seconds = static_cast<std::int64_t>(time >> 32);
  const auto fraction = static_cast<std::int64_t>(time & 0xffffffff);
  const std::int64_t unix_seconds = seconds - kUnixEpoch + (seconds < kUnixEpoch ? kEra : 0);
  return unix_seconds * kMsPerSecond + (fraction * kMsPerSecond >> 32);
}

// In 32 bits, so that a time before the wrap of sysUptime, or shortly after the message's, is where it was.
std::int64_t FromUptime(std::uint64_t time, const ExportClock& clock, bool seconds) noexcept {
  const auto since = static_cast<std::int32_t>(static_cast<std::uint32_t>(time) - clock.uptime_ms);
  return clock.export_ms + since * (seconds ? kMsPerSecond : 1);
}

std::int64_t TimeOf(TimeEncoding encoding, std::uint64_t time, const ExportClock& clock,
                    bool seconds) noexcept {
  const auto known_if = [](bool is_known, std::int64_t ms) { return is_known ? ms : FlowTimes::kUnknown; };
  const std::uint64_t limited = std::min(time, kLimit);
  switch (encoding) {
    case TimeEncoding::kMilliseconds:
      return known_if(time != 0, static_cast<std::int64_t>(limited));
    case TimeEncoding::kSeconds:
      return known_if(time != 0, static_cast<std::int64_t>(limited) * kMsPerSecond);
    case TimeEncoding::kNtp:
      return known_if(time != 0, FromNtp(time));
    case TimeEncoding::kUptime:
      return known_if(clock.has_uptime, FromUptime(time, clock, seconds));
    case TimeEncoding::kDeltaMicroseconds:
      return clock.export_ms - static_cast<std::int64_t>(limited / kUsPerMs);
    case TimeEncoding::kNone:
    case TimeEncoding::kDurationMilliseconds:
    case TimeEncoding::kDurationMicroseconds:
      break;
  }
  return FlowTimes::kUnknown;
}

}  // namespace

FlowTimes TimesOf(TimeEncoding encoding, std::uint64_t start, std::uint64_t end, const ExportClock& clock,
                  bool seconds) noexcept {
  return {TimeOf(encoding, start, clock, seconds), TimeOf(encoding, end, clock, seconds)};
}

}  // namespace hostscope::ipfix
