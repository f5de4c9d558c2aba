#include "ipfix/packet_headers.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <vector>

namespace hostscope {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes Join(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) {
    for (const std::uint8_t byte : part) all.push_back(byte);
  }
  return all;
}

Bytes Ethernet(std::uint16_t type) {
  Bytes header(12, 0x02);
  header.push_back(static_cast<std::uint8_t>(type >> 8));
  header.push_back(static_cast<std::uint8_t>(type));
  return header;
}

Bytes Vlan(std::uint16_t type) {
  return {0x00, 0x64, static_cast<std::uint8_t>(type >> 8), static_cast<std::uint8_t>(type)};
}

/// 10.0.0.1 to 10.0.0.2, `options` bytes of options, 8 bytes of payload.
Bytes Ipv4(std::uint8_t protocol, std::uint8_t options = 0, std::uint16_t fragment = 0) {
  Bytes header(20U + options, 0);
  header[0] = static_cast<std::uint8_t>(0x45 + options / 4);
  header[3] = static_cast<std::uint8_t>(header.size() + 8);
  header[6] = static_cast<std::uint8_t>(fragment >> 8);
  header[7] = static_cast<std::uint8_t>(fragment);
  header[9] = protocol;
  header[12] = header[16] = 10;
  header[15] = 1;
  header[19] = 2;
  return Join({header, Bytes(8, 0xaa)});
}

/// 2001:db8::1 to 2001:db8::2 with `payload` behind the fixed header.
Bytes Ipv6(std::uint8_t next, const Bytes& payload) {
  Bytes header(40, 0);
  header[0] = 0x60;
  header[5] = static_cast<std::uint8_t>(payload.size());
  header[6] = next;
  header[8] = header[24] = 0x20;
  header[9] = header[25] = 0x01;
  header[23] = 1;
  header[39] = 2;
  return Join({header, payload});
}

IpPacket Walked(const Bytes& frame, LinkType link) {
  IpPacket packet;
  EXPECT_EQ(WalkToTransport(frame, link, packet), HeaderResult::kIp);
  return packet;
}

HeaderResult Result(const Bytes& frame, LinkType link) {
  IpPacket packet;
  return WalkToTransport(frame, link, packet);
}

TEST(PacketHeaders, PlainIpv4) {
  const IpPacket packet = Walked(Join({Ethernet(0x0800), Ipv4(17)}), LinkType::kEthernet);
  EXPECT_EQ(packet.ip_offset, 14U);
  EXPECT_EQ(packet.transport_offset, 34U);
  EXPECT_EQ(packet.end_offset, 42U);
  EXPECT_EQ(packet.protocol, 17);
  EXPECT_TRUE(packet.source.IsIpv4());
  EXPECT_FALSE(packet.is_fragment);
}

TEST(PacketHeaders, Ipv4OptionsMoveTheTransport) {
  EXPECT_EQ(Walked(Ipv4(17, 12), LinkType::kIp).transport_offset, 32U);
}

TEST(PacketHeaders, VlanQinqAndMplsAreWalked) {
  EXPECT_EQ(Walked(Join({Ethernet(0x8100), Vlan(0x0800), Ipv4(17)}), LinkType::kEthernet).ip_offset, 18U);
  EXPECT_EQ(
      Walked(Join({Ethernet(0x88a8), Vlan(0x8100), Vlan(0x0800), Ipv4(17)}), LinkType::kEthernet).ip_offset,
      22U);
  const Bytes two_labels{0, 1, 0, 64, 0, 2, 1, 64};
  EXPECT_EQ(Walked(Join({Ethernet(0x8847), two_labels, Ipv4(17)}), LinkType::kEthernet).ip_offset, 22U);
}

TEST(PacketHeaders, ExtensionHeadersAreWalked) {
  const Bytes hop_by_hop{60, 0, 0, 0, 0, 0, 0, 0};
  const Bytes options{17, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  const IpPacket packet = Walked(Ipv6(0, Join({hop_by_hop, options, Bytes(8, 0xaa)})), LinkType::kIp);
  EXPECT_EQ(packet.protocol, 17);
  EXPECT_EQ(packet.transport_offset, 40U + 8 + 16);
  EXPECT_TRUE(packet.is_ipv6);
}

TEST(PacketHeaders, FragmentsAreToldApart) {
  EXPECT_TRUE(Walked(Ipv4(17, 0, 0x2000), LinkType::kIp).is_fragment);
  EXPECT_FALSE(Walked(Ipv4(17, 0, 0x2000), LinkType::kIp).is_later_fragment);
  EXPECT_TRUE(Walked(Ipv4(17, 0, 0x0010), LinkType::kIp).is_later_fragment);
  EXPECT_FALSE(Walked(Ipv4(17, 0, 0x4000), LinkType::kIp).is_fragment);  // don't fragment
  const Bytes later{17, 0, 0x00, 0x10, 0, 0, 0, 1};
  EXPECT_TRUE(Walked(Ipv6(44, Join({later, Bytes(8, 0)})), LinkType::kIp).is_later_fragment);
}

TEST(PacketHeaders, OtherEtherTypesAreNotIp) {
  EXPECT_EQ(Result(Join({Ethernet(0x0806), Bytes(28, 0)}), LinkType::kEthernet), HeaderResult::kNotIp);
}

TEST(PacketHeaders, EveryPrefixOfAFrameIsTruncatedAndNothingMoreIsRead) {
  const Bytes frame =
      Join({Ethernet(0x8100), Vlan(0x86dd), Ipv6(0, Join({{17, 0, 0, 0, 0, 0, 0, 0}, Bytes(8, 0)}))});
  for (std::size_t length = 0; length < 18 + 40 + 8; ++length) {
    const Bytes cut(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_EQ(Result(cut, LinkType::kEthernet), HeaderResult::kTruncated) << length;
  }
}

TEST(PacketHeaders, ContradictionsAreMalformed) {
  Bytes short_header = Ipv4(17);
  short_header[0] = 0x44;
  EXPECT_EQ(Result(short_header, LinkType::kIp), HeaderResult::kMalformed);
  Bytes short_total = Ipv4(17);
  short_total[3] = 19;
  EXPECT_EQ(Result(short_total, LinkType::kIp), HeaderResult::kMalformed);
  Bytes version = Ipv4(17);
  version[0] = 0x55;
  EXPECT_EQ(Result(version, LinkType::kIp), HeaderResult::kMalformed);
  // An endless chain of extension headers ends.
  EXPECT_EQ(Result(Ipv6(0, Bytes(160, 0)), LinkType::kIp), HeaderResult::kMalformed);
}

}  // namespace
}  // namespace hostscope
