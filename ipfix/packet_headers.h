#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "ipfix/address.h"

namespace hostscope {

/// What the first byte of a packet belongs to.
enum class LinkType : std::uint8_t {
  kEthernet,   ///< DLT_EN10MB, dataLinkFrameSection
  kIp,         ///< DLT_RAW, ipHeaderPacketSection: IPv4 or IPv6 by the version nibble
  kLinuxSll,   ///< DLT_LINUX_SLL
  kLinuxSll2,  ///< DLT_LINUX_SLL2
  kNull,       ///< DLT_NULL, DLT_LOOP: a four-byte family word
};

/// The IP packet found in a frame. Offsets count from the frame's first byte.
struct IpPacket {
  Address source;
  Address destination;
  std::uint32_t ip_offset = 0;         ///< of the IPv4 or IPv6 header
  std::uint32_t transport_offset = 0;  ///< behind IPv4 options and IPv6 extension headers
  std::uint32_t end_offset =
      0;                      ///< as the IP header's length says; may lie beyond a frame that was cut short
  std::uint8_t protocol = 0;  ///< of the transport header
  bool is_ipv6 = false;
  bool is_fragment = false;        ///< any fragment, the first included
  bool is_later_fragment = false;  ///< has no transport header
};

enum class HeaderResult : std::uint8_t {
  kIp,         ///< `packet` is filled
  kNotIp,      ///< ARP, LLDP, ...: another EtherType
  kTruncated,  ///< the bytes end within a header
  kMalformed,  ///< a header contradicts itself: version, header length, total length
};

/// Walks Ethernet (802.1Q, QinQ, MPLS) or another link header, then IPv4 with options or IPv6 with extension
/// headers (RFC 8200; hop-by-hop, routing, destination options, fragment, AH), to the transport header. Reads
/// only `frame`, ends after at most 8 tags or labels and 8 extension headers, verifies no checksum.
[[nodiscard]] HeaderResult WalkToTransport(std::span<const std::uint8_t> frame, LinkType link,
                                           IpPacket& packet) noexcept;

}  // namespace hostscope
