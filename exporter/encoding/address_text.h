#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "ipfix/address.h"
#include "ipfix/prefix.h"

/// Addresses and prefixes as text, for records, keys, the configuration and messages. IPv4 is a dotted quad,
/// also where it is held as IPv4-mapped IPv6; IPv6 is the canonical form of RFC 5952: lower case, no leading
/// zeros, the longest run of two or more zero groups as "::" (of equal ones the first). Thread-safe: no
/// state.
namespace hostscope::exporter {

inline constexpr std::size_t kMaxAddressText = 39;  ///< ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff
inline constexpr std::size_t kMaxPrefixText = kMaxAddressText + 4;

/// Writes at most kMaxAddressText characters, no terminator; returns the end.
char* FormatAddress(const Address& address, char* out) noexcept;
/// Writes at most kMaxPrefixText characters, as 10.0.0.0/8 or 2001:db8::/32; returns the end.
char* FormatPrefix(const Prefix& prefix, char* out) noexcept;

std::string ToText(const Address& address);
std::string ToText(const Prefix& prefix);

/// Any valid text of one address, canonical or not: RFC 4291 section 2.2 for IPv6 (without zone), four
/// decimal numbers without leading zeros for IPv4. Nothing else, no blanks around it. ::ffff:192.0.2.1 is the
/// IPv4 address.
std::optional<Address> ParseAddress(std::string_view text) noexcept;

/// An address, '/', a length of at most 32 or 128. Nothing where bits beyond the length are set, so
/// that 10.1.2.3/8 is not read as something that was perhaps not meant. ::ffff:10.0.0.0/104 is 10.0.0.0/8.
std::optional<Prefix> ParsePrefix(std::string_view text) noexcept;

}  // namespace hostscope::exporter
