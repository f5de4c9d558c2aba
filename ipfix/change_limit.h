#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "ipfix/time.h"

namespace hostscope::ipfix {

/// How often a thing may change: so many times at once, and once more for each interval that has passed. What
/// has to be remembered of each thing is one time (the generic cell rate algorithm).
struct ChangeLimit {
  std::uint32_t at_once = 0;  ///< 0: no limit
  std::int64_t interval_ns = 1;

  /// When a thing that has never changed may change as often as any: always.
  static constexpr ReceiveTime kFresh{std::numeric_limits<std::int64_t>::min()};

  /// A change at `now`; false where it is one too many. `fresh_at` is the thing's: when it will be as if it
  /// had never changed. A clock that was set back holds nothing up for longer than changes would have.
  bool Take(ReceiveTime& fresh_at, ReceiveTime now) const noexcept {
    if (at_once == 0) return true;
    const std::int64_t most = at_once * interval_ns;
    fresh_at.ns = std::clamp(fresh_at.ns, now.ns, now.ns + most);
    if (fresh_at.ns - now.ns > most - interval_ns) return false;
    fresh_at.ns += interval_ns;
    return true;
  }
};

}  // namespace hostscope::ipfix
