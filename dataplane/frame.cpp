#include "dataplane/frame.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "dataplane/checksum.h"
#include "ipfix/wire.h"

namespace hostscope::dataplane {
namespace {

using ipfix::LoadBe16;

constexpr std::uint8_t kProtocolIcmp = 1;
constexpr std::uint8_t kProtocolUdp = 17;
constexpr std::uint8_t kProtocolIcmpv6 = 58;
constexpr std::size_t kUdpHeader = 8;
constexpr std::size_t kUdpLengthAt = 4;
constexpr std::size_t kUdpChecksumAt = 6;

bool IsIpv4HeaderRight(std::span<const std::uint8_t> frame, const IpPacket& packet,
                       ChecksumState hint) noexcept {
  if (hint != ChecksumState::kUnknown) return hint == ChecksumState::kGood;
  const std::size_t length = (frame[packet.ip_offset] & 0x0fU) * 4U;
  return FinishSum(AddToSum(frame.subspan(packet.ip_offset, length), 0)) == 0;
}

}  // namespace

FrameClassifier::FrameClassifier(FrameRules rules, const MacAddress& mac, std::vector<Address> addresses)
    : rules_(std::move(rules)), neighbours_(mac, std::move(addresses)) {}

FrameOutcome FrameClassifier::Classify(std::span<const std::uint8_t> frame, FrameHints hints,
                                       ipfix::Datagram& datagram) const noexcept {
  if (!rules_.vlans.empty() && !IsInVlan(frame, hints)) return FrameOutcome::kOtherVlan;
  IpPacket packet;
  switch (WalkToTransport(frame, LinkType::kEthernet, packet)) {
    case HeaderResult::kNotIp:
      return neighbours_.ExamineNonIp(frame);
    case HeaderResult::kTruncated:
      return FrameOutcome::kTruncated;
    case HeaderResult::kMalformed:
      return FrameOutcome::kMalformed;
    case HeaderResult::kIp:
      break;
  }
  return ClassifyIp(frame, packet, hints, datagram);
}

bool FrameClassifier::IsInVlan(std::span<const std::uint8_t> frame, FrameHints hints) const noexcept {
  constexpr std::uint16_t kVlanBits = 0x0fff;
  const std::uint16_t vlan = hints.is_tag_off ? hints.tag_control & kVlanBits : OutermostVlan(frame);
  return std::ranges::find(rules_.vlans, vlan) != rules_.vlans.end();
}

FrameOutcome FrameClassifier::ClassifyJoined(std::span<const std::uint8_t> bytes,
                                             ipfix::Datagram& datagram) const noexcept {
  IpPacket packet;
  if (WalkToTransport(bytes, LinkType::kIp, packet) != HeaderResult::kIp) return FrameOutcome::kMalformed;
  return ClassifyIp(bytes, packet, {.ip = ChecksumState::kGood}, datagram);
}

FrameOutcome FrameClassifier::ClassifyIp(std::span<const std::uint8_t> frame, const IpPacket& packet,
                                         FrameHints hints, ipfix::Datagram& datagram) const noexcept {
  if (packet.end_offset > frame.size()) return FrameOutcome::kTruncated;
  if (packet.transport_offset > packet.end_offset) return FrameOutcome::kMalformed;
  // Before the destination is looked at: with a wrong header checksum it says nothing.
  if (!packet.is_ipv6 && !IsIpv4HeaderRight(frame, packet, hints.ip)) return FrameOutcome::kBadIpChecksum;

  const bool is_icmp = packet.protocol == (packet.is_ipv6 ? kProtocolIcmpv6 : kProtocolIcmp);
  if (!neighbours_.IsOurs(packet.destination)) {
    if (!is_icmp || !packet.is_ipv6) return FrameOutcome::kNotOurs;
    if (neighbours_.IsClaim(frame, packet)) return FrameOutcome::kConflict;
    if (!neighbours_.IsSolicitedNode(packet.destination)) return FrameOutcome::kNotOurs;
  }
  if (packet.is_fragment) {
    return packet.protocol == kProtocolUdp ? FrameOutcome::kFragment : FrameOutcome::kNotUdp;
  }
  if (packet.protocol == kProtocolUdp) return ClassifyUdp(frame, packet, hints, datagram);
  return is_icmp ? neighbours_.ExamineIcmp(frame, packet) : FrameOutcome::kNotUdp;
}

FrameOutcome FrameClassifier::ClassifyUdp(std::span<const std::uint8_t> frame, const IpPacket& packet,
                                          FrameHints hints, ipfix::Datagram& datagram) const noexcept {
  const std::size_t available = packet.end_offset - packet.transport_offset;
  if (available < kUdpHeader) return FrameOutcome::kMalformed;
  const std::uint8_t* udp = &frame[packet.transport_offset];
  const std::size_t length = LoadBe16(udp + kUdpLengthAt);
  if (length < kUdpHeader || length > available) return FrameOutcome::kMalformed;
  if (std::ranges::find(rules_.collector_ports, LoadBe16(udp + 2)) == rules_.collector_ports.end()) {
    return FrameOutcome::kOtherPort;
  }
  if (rules_.verify_udp_checksum) {
    const bool is_right = hints.udp == ChecksumState::kUnknown ? IsUdpChecksumRight(frame, packet, length)
                                                               : hints.udp == ChecksumState::kGood;
    if (!is_right) return FrameOutcome::kBadUdpChecksum;
  }
  datagram.payload = frame.subspan(packet.transport_offset + kUdpHeader, length - kUdpHeader);
  datagram.source = packet.source;
  datagram.source_port = LoadBe16(udp);
  return FrameOutcome::kDatagram;
}

bool FrameClassifier::IsUdpChecksumRight(std::span<const std::uint8_t> frame, const IpPacket& packet,
                                         std::size_t length) const noexcept {
  const auto datagram = frame.subspan(packet.transport_offset, length);
  std::uint16_t carried;
  std::memcpy(&carried, &datagram[kUdpChecksumAt], sizeof(carried));
  // RFC 768: zero is no checksum. RFC 8200 section 8.1: IPv6 requires one (RFC 6936 exempts tunnels alone).
  if (carried == 0) return !packet.is_ipv6;
  const std::uint32_t pseudo = PseudoHeaderSum(frame, packet, kProtocolUdp, length);
  if (FinishSum(AddToSum(datagram, pseudo)) == 0) return true;
  return rules_.accept_partial_checksum && carried == static_cast<std::uint16_t>(~FinishSum(pseudo));
}

}  // namespace hostscope::dataplane
