#pragma once

#include <cstdint>
#include <string_view>

#include "aggregator/profile/profile_scoring.h"
#include "ipfix/time.h"

namespace hostscope::aggregator {

enum class EventState : std::uint8_t { kOpen, kUpdate, kClose };

/// Why an event is over.
enum class EventEnd : std::uint8_t {
  kNone,      ///< it is not
  kNormal,    ///< the host is as expected again; a silent one: it is back
  kAccepted,  ///< it lasted so long that it is what is expected now
  kForgotten  ///< the host was silent for so long that its profile is gone
};

/// Something is going on with a host, or is over. Explains itself: what of it, what was expected, what was
/// seen, since when. One event of a host at a time: (host, since) names it. A new host's opens and ends at
/// once. Plain value.
struct ProfileEvent {
  Address host;
  EventState state = EventState::kOpen;
  EventEnd end = EventEnd::kNone;
  DeviationKind kind = DeviationKind::kVolume;
  ProfileFigure figure =
      ProfileFigure::kSentFlows;  ///< the one that was farthest off; of volume where silent
  Confidence confidence = Confidence::kFull;
  float score = 0;      ///< highest so far, see Deviation
  double expected = 0;  ///< of the figure at that time: a count, a share, or a ratio
  double seen = 0;
  ReceiveTime since;   ///< start of the window in which it was opened
  ReceiveTime window;  ///< start of the window that this is said of
};

/// "open", "update", "close"; "volume", "fan_out", …; "normal", "accepted", "forgotten"; "warm_up",
/// "day_only", "full".
std::string_view NameOf(EventState state) noexcept;
std::string_view NameOf(DeviationKind kind) noexcept;
std::string_view NameOf(EventEnd end) noexcept;
std::string_view NameOf(Confidence confidence) noexcept;

}  // namespace hostscope::aggregator
