#include "exporter/encoding/json_text.h"

#include <chrono>
#include <cstdint>

#include "exporter/encoding/text_writer.h"

namespace hostscope::exporter {
namespace {

// The length of the valid UTF-8 sequence at the head of `text`, or 0. Overlong forms, surrogates and what is
// beyond U+10FFFF are not valid (RFC 3629 section 4).
std::size_t Utf8Length(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return 0;
  }
  const unsigned second = byte(1);
  const bool is_overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool is_surrogate = lead == 0xed && second > 0x9f;
  const bool is_beyond = lead == 0xf4 && second > 0x8f;
  return is_overlong || is_surrogate || is_beyond ? 0 : length;
}

void AppendEscaped(std::string& out, char character) {
  constexpr char kHex[] = "0123456789abcdef";
  const auto code = static_cast<unsigned char>(character);
  switch (character) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (code >= 0x20) {
    out += character;
    return;
  }
  out += "\\u00";
  out += kHex[code >> 4];
  out += kHex[code & 0xf];
}

}  // namespace

char* FormatTime(ReceiveTime time, char* out) noexcept {
  using std::chrono::days;
  using std::chrono::floor;
  using std::chrono::milliseconds;
  const std::chrono::sys_time<std::chrono::nanoseconds> point{std::chrono::nanoseconds{time.ns}};
  const auto day = floor<days>(point);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss<milliseconds> clock{floor<milliseconds>(point) - day};
  const auto part = [](auto value) { return static_cast<std::uint64_t>(value.count()); };
  out = PutPadded(out, static_cast<std::uint64_t>(int{date.year()}), 4);  // 64 bits of ns: 1677 to 2262
  *out++ = '-';
  out = PutPadded(out, unsigned{date.month()}, 2);
  *out++ = '-';
  out = PutPadded(out, unsigned{date.day()}, 2);
  *out++ = 'T';
  out = PutPadded(out, part(clock.hours()), 2);
  *out++ = ':';
  out = PutPadded(out, part(clock.minutes()), 2);
  *out++ = ':';
  out = PutPadded(out, part(clock.seconds()), 2);
  *out++ = '.';
  out = PutPadded(out, part(clock.subseconds()), 3);
  *out++ = 'Z';
  return out;
}

char* FormatSeconds(std::int64_t ns, char* out) noexcept {
  constexpr std::uint64_t kPerSecond = static_cast<std::uint64_t>(kNanosecondsPerSecond);
  const auto length = static_cast<std::uint64_t>(ns);
  return PutDecimal(out, length / kPerSecond, length % kPerSecond, 9);
}

std::string JsonString(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = Utf8Length(text);
    if (length == 1) {
      AppendEscaped(out, text.front());
    } else if (length == 0) {
      out += "\\ufffd";
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out += '"';
}

}  // namespace hostscope::exporter
