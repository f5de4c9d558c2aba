#include "exporter/encoding/address_text.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>

#include "exporter/encoding/text_writer.h"

namespace hostscope::exporter {
namespace {

constexpr unsigned kGroups = 8;

struct OctetText {
  char digits[4];  // a dot behind the last digit
  std::uint8_t length;
};

// The 256 octets as text: no division on the way of a record.
constexpr std::array<OctetText, 256> kOctets = [] {
  std::array<OctetText, 256> octets{};
  for (unsigned value = 0; value < octets.size(); ++value) {
    OctetText& octet = octets[value];
    if (value >= 100) octet.digits[octet.length++] = static_cast<char>('0' + value / 100);
    if (value >= 10) octet.digits[octet.length++] = static_cast<char>('0' + value / 10 % 10);
    octet.digits[octet.length++] = static_cast<char>('0' + value % 10);
    octet.digits[octet.length] = '.';
  }
  return octets;
}();

// Writes three characters; what is too much is overwritten by what follows.
char* PutOctet(char* out, std::uint8_t value) noexcept {
  const OctetText& octet = kOctets[value];
  std::memcpy(out, octet.digits, 3);
  return out + octet.length;
}

char* PutOctetAndDot(char* out, std::uint8_t value) noexcept {
  const OctetText& octet = kOctets[value];
  std::memcpy(out, octet.digits, 4);
  return out + octet.length + 1;
}

char* FormatIpv4(const std::uint8_t* octets, char* out) noexcept {
  for (unsigned i = 0; i < 3; ++i) out = PutOctetAndDot(out, octets[i]);
  return PutOctet(out, octets[3]);
}

struct ZeroRun {
  unsigned first = kGroups;
  unsigned length = 1;  // a run must be longer than this to be shortened (RFC 5952 section 4.2.2)
};

ZeroRun LongestZeroRun(const std::array<unsigned, kGroups>& groups) noexcept {
  ZeroRun longest;
  for (unsigned first = 0; first < kGroups; ++first) {
    unsigned end = first;
    while (end < kGroups && groups[end] == 0) ++end;
    if (end - first > longest.length) longest = {first, end - first};
    first = end;
  }
  return longest;
}

char* PutGroup(char* out, unsigned group) noexcept {
  constexpr char kHex[] = "0123456789abcdef";
  for (unsigned shift = 12; shift > 0; shift -= 4) {
    if (group >> shift != 0) *out++ = kHex[group >> shift & 0xf];
  }
  *out++ = kHex[group & 0xf];
  return out;
}

char* FormatIpv6(const Address& address, char* out) noexcept {
  std::array<unsigned, kGroups> groups{};
  for (unsigned i = 0; i < kGroups; ++i) {
    const std::size_t at = std::size_t{2} * i;
    groups[i] = static_cast<unsigned>(address.bytes[at] << 8 | address.bytes[at + 1]);
  }
  const ZeroRun run = LongestZeroRun(groups);
  for (unsigned i = 0; i < kGroups;) {
    if (i == run.first) {
      out = PutLiteral(out, "::");
      i += run.length;
      continue;
    }
    if (i != 0 && i != run.first + run.length) *out++ = ':';
    out = PutGroup(out, groups[i++]);
  }
  return out;
}

std::optional<unsigned> ParseLength(std::string_view text) noexcept {
  const bool has_leading_zero = text.size() > 1 && text.front() == '0';
  unsigned length = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, length);
  if (error != std::errc{} || stop != end || has_leading_zero) return std::nullopt;
  return length;
}

}  // namespace

char* FormatAddress(const Address& address, char* out) noexcept {
  return address.IsIpv4() ? FormatIpv4(&address.bytes[12], out) : FormatIpv6(address, out);
}

char* FormatPrefix(const Prefix& prefix, char* out) noexcept {
  out = FormatAddress(prefix.network, out);
  *out++ = '/';
  return PutOctet(out, static_cast<std::uint8_t>(prefix.written_length()));
}

std::string ToText(const Address& address) {
  char text[kMaxAddressText];
  return std::string(text, FormatAddress(address, text));
}

std::string ToText(const Prefix& prefix) {
  char text[kMaxPrefixText];
  return std::string(text, FormatPrefix(prefix, text));
}

std::optional<Address> ParseAddress(std::string_view text) noexcept {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) return std::nullopt;
  std::copy(text.begin(), text.end(), terminated.begin());
  std::uint32_t ipv4 = 0;
  if (inet_pton(AF_INET, terminated.data(), &ipv4) == 1) return Address::FromIpv4(ipv4);
  std::array<std::uint8_t, 16> ipv6{};
  if (inet_pton(AF_INET6, terminated.data(), ipv6.data()) == 1) return Address::FromIpv6(ipv6.data());
  return std::nullopt;
}

std::optional<Prefix> ParsePrefix(std::string_view text) noexcept {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view address_text = text.substr(0, slash);
  const std::optional<Address> address = ParseAddress(address_text);
  const std::optional<unsigned> length = ParseLength(text.substr(slash + 1));
  if (!address || !length) return std::nullopt;
  // 192.0.2.0 is written with a length of 32, ::ffff:192.0.2.0 with one of 128.
  const bool is_dotted = address_text.find(':') == std::string_view::npos;
  if (*length > (is_dotted ? 32U : 128U)) return std::nullopt;
  const Prefix prefix =
      is_dotted ? Prefix::Ipv4(address->ipv4_bits(), *length) : Prefix::Ipv6(*address, *length);
  if (prefix.network != *address) return std::nullopt;
  return prefix;
}

}  // namespace hostscope::exporter
