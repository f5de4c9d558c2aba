#pragma once

#include <cstdint>

#include "ipfix/flow_tap.h"
#include "ipfix/plan.h"

namespace hostscope::ipfix {

/// What a message's header says of the exporter's clock.
struct ExportClock {
  std::int64_t export_ms = 0;   ///< since the Unix epoch
  std::uint32_t uptime_ms = 0;  ///< sysUptime at that time; seconds where the exporter's settings say so
  bool has_uptime = false;      ///< NetFlow v5 and v9
};

/// The two times of a record. Unknown are those of an encoding that has only a length, of sysUptime in a
/// message that does not say when that began, and what exporters write for a time that they do not know
/// themselves: the epoch. `seconds`: sysUptime is in seconds.
FlowTimes TimesOf(TimeEncoding encoding, std::uint64_t start, std::uint64_t end, const ExportClock& clock,
                  bool seconds) noexcept;

}  // namespace hostscope::ipfix
