#include "exporter/query/search_text.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "exporter/encoding/address_text.h"

namespace hostscope::exporter {
namespace {

constexpr unsigned kIpv4Bits = 32;
constexpr unsigned kIpv6Bits = 128;

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

Prefix Masked(const Address& address, unsigned length) {
  return address.IsIpv4() ? Prefix::Ipv4(address.ipv4_bits(), length) : Prefix::Ipv6(address, length);
}

std::optional<Prefix> ReadPrefix(std::string_view text, std::size_t slash) {
  const auto address = ParseAddress(text.substr(0, slash));
  const std::string_view digits = text.substr(slash + 1);
  unsigned length = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (!address || digits.empty() || read.ec != std::errc() || read.ptr != digits.data() + digits.size())
    return std::nullopt;
  if (length > (address->IsIpv4() ? kIpv4Bits : kIpv6Bits)) return std::nullopt;
  return Masked(*address, length);
}

/// One to three octets, with or without a point at the end.
std::optional<Prefix> ReadOctets(std::string_view text) {
  if (!text.empty() && text.back() == '.') text.remove_suffix(1);
  const auto points = static_cast<unsigned>(std::count(text.begin(), text.end(), '.'));
  std::string whole(text);
  for (unsigned octets = points + 1; octets < 4; ++octets) whole += ".0";
  const auto address = ParseAddress(whole);
  if (!address || !address->IsIpv4() || points >= 3) return std::nullopt;
  return Masked(*address, 8 * (points + 1));
}

/// One to seven groups and a colon, without "::".
std::optional<Prefix> ReadGroups(std::string_view text) {
  if (text.empty() || text.find("::") != std::string_view::npos) return std::nullopt;
  if (text.back() == ':') text.remove_suffix(1);
  if (text.empty()) return std::nullopt;
  const auto groups = static_cast<unsigned>(std::count(text.begin(), text.end(), ':')) + 1;
  const auto address = ParseAddress(std::string(text) + "::");
  constexpr unsigned kGroups = 8;
  constexpr unsigned kGroupBits = 16;
  if (!address || groups >= kGroups || address->IsIpv4()) return std::nullopt;
  return Masked(*address, kGroupBits * groups);
}

}  // namespace

SearchTarget ReadSearch(std::string_view text) {
  text = Trimmed(text);
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos)
    return {std::nullopt, ReadPrefix(text, slash)};
  if (const auto address = ParseAddress(text)) return {address, std::nullopt};
  if (text.find(':') != std::string_view::npos) return {std::nullopt, ReadGroups(text)};
  return {std::nullopt, ReadOctets(text)};
}

}  // namespace hostscope::exporter
