#pragma once

#include <cstddef>

#include "ipfix/flow_tap.h"

namespace hostscope::exporter {

/// Room for any flow record.
inline constexpr std::size_t kMaxRawFlow = 640;

/// Writes a flow record as the JSON object that IPFIXcol makes of one, in its names and with numbers as
/// numbers: {"@type":"ipfix.entry","ipfix.octetDeltaCount":…}. At most kMaxRawFlow characters; returns the
/// end. docs/records.md says what each field is.
char* EncodeRawFlow(const FlowRecord& record, const FlowTimes& times, char* out) noexcept;

}  // namespace hostscope::exporter
