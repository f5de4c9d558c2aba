#include "app/config/text.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <span>

#include "exporter/encoding/address_text.h"

namespace hostscope::app {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// From the largest to the smallest, so that formatting takes the first that divides.
constexpr std::array kDurationUnits = {
    Unit{"d", 86'400'000'000'000},
    Unit{"h", 3'600'000'000'000},
    Unit{"m", 60'000'000'000},
    Unit{"s", 1'000'000'000},
    Unit{"ms", 1'000'000},
    Unit{"us", 1'000},
    Unit{"ns", 1},
};
constexpr std::array kByteUnits = {
    Unit{"TiB", std::uint64_t{1} << 40},
    Unit{"GiB", std::uint64_t{1} << 30},
    Unit{"MiB", std::uint64_t{1} << 20},
    Unit{"KiB", std::uint64_t{1} << 10},
    Unit{"TB", 1'000'000'000'000},
    Unit{"GB", 1'000'000'000},
    Unit{"MB", 1'000'000},
    Unit{"kB", 1'000},
    Unit{"B", 1},
};

bool IsDigit(char c) noexcept {
  return c >= '0' && c <= '9';
}

/// digits [ "." digits ], at most three digits of fraction.
struct Number {
  std::uint64_t whole = 0;
  std::uint64_t fraction = 0;
  std::uint64_t fraction_scale = 1;
};

bool TakeNumber(std::string_view& text, Number& number) {
  const char* const end = text.data() + text.size();
  if (text.empty() || !IsDigit(text.front())) return false;
  auto [at, error] = std::from_chars(text.data(), end, number.whole);
  if (error != std::errc{}) return false;
  if (at != end && *at == '.') {
    const char* const start = ++at;
    while (at != end && IsDigit(*at) && at - start < 3) {
      number.fraction = number.fraction * 10 + static_cast<std::uint64_t>(*at++ - '0');
      number.fraction_scale *= 10;
    }
    if (at == start) return false;
  }
  text.remove_prefix(static_cast<std::size_t>(at - text.data()));
  return true;
}

Parsed<std::uint64_t> ParseQuantity(std::string_view text, std::span<const Unit> units) {
  using Result = Parsed<std::uint64_t>;
  const std::string quoted = Quote(text);
  Number number;
  if (!TakeNumber(text, number)) return Result::Wrong(quoted + " is not a number with a unit");
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  if (text.empty()) return Result::Wrong(quoted + " has no unit");
  if (IsDigit(text.front())) return Result::Wrong(quoted + " has more than three digits behind its point");
  for (const Unit& unit : units) {
    if (unit.name != text) continue;
    std::uint64_t value;
    if (__builtin_mul_overflow(number.whole, unit.factor, &value))
      return Result::Wrong(quoted + " is too large");
    const std::uint64_t scaled =
        number.fraction * unit.factor;  // below 1000 times a day in nanoseconds: fits
    if (scaled % number.fraction_scale != 0)
      return Result::Wrong(quoted + " is not a whole number of the smallest unit");
    if (__builtin_add_overflow(value, scaled / number.fraction_scale, &value)) {
      return Result::Wrong(quoted + " is too large");
    }
    return Result::Of(value);
  }
  return Result::Wrong(quoted + " has an unknown unit");
}

std::string FormatQuantity(std::uint64_t value, std::span<const Unit> units) {
  for (const Unit& unit : units) {
    if (value >= unit.factor && value % unit.factor == 0) {
      return fmt::format("{}{}", value / unit.factor, unit.name);
    }
  }
  return fmt::format("0{}", units.back().name);
}

}  // namespace

std::string Quote(std::string_view text) {
  return fmt::format("'{}'", text);
}

Parsed<std::int64_t> ParseDuration(std::string_view text) {
  using Result = Parsed<std::int64_t>;
  const Parsed<std::uint64_t> quantity = ParseQuantity(text, kDurationUnits);
  if (!quantity.value) return Result::Wrong(quantity.wrong);
  if (*quantity.value > static_cast<std::uint64_t>(INT64_MAX))
    return Result::Wrong(Quote(text) + " is too large");
  return Result::Of(static_cast<std::int64_t>(*quantity.value));
}

Parsed<std::uint64_t> ParseBytes(std::string_view text) {
  return ParseQuantity(text, kByteUnits);
}

Parsed<std::uint64_t> ParseWhole(std::string_view text) {
  using Result = Parsed<std::uint64_t>;
  const std::string quoted = Quote(text);
  std::uint64_t value = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return Result::Wrong(quoted + " is too large");
  if (error != std::errc{} || at != text.data() + text.size())
    return Result::Wrong(quoted + " is not a whole number");
  return Result::Of(value);
}

Parsed<Address> ParseAddress(std::string_view text) {
  const std::optional<Address> address = exporter::ParseAddress(text);
  if (!address) return Parsed<Address>::Wrong(Quote(text) + " is not an IPv4 or IPv6 address");
  return Parsed<Address>::Of(*address);
}

Parsed<http::ListenAddress> ParseListen(std::string_view text) {
  const std::optional<http::ListenAddress> listen = http::ParseListenAddress(text);
  if (!listen) return Parsed<http::ListenAddress>::Wrong(Quote(text) + " is no address with a port");
  return Parsed<http::ListenAddress>::Of(*listen);
}

Parsed<Prefix> ParsePrefix(std::string_view text) {
  using Result = Parsed<Prefix>;
  if (const std::optional<Prefix> prefix = exporter::ParsePrefix(text)) return Result::Of(*prefix);
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return Result::Wrong(Quote(text) + " has no /length");
  const std::optional<Address> address = exporter::ParseAddress(text.substr(0, slash));
  if (!address) return Result::Wrong(Quote(text) + " does not begin with an IPv4 or IPv6 address");
  const std::uint64_t limit = address->IsIpv4() ? 32 : 128;
  const Parsed<std::uint64_t> length = ParseWhole(text.substr(slash + 1));
  if (!length.value || *length.value > limit) {
    return Result::Wrong(fmt::format("{} has a length that is not 0 to {}", Quote(text), limit));
  }
  return Result::Wrong(Quote(text) + " has bits set behind its length");
}

std::string FormatDuration(std::int64_t ns) {
  return FormatQuantity(static_cast<std::uint64_t>(ns), kDurationUnits);
}

std::string FormatBytes(std::uint64_t bytes) {
  return FormatQuantity(bytes, kByteUnits);
}

}  // namespace hostscope::app
