#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

/// Appending at a cursor without bounds checks: each call returns the new cursor, and the caller has shown
/// that the buffer is long enough. Made for records of which millions are written each second.
namespace hostscope::exporter {

inline constexpr std::size_t kMaxNumberText = 20;  ///< 2^64 - 1

/// A literal: its length is known to the compiler, so that this is a few plain stores.
template <std::size_t N>
inline char* PutLiteral(char* out, const char (&text)[N]) noexcept {
  std::memcpy(out, text, N - 1);
  return out + (N - 1);
}

inline char* PutText(char* out, std::string_view text) noexcept {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

namespace detail {

/// 00 to 99.
inline constexpr auto kPairs = [] {
  std::array<char, 200> pairs{};
  for (std::size_t value = 0; value < 100; ++value) {
    pairs[2 * value] = static_cast<char>('0' + value / 10);
    pairs[2 * value + 1] = static_cast<char>('0' + value % 10);
  }
  return pairs;
}();

inline char* PutPair(char* out, std::uint64_t below_100) noexcept {
  std::memcpy(out, &kPairs[2 * below_100], 2);
  return out + 2;
}

inline char* PutBelow10000(char* out, std::uint64_t value) noexcept {
  if (value < 100) {
    if (value >= 10) return PutPair(out, value);
    *out = static_cast<char>('0' + value);
    return out + 1;
  }
  const std::uint64_t high = value / 100;
  if (high >= 10) {
    out = PutPair(out, high);
  } else {
    *out++ = static_cast<char>('0' + high);
  }
  return PutPair(out, value % 100);
}

}  // namespace detail

inline char* PutNumber(char* out, std::uint64_t value) noexcept {
  if (value < 10) {  // most figures of most hosts
    *out = static_cast<char>('0' + value);
    return out + 1;
  }
  if (value < 10'000) return detail::PutBelow10000(out, value);
  if (value >= 100'000'000) return std::to_chars(out, out + kMaxNumberText, value).ptr;
  out = detail::PutBelow10000(out, value / 10'000);
  const std::uint64_t low = value % 10'000;
  return detail::PutPair(detail::PutPair(out, low / 100), low % 100);
}

/// `value` in exactly `digits` digits, with leading zeros; it must fit.
inline char* PutPadded(char* out, std::uint64_t value, unsigned digits) noexcept {
  for (unsigned i = digits; i-- > 0; value /= 10) out[i] = static_cast<char>('0' + value % 10);
  return out + digits;
}

/// whole + fraction / 10^digits, without trailing zeros: 10, 0.5, 1.734. `fraction` < 10^digits.
inline char* PutDecimal(char* out, std::uint64_t whole, std::uint64_t fraction, unsigned digits) noexcept {
  out = PutNumber(out, whole);
  if (fraction == 0) return out;
  *out++ = '.';
  out = PutPadded(out, fraction, digits);
  while (out[-1] == '0') --out;
  return out;
}

inline char* PutPart(char* out, std::uint64_t value) noexcept {
  return PutNumber(out, value);
}
template <std::size_t N>
inline char* PutPart(char* out, const char (&text)[N]) noexcept {
  return PutLiteral(out, text);
}

/// Literals and numbers in turn.
template <typename... Parts>
inline char* Put(char* out, const Parts&... parts) noexcept {
  ((out = PutPart(out, parts)), ...);
  return out;
}

}  // namespace hostscope::exporter
