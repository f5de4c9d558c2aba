#include "ipfix/fragment_header.h"

#include "ipfix/wire.h"

namespace hostscope {
namespace {

using ipfix::LoadBe16;
using ipfix::LoadBe32;

constexpr std::size_t kMaxLength = 65535;  // IPv4: with its header; IPv6: behind it
constexpr std::size_t kIpv4HeaderLength = 20;
constexpr std::size_t kIpv6HeaderLength = 40;
constexpr std::size_t kFragmentHeaderLength = 8;
constexpr std::uint8_t kFragmentHeader = 44;

/// Offset of the IPv6 fragment header; 0 if there is none. WalkToTransport() went over the same headers
/// before, so they are in the frame and their number is bounded.
std::size_t FindFragmentHeader(std::span<const std::uint8_t> frame, const IpPacket& packet) noexcept {
  std::uint8_t next = frame[packet.ip_offset + 6];
  std::size_t offset = packet.ip_offset + kIpv6HeaderLength;
  while (next != kFragmentHeader) {
    if (offset + kFragmentHeaderLength > packet.transport_offset) return 0;
    next = frame[offset];
    offset += (frame[offset + 1] + 1U) * 8U;  // hop-by-hop, routing or destination options: AH comes after
  }
  return offset + kFragmentHeaderLength <= packet.transport_offset ? offset : 0;
}

}  // namespace

bool Fragment::IsPossible() const noexcept {
  const std::size_t room = is_ipv6 ? kMaxLength : kMaxLength - kIpv4HeaderLength;
  return !bytes.empty() && offset + bytes.size() <= room && (is_last || bytes.size() % 8 == 0);
}

bool ReadFragment(std::span<const std::uint8_t> frame, const IpPacket& packet, Fragment& fragment) noexcept {
  if (packet.end_offset > frame.size()) return false;
  fragment.source = packet.source;
  fragment.destination = packet.destination;
  fragment.is_ipv6 = packet.is_ipv6;
  std::size_t start = packet.transport_offset;
  if (packet.is_ipv6) {
    const std::size_t header = FindFragmentHeader(frame, packet);
    if (header == 0) return false;
    fragment.protocol = frame[header];
    const std::uint16_t word = LoadBe16(&frame[header + 2]);
    fragment.offset = word & 0xfff8U;
    fragment.is_last = (word & 1U) == 0;
    fragment.id = LoadBe32(&frame[header + 4]);
    start = header + kFragmentHeaderLength;
  } else {
    const std::uint8_t* header = &frame[packet.ip_offset];
    fragment.protocol = packet.protocol;
    const std::uint16_t word = LoadBe16(header + 6);
    fragment.offset = (word & 0x1fffU) * 8U;
    fragment.is_last = (word & 0x2000U) == 0;
    fragment.id = LoadBe16(header + 4);
  }
  if (start > packet.end_offset) return false;
  fragment.bytes = frame.subspan(start, packet.end_offset - start);
  return true;
}

}  // namespace hostscope
