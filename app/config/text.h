#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/http/http_options.h"
#include "ipfix/address.h"
#include "ipfix/prefix.h"

/// Values as people write them: quantities with their unit, addresses, prefixes. Used by the configuration
/// and by the command line alike, so that both understand the same. Parsing is strict: the whole text or
/// nothing.
namespace hostscope::app {

/// A value, or what is wrong with the text in words that can follow its name ("has no unit").
template <typename T>
struct Parsed {
  std::optional<T> value;
  std::string wrong;

  static Parsed Of(T good) { return {std::move(good), {}}; }
  static Parsed Wrong(std::string why) { return {std::nullopt, std::move(why)}; }
};

/// 'text', for messages.
std::string Quote(std::string_view text);

/// "10s", "500ms", "1.5m", "2h", "1d", "20us": nanoseconds. A number without unit is refused.
Parsed<std::int64_t> ParseDuration(std::string_view text);
/// "4GiB", "512MiB", "64KiB", "100B", also kB, MB, GB, TB in powers of 1000.
Parsed<std::uint64_t> ParseBytes(std::string_view text);
Parsed<std::uint64_t> ParseWhole(std::string_view text);
Parsed<Address> ParseAddress(std::string_view text);
/// "10.0.0.0/8", "2001:db8::/32". Bits behind the length must be zero.
Parsed<Prefix> ParsePrefix(std::string_view text);

/// "127.0.0.1:8080", "[::1]:8080".
Parsed<http::ListenAddress> ParseListen(std::string_view text);

/// In the largest unit that holds the value without a fraction.
std::string FormatDuration(std::int64_t ns);
std::string FormatBytes(std::uint64_t bytes);

}  // namespace hostscope::app
