#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "exporter/encoding/text_writer.h"
#include "exporter/query/parameters.h"
#include "exporter/query/query.h"

/// Parts of answers as JSON.
namespace hostscope::exporter {

/// All of them, one after the other.
template <typename... Parts>
std::string Join(const Parts&... parts) {
  std::string text;
  ((text += parts), ...);
  return text;
}

/// Of text that needs no escapes.
inline std::string Quoted(std::string_view text) {
  return Join("\"", text, "\"");
}

/// A length of windows as records have it: 10, 0.5.
inline std::string Seconds(std::int64_t length_ns) {
  constexpr unsigned kDigits = 9;
  char text[kMaxNumberText + 1 + kDigits];
  const char* const end = PutDecimal(text, static_cast<std::uint64_t>(length_ns / kNanosecondsPerSecond),
                                     static_cast<std::uint64_t>(length_ns % kNanosecondsPerSecond), kDigits);
  return {text, static_cast<std::size_t>(end - text)};
}

/// The items of an array, without brackets; `format` makes one.
template <typename Items, typename Format>
void AppendList(std::string& out, const Items& items, Format format) {
  bool is_first = true;
  for (const auto& item : items) {
    if (!is_first) out += ',';
    is_first = false;
    out += format(item);
  }
}

inline std::string RangeText(const WindowRange& range) {
  return Join("\"seconds\":", Seconds(range.length_ns), ",\"from\":", Quoted(TimeText(range.from)),
              ",\"to\":", Quoted(TimeText(range.to)));
}

/// What it took.
inline std::string ReadText(const QueryCost& cost) {
  return Join("\"read\":{\"windows\":", std::to_string(cost.windows), ",\"rows\":", std::to_string(cost.rows),
              ",\"damaged\":", std::to_string(cost.damaged), "}");
}

}  // namespace hostscope::exporter
