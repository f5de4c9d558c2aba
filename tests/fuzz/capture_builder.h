#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tests/ipfix/message_builder.h"

/// Frames, and capture files that hold them, byte by byte.
namespace hostscope::fuzz {

using ipfix::test::Bytes;

/// An IPv4 or IPv6 packet with a UDP datagram, by what `source` is; checksums are left out.
Bytes UdpPacket(const std::string& source, const std::string& destination,
                std::span<const std::uint8_t> payload);
/// The same IPv4 datagram in pieces of at most `length` bytes (a multiple of 8) of its IP payload.
std::vector<Bytes> Ipv4Fragments(std::span<const std::uint8_t> payload, std::size_t length);
/// An IPv6 datagram in two pieces, each behind a fragment header.
std::vector<Bytes> Ipv6Fragments(std::span<const std::uint8_t> payload, std::size_t length);

/// In front of an IP packet: Ethernet with so many 802.1Q tags.
Bytes Ethernet(const Bytes& packet, std::uint16_t ether_type, std::size_t tags = 0);

inline constexpr std::uint32_t kLinkNull = 0;
inline constexpr std::uint32_t kLinkEthernet = 1;
inline constexpr std::uint32_t kLinkRaw = 101;
inline constexpr std::uint32_t kLinkSll = 113;
inline constexpr std::uint32_t kLinkSll2 = 276;

/// A pcap file in big-endian order, in which it may be written on any machine; a second between packets.
Bytes Pcap(std::uint32_t link, const std::vector<Bytes>& frames, bool nanoseconds = false);
/// A pcapng file: a section, an interface, an enhanced packet block for each frame and a simple one for the
/// last.
Bytes Pcapng(std::uint32_t link, const std::vector<Bytes>& frames);

}  // namespace hostscope::fuzz
