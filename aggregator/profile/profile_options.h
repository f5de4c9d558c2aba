#pragma once

#include <cstddef>
#include <cstdint>

#include "ipfix/time.h"

namespace hostscope::aggregator {

inline constexpr std::int64_t kNanosecondsPerHour = 3600 * kNanosecondsPerSecond;
inline constexpr std::int64_t kNanosecondsPerDay = 24 * kNanosecondsPerHour;

struct ProfileOptions {
  /// Length of the windows that profiles are made of. Shorter ones notice sooner, and are noisier.
  std::int64_t window_ns = 300 * kNanosecondsPerSecond;
  /// Each costs kProfileBytes. Beyond that, further hosts have no profile, and are counted.
  std::size_t max_hosts = 100'000;
  /// After which an hour of the week counts half. Levels, which follow drift, forget four times as fast.
  std::int64_t half_life_ns = 14 * kNanosecondsPerDay;
  /// From a host's first window until the first event about it. Less than a week: hours of the week that were
  /// not seen yet are judged by the same hour of other days.
  std::int64_t warm_up_ns = 7 * kNanosecondsPerDay;
  /// False events that are accepted per host and day: fewer of them cost later detection. What a stream of
  /// independent, normal windows would give, and docs/profiles.md has what others give.
  double false_events_per_day = 0.003;
  /// A deviation that lasts longer becomes what is normal, within hours.
  std::int64_t accept_ns = kNanosecondsPerDay;
  /// A host that was silent for longer is forgotten.
  std::int64_t forget_ns = 28 * kNanosecondsPerDay;
  /// Where a host stands in the index: secret, so that no choice of addresses can make it slow.
  std::uint64_t table_key = 0;
};

/// What follows from the options, once.
struct ProfileRates {
  explicit ProfileRates(const ProfileOptions& options) noexcept;

  float windows_per_hour;  ///< at least 1
  float cell_gain;         ///< least weight of a new window, for an hour of the week
  float level_gain;        ///< the same for centres, spreads and levels
  float threshold;         ///< of evidence, for an event
};

}  // namespace hostscope::aggregator
