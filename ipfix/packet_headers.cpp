#include "ipfix/packet_headers.h"

#include "ipfix/wire.h"

namespace hostscope {
namespace {

using ipfix::LoadBe16;

constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
constexpr std::uint16_t kEtherTypeIpv6 = 0x86dd;
constexpr std::uint16_t kEtherTypeVlan = 0x8100;
constexpr std::uint16_t kEtherTypeQinq = 0x88a8;
constexpr std::uint16_t kEtherTypeQinqOld = 0x9100;
constexpr std::uint16_t kEtherTypeMpls = 0x8847;
constexpr std::uint16_t kEtherTypeMplsMulticast = 0x8848;
constexpr std::size_t kIpv4MinHeader = 20;
constexpr std::size_t kIpv6Header = 40;
constexpr int kMaxTags = 8;
constexpr int kMaxExtensionHeaders = 8;

constexpr std::uint8_t kHopByHop = 0;
constexpr std::uint8_t kRouting = 43;
constexpr std::uint8_t kFragment = 44;
constexpr std::uint8_t kAuthentication = 51;
constexpr std::uint8_t kDestinationOptions = 60;

/// Where the EtherType of a link header stands and where its payload starts.
struct LinkHeader {
  std::size_t type_at;
  std::size_t length;
};

HeaderResult WalkMplsLabels(std::span<const std::uint8_t> frame, std::size_t& offset) noexcept {
  for (int label = 0; label < kMaxTags; ++label) {
    if (frame.size() < offset + 4) return HeaderResult::kTruncated;
    const bool bottom_of_stack = (frame[offset + 2] & 1) != 0;
    offset += 4;
    if (bottom_of_stack) return HeaderResult::kIp;
  }
  return HeaderResult::kMalformed;
}

/// Behind an EtherType: tags and labels. On kIp, `offset` is that of a byte that should begin an IP header.
HeaderResult WalkTags(std::span<const std::uint8_t> frame, std::uint16_t type, std::size_t& offset) noexcept {
  for (int tag = 0; tag < kMaxTags; ++tag) {
    switch (type) {
      case kEtherTypeIpv4:
      case kEtherTypeIpv6:
        return HeaderResult::kIp;
      case kEtherTypeMpls:
      case kEtherTypeMplsMulticast:
        return WalkMplsLabels(frame, offset);
      case kEtherTypeVlan:
      case kEtherTypeQinq:
      case kEtherTypeQinqOld:
        if (frame.size() < offset + 4) return HeaderResult::kTruncated;
        type = LoadBe16(&frame[offset + 2]);
        offset += 4;
        break;
      default:
        return HeaderResult::kNotIp;
    }
  }
  return HeaderResult::kMalformed;
}

HeaderResult WalkLink(std::span<const std::uint8_t> frame, LinkType link, std::size_t& offset) noexcept {
  LinkHeader header{};
  switch (link) {
    case LinkType::kIp:
      offset = 0;
      return HeaderResult::kIp;
    case LinkType::kNull:
      offset = 4;  // the family word's values differ between systems; the IP version nibble says as much
      return frame.size() < offset ? HeaderResult::kTruncated : HeaderResult::kIp;
    case LinkType::kEthernet:
      header = {12, 14};
      break;
    case LinkType::kLinuxSll:
      header = {14, 16};
      break;
    case LinkType::kLinuxSll2:
      header = {0, 20};
      break;
  }
  if (frame.size() < header.length) return HeaderResult::kTruncated;
  offset = header.length;
  return WalkTags(frame, LoadBe16(&frame[header.type_at]), offset);
}

HeaderResult WalkIpv4(std::span<const std::uint8_t> frame, std::size_t offset, IpPacket& packet) noexcept {
  if (frame.size() < offset + kIpv4MinHeader) return HeaderResult::kTruncated;
  const std::uint8_t* header = &frame[offset];
  const std::size_t header_length = (header[0] & 0x0fU) * 4U;
  const std::size_t total_length = LoadBe16(header + 2);
  if (header_length < kIpv4MinHeader || total_length < header_length) return HeaderResult::kMalformed;
  std::uint32_t address;
  std::memcpy(&address, header + 12, sizeof(address));
  packet.source = Address::FromIpv4(address);
  std::memcpy(&address, header + 16, sizeof(address));
  packet.destination = Address::FromIpv4(address);
  packet.protocol = header[9];
  packet.is_ipv6 = false;
  const std::uint16_t fragment = LoadBe16(header + 6);
  packet.is_later_fragment = (fragment & 0x1fff) != 0;
  packet.is_fragment = packet.is_later_fragment || (fragment & 0x2000) != 0;
  packet.ip_offset = static_cast<std::uint32_t>(offset);
  packet.transport_offset = static_cast<std::uint32_t>(offset + header_length);
  packet.end_offset = static_cast<std::uint32_t>(offset + total_length);
  return HeaderResult::kIp;
}

/// RFC 8200 section 4. `packet` has its addresses and offsets already.
HeaderResult WalkExtensionHeaders(std::span<const std::uint8_t> frame, std::uint8_t next,
                                  IpPacket& packet) noexcept {
  std::size_t offset = packet.transport_offset;
  for (int count = 0; count <= kMaxExtensionHeaders; ++count) {
    const bool is_extension = next == kHopByHop || next == kRouting || next == kFragment ||
                              next == kAuthentication || next == kDestinationOptions;
    if (!is_extension || packet.is_later_fragment) {
      packet.protocol = next;
      packet.transport_offset = static_cast<std::uint32_t>(offset);
      return HeaderResult::kIp;
    }
    if (frame.size() < offset + 8) return HeaderResult::kTruncated;
    const std::uint8_t* header = &frame[offset];
    std::size_t length = (header[1] + 1U) * 8U;
    if (next == kFragment) {
      const std::uint16_t fragment = LoadBe16(header + 2);
      packet.is_later_fragment = (fragment & 0xfff8) != 0;
      packet.is_fragment = packet.is_later_fragment || (fragment & 1) != 0;
      length = 8;
    } else if (next == kAuthentication) {
      length = (header[1] + 2U) * 4U;  // RFC 4302 section 2.2 counts in 32-bit words
    }
    next = header[0];
    offset += length;
    if (offset > packet.end_offset) return HeaderResult::kMalformed;
  }
  return HeaderResult::kMalformed;
}

HeaderResult WalkIpv6(std::span<const std::uint8_t> frame, std::size_t offset, IpPacket& packet) noexcept {
  if (frame.size() < offset + kIpv6Header) return HeaderResult::kTruncated;
  const std::uint8_t* header = &frame[offset];
  packet.source = Address::FromIpv6(header + 8);
  packet.destination = Address::FromIpv6(header + 24);
  packet.is_ipv6 = true;
  packet.is_fragment = false;
  packet.is_later_fragment = false;
  packet.ip_offset = static_cast<std::uint32_t>(offset);
  packet.transport_offset = static_cast<std::uint32_t>(offset + kIpv6Header);
  packet.end_offset = static_cast<std::uint32_t>(offset + kIpv6Header + LoadBe16(header + 4));
  return WalkExtensionHeaders(frame, header[6], packet);
}

}  // namespace

HeaderResult WalkToTransport(std::span<const std::uint8_t> frame, LinkType link, IpPacket& packet) noexcept {
  std::size_t offset = 0;
  const HeaderResult result = WalkLink(frame, link, offset);
  if (result != HeaderResult::kIp) return result;
  if (frame.size() <= offset) return HeaderResult::kTruncated;
  switch (frame[offset] >> 4) {
    case 4:
      return WalkIpv4(frame, offset, packet);
    case 6:
      return WalkIpv6(frame, offset, packet);
    default:
      return HeaderResult::kMalformed;
  }
}

}  // namespace hostscope
