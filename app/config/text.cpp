#include "app/config/text.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <array>
#include <charconv>
#include <span>

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

struct AddressAndLength {
  Address address;
  unsigned length = 0;
};

Parsed<AddressAndLength> ParseAddressAndLength(std::string_view text) {
  using Result = Parsed<AddressAndLength>;
  const std::string quoted = Quote(text);
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return Result::Wrong(quoted + " has no /length");
  const Parsed<Address> address = ParseAddress(text.substr(0, slash));
  if (!address.value) return Result::Wrong(quoted + " does not begin with an IPv4 or IPv6 address");
  const Parsed<std::uint64_t> length = ParseWhole(text.substr(slash + 1));
  const unsigned limit = address.value->IsIpv4() ? 32 : 128;
  if (!length.value || *length.value > limit) {
    return Result::Wrong(quoted + " has a length that is not 0 to " + std::to_string(limit));
  }
  return Result::Of({*address.value, static_cast<unsigned>(*length.value)});
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

Parsed<double> ParseDecimal(std::string_view text) {
  double value = 0;
  const auto [at, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc{} || at != text.data() + text.size()) {
    return Parsed<double>::Wrong(Quote(text) + " is not a decimal number");
  }
  return Parsed<double>::Of(value);
}

Parsed<Address> ParseAddress(std::string_view text) {
  const std::string copy(text);
  std::array<std::uint8_t, 16> octets{};
  if (inet_pton(AF_INET6, copy.c_str(), octets.data()) == 1) {
    return Parsed<Address>::Of(Address::FromIpv6(octets.data()));
  }
  in_addr ipv4{};
  if (inet_pton(AF_INET, copy.c_str(), &ipv4) == 1)
    return Parsed<Address>::Of(Address::FromIpv4(ipv4.s_addr));
  return Parsed<Address>::Wrong(Quote(text) + " is not an IPv4 or IPv6 address");
}

Parsed<Prefix> ParsePrefix(std::string_view text) {
  using Result = Parsed<Prefix>;
  const Parsed<AddressAndLength> parts = ParseAddressAndLength(text);
  if (!parts.value) return Result::Wrong(parts.wrong);
  const auto& [address, length] = *parts.value;
  const Prefix prefix =
      address.IsIpv4() ? Prefix::Ipv4(address.ipv4_bits(), length) : Prefix::Ipv6(address, length);
  if (prefix.network != address) {
    return Result::Wrong(Quote(text) + " has bits behind its length; it would be " + FormatPrefix(prefix));
  }
  return Result::Of(prefix);
}

Parsed<InterfaceAddress> ParseInterfaceAddress(std::string_view text) {
  using Result = Parsed<InterfaceAddress>;
  const Parsed<AddressAndLength> parts = ParseAddressAndLength(text);
  if (!parts.value) return Result::Wrong(parts.wrong);
  if (parts.value->address.IsUnspecified())
    return Result::Wrong(Quote(text) + " is not an address of a host");
  return Result::Of({parts.value->address, parts.value->length});
}

std::string FormatDuration(std::int64_t ns) {
  return FormatQuantity(static_cast<std::uint64_t>(ns), kDurationUnits);
}

std::string FormatBytes(std::uint64_t bytes) {
  return FormatQuantity(bytes, kByteUnits);
}

std::string FormatAddress(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.IsIpv4()) {
    inet_ntop(AF_INET, &address.bytes[12], text.data(), text.size());
  } else {
    inet_ntop(AF_INET6, address.bytes.data(), text.data(), text.size());
  }
  return text.data();
}

std::string FormatPrefix(const Prefix& prefix) {
  return FormatAddress(prefix.network) + "/" + std::to_string(prefix.written_length());
}

std::string FormatInterfaceAddress(const InterfaceAddress& address) {
  return FormatAddress(address.address) + "/" + std::to_string(address.prefix_length);
}

}  // namespace hostscope::app
