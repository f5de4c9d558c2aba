#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "ipfix/time.h"

/// The parts of JSON that are not numbers.
namespace hostscope::exporter {

inline constexpr std::size_t kTimeText = 24;  ///< 2026-11-23T21:00:10.000Z

/// ISO 8601, UTC, milliseconds; what is below is cut off. Writes exactly kTimeText characters; returns the
/// end.
char* FormatTime(ReceiveTime time, char* out) noexcept;

/// Room for any number of nanoseconds as seconds.
inline constexpr std::size_t kMaxSecondsText = 32;

/// Seconds with a fraction as far as there is one: 10, 0.5. Returns the end.
char* FormatSeconds(std::int64_t ns, char* out) noexcept;

/// `text` as a JSON string with its quotation marks (RFC 8259 section 7). JSON is UTF-8: a byte that is not
/// part of valid UTF-8 becomes U+FFFD.
std::string JsonString(std::string_view text);

}  // namespace hostscope::exporter
