#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/neighbours.h"
#include "ipfix/address.h"

/// Ethernet frames for tests. A frame is truthful unless one of the optional fields says otherwise. Checksums
/// are computed here by the definition (RFC 1071, a sum of big-endian words), not with the code under test.
namespace hostscope::dataplane::testing {

using Bytes = std::vector<std::uint8_t>;

inline constexpr MacAddress kOurMac{0x02, 0, 0, 0, 0, 0x01};
inline constexpr MacAddress kPeerMac{0x02, 0, 0, 0, 0, 0x02};

/// "10.0.0.1" or "2001:db8::1".
Address ParseAddress(std::string_view text);

struct Tag {
  std::uint16_t ether_type = 0x8100;
  std::uint16_t id = 1;
};

struct ExtensionHeader {
  std::uint8_t type;
  Bytes body;  ///< without its first byte, which names what follows
};

struct IpFrame {
  MacAddress destination_mac = kOurMac;
  MacAddress source_mac = kPeerMac;
  std::vector<Tag> tags;
  Address source;
  Address destination;
  std::uint8_t hop_limit = 64;
  Bytes ipv4_options;  ///< a multiple of 4 bytes
  std::vector<ExtensionHeader> extensions;
  Bytes trailer;  ///< behind the IP packet, as Ethernet's padding is

  // Lies.
  std::optional<std::uint16_t> ip_length;  ///< total length (IPv4), payload length (IPv6)
  std::optional<std::uint16_t> ipv4_checksum;
  std::uint16_t ipv4_fragment = 0;  ///< flags and offset
  std::uint16_t ipv4_id = 0x1234;
};

struct UdpFrame : IpFrame {
  std::uint16_t source_port = 40000;
  std::uint16_t destination_port = 4739;
  Bytes payload{1, 2, 3, 4, 5};

  // Lies.
  std::optional<std::uint16_t> udp_length;
  std::optional<std::uint16_t> udp_checksum;
};

/// The frame around `transport`, which is of `protocol` and complete.
Bytes Build(const IpFrame& frame, std::uint8_t protocol, const Bytes& transport);
Bytes Build(const UdpFrame& frame);
/// Part of the same datagram: `length` bytes of its IP payload from `offset` on, which is a multiple of 8.
Bytes BuildFragment(const UdpFrame& frame, std::uint32_t id, std::size_t offset, std::size_t length);
/// All of it, in order, in parts of `length` bytes.
std::vector<Bytes> BuildFragments(const UdpFrame& frame, std::uint32_t id, std::size_t length);
/// With the right ICMP or ICMPv6 checksum, by the family of `frame`.
Bytes BuildIcmp(const IpFrame& frame, Bytes message);
Bytes BuildArp(const std::vector<Tag>& tags, std::uint16_t operation, const MacAddress& sender_mac,
               const Address& sender, const Address& target);

/// The checksum over `data`, added to `sum` (of big-endian words), by the definition.
std::uint16_t Checksum(const Bytes& data, std::uint32_t sum = 0);
std::uint32_t PseudoSum(const Address& source, const Address& destination, std::uint8_t protocol,
                        std::size_t length);

}  // namespace hostscope::dataplane::testing
