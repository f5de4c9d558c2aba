#pragma once

#include "aggregator/profile/profile_scoring.h"

namespace hostscope::aggregator {

/// A profile of a host that is seen for the first time.
void StartProfile(HostProfile& profile, const Address& host, const FigureValues& values,
                  const ProfileMoment& now) noexcept;

/// How a profile takes a window in.
enum class Learning : std::uint8_t {
  kNormal,    ///< what is far off counts no more than three usual distances
  kSlow,      ///< while an event is open: a sixteenth of that
  kAccepted,  ///< an event that is open for too long is the new normal: levels follow within hours
};

/// Takes in a window with traffic. `expected` and `deviation` are those of this window. Integer steps are
/// rounded up or down by a hash of host and window, so that what is smaller than a step counts too, and
/// the same input gives the same profile.
void Learn(HostProfile& profile, const FigureValues& values, const ProfileMoment& now,
           const ProfileRates& rates, const Expectation& expected, const Deviation& deviation,
           Learning learning) noexcept;

/// Takes in a window without. `presence_stays`: a silence that is an event is not what is expected.
void LearnAbsence(HostProfile& profile, const ProfileMoment& now, const ProfileRates& rates,
                  bool presence_stays) noexcept;

}  // namespace hostscope::aggregator
