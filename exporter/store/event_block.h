#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aggregator/profile/profile_event.h"

/// A block of the events of a window, in its order, as columns (columns.h):
///
///   1      the host's address as a number
///   2 to 6 state, kind, figure, confidence, end: as numbered in profile_event.h
///   7      score, the bits of a float
///   8, 9   expected and seen, the bits of a double
///   10     since: nanoseconds since the Unix epoch
///   11 on  not taken yet
namespace hostscope::exporter {

/// Appends the columns of `events` to `out`.
void EncodeEvents(const std::vector<aggregator::ProfileEvent>& events, std::string& out);

/// Reads all `events.size()` of a block, of the window that starts then. Safe with bytes of any kind: false
/// where they make no sense.
[[nodiscard]] bool DecodeEvents(std::string_view columns, ReceiveTime window,
                                std::vector<aggregator::ProfileEvent>& events);

}  // namespace hostscope::exporter
