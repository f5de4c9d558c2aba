#include "dataplane/neighbours.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "dataplane/checksum.h"
#include "ipfix/wire.h"

namespace hostscope::dataplane {
namespace {

using ipfix::LoadBe16;

constexpr std::size_t kMacLength = 6;
constexpr std::uint16_t kEtherTypeArp = 0x0806;
constexpr std::uint16_t kEtherTypeVlan = 0x8100;
constexpr std::uint16_t kEtherTypeQinq = 0x88a8;
constexpr std::uint8_t kProtocolIcmpv6 = 58;
constexpr std::uint8_t kHopLimit = 64;

// RFC 826, for Ethernet and IPv4. Offsets within the ARP packet.
constexpr std::size_t kArpLength = 28;
constexpr std::array<std::uint8_t, 8> kArpRequest{0, 1, 0x08, 0x00, 6, 4, 0, 1};
constexpr std::size_t kArpOperationLow = 7;
constexpr std::uint8_t kArpReplyOperation = 2;
constexpr std::size_t kArpSenderMac = 8;
constexpr std::size_t kArpSenderIp = 14;
constexpr std::size_t kArpTargetMac = 18;
constexpr std::size_t kArpTargetIp = 24;

constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;

constexpr std::size_t kEchoHeader = 8;
constexpr std::uint8_t kEchoRequest = 8;
constexpr std::uint8_t kEchoReply = 0;
constexpr std::uint8_t kEchoRequestV6 = 128;
constexpr std::uint8_t kEchoReplyV6 = 129;

// RFC 4861 sections 4.3 and 4.4. A message without options, then with our one option.
constexpr std::uint8_t kSolicitation = 135;
constexpr std::uint8_t kAdvertisement = 136;
constexpr std::size_t kSolicitationLength = 24;
constexpr std::size_t kAdvertisementLength = 32;
constexpr std::size_t kTargetAt = 8;
constexpr std::uint8_t kSourceLinkAddress = 1;
constexpr std::uint8_t kTargetLinkAddress = 2;
constexpr std::uint8_t kSolicitedFlag = 0x40;
constexpr std::uint8_t kOverrideFlag = 0x20;

/// Length of the Ethernet header with its VLAN tags; the EtherType stands in its last two bytes. 0: too
/// short.
std::size_t LinkLength(std::span<const std::uint8_t> frame) noexcept {
  std::size_t length = 14;
  while (frame.size() >= length) {
    const std::uint16_t type = LoadBe16(&frame[length - 2]);
    if (type != kEtherTypeVlan && type != kEtherTypeQinq) return length;
    length += 4;
  }
  return 0;
}

Address LoadIpv4(const std::uint8_t* at) noexcept {
  std::uint32_t bits;
  std::memcpy(&bits, at, sizeof(bits));
  return Address::FromIpv4(bits);
}

bool IsMulticastMac(const std::uint8_t* mac) noexcept {
  return (mac[0] & 1) != 0;
}

/// A multicast or broadcast source would turn our answer into a frame for many.
bool IsGroupAddress(const Address& address) noexcept {
  return address.IsIpv4() ? address.bytes[12] >= 224 : address.bytes[0] == 0xff;
}

/// True where no option or extension header stands between IP header and message, and no label before it:
/// what is answered in place must be symmetrical.
bool IsPlain(std::span<const std::uint8_t> frame, const IpPacket& packet) noexcept {
  const std::size_t header = packet.is_ipv6 ? kIpv6Header : kIpv4Header;
  return packet.transport_offset == packet.ip_offset + header && packet.ip_offset == LinkLength(frame);
}

std::uint16_t IcmpSum(std::span<const std::uint8_t> frame, const IpPacket& packet) noexcept {
  const auto message = frame.subspan(packet.transport_offset, packet.end_offset - packet.transport_offset);
  const std::uint32_t pseudo =
      packet.is_ipv6 ? PseudoHeaderSum(frame, packet, kProtocolIcmpv6, message.size()) : 0;
  return FinishSum(AddToSum(message, pseudo));
}

/// RFC 4861 section 7.1.1: what makes a solicitation valid.
bool IsValidSolicitation(std::span<const std::uint8_t> frame, const IpPacket& packet) noexcept {
  const auto message = frame.subspan(packet.transport_offset, packet.end_offset - packet.transport_offset);
  if (message.size() < kSolicitationLength || message[1] != 0 || frame[packet.ip_offset + 7] != 255)
    return false;
  if (IcmpSum(frame, packet) != 0) return false;
  const bool is_probe = packet.source.IsUnspecified();
  if (is_probe && packet.destination.bytes[0] != 0xff) return false;
  for (std::size_t at = kSolicitationLength; at < message.size();) {
    if (message.size() < at + 2 || message[at + 1] == 0) return false;
    if (is_probe && message[at] == kSourceLinkAddress) return false;
    at += message[at + 1] * 8U;
  }
  return true;
}

void Store16(std::uint8_t* at, std::uint16_t as_in_memory) noexcept {
  std::memcpy(at, &as_in_memory, sizeof(as_in_memory));
}

/// Back to where the frame came from.
void TurnLink(std::span<std::uint8_t> frame, const MacAddress& mac) noexcept {
  std::memcpy(frame.data(), frame.data() + kMacLength, kMacLength);
  std::memcpy(frame.data() + kMacLength, mac.data(), kMacLength);
}

}  // namespace

std::uint16_t OutermostVlan(std::span<const std::uint8_t> frame) noexcept {
  constexpr std::uint16_t kVlanBits = 0x0fff;
  if (frame.size() < 16) return 0;
  const std::uint16_t type = LoadBe16(&frame[12]);
  return type == kEtherTypeVlan || type == kEtherTypeQinq ? LoadBe16(&frame[14]) & kVlanBits
                                                          : std::uint16_t{0};
}

Neighbours::Neighbours(const MacAddress& mac, std::vector<Address> addresses)
    : mac_(mac), addresses_(std::move(addresses)) {}

bool Neighbours::IsOurs(const Address& address) const noexcept {
  return std::ranges::find(addresses_, address) != addresses_.end();
}

bool Neighbours::IsSolicitedNode(const Address& address) const noexcept {
  constexpr std::array<std::uint8_t, 13> kPrefix{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0xff};
  if (!std::ranges::equal(std::span(address.bytes).first(kPrefix.size()), kPrefix)) return false;
  return std::ranges::any_of(addresses_, [&](const Address& ours) {
    return !ours.IsIpv4() &&
           std::equal(ours.bytes.begin() + 13, ours.bytes.end(), address.bytes.begin() + 13);
  });
}

FrameOutcome Neighbours::ExamineNonIp(std::span<const std::uint8_t> frame) const noexcept {
  const std::size_t link = LinkLength(frame);
  if (link == 0) return FrameOutcome::kTruncated;
  if (LoadBe16(&frame[link - 2]) != kEtherTypeArp) return FrameOutcome::kNotIp;
  if (frame.size() < link + kArpLength) return FrameOutcome::kTruncated;
  const std::uint8_t* arp = &frame[link];
  // Request or reply: someone who has one of our addresses gets no answer, which would only feed the
  // conflict.
  if (!std::equal(kArpRequest.begin(), kArpRequest.begin() + kArpOperationLow, arp))
    return FrameOutcome::kNotIp;
  if (IsOurs(LoadIpv4(arp + kArpSenderIp))) {
    const bool is_our_own = std::equal(mac_.begin(), mac_.end(), arp + kArpSenderMac);
    return is_our_own ? FrameOutcome::kNotOurs : FrameOutcome::kConflict;
  }
  if (arp[kArpOperationLow] != kArpRequest[kArpOperationLow]) return FrameOutcome::kNotIp;
  if (!IsOurs(LoadIpv4(arp + kArpTargetIp))) return FrameOutcome::kNotOurs;
  return IsMulticastMac(arp + kArpSenderMac) ? FrameOutcome::kNotIp : FrameOutcome::kArp;
}

FrameOutcome Neighbours::ExamineIcmp(std::span<const std::uint8_t> frame,
                                     const IpPacket& packet) const noexcept {
  const std::size_t length = packet.end_offset - packet.transport_offset;
  if (length < kEchoHeader || !IsPlain(frame, packet) || IsMulticastMac(&frame[kMacLength]) ||
      IsGroupAddress(packet.source)) {
    return FrameOutcome::kNotUdp;
  }
  const std::uint8_t type = frame[packet.transport_offset];
  if (packet.is_ipv6 && type == kSolicitation) {
    if (!IsValidSolicitation(frame, packet)) return FrameOutcome::kNotUdp;
    const bool asks_us = IsOurs(Address::FromIpv6(&frame[packet.transport_offset + kTargetAt]));
    return asks_us ? FrameOutcome::kNeighbour : FrameOutcome::kNotOurs;
  }
  const bool is_echo = type == (packet.is_ipv6 ? kEchoRequestV6 : kEchoRequest);
  const bool to_us_alone = IsOurs(packet.destination) && !packet.source.IsUnspecified();
  // A wrong checksum would have to stay wrong in the reply; silence says the same.
  return is_echo && to_us_alone && IcmpSum(frame, packet) == 0 ? FrameOutcome::kEcho : FrameOutcome::kNotUdp;
}

bool Neighbours::IsClaim(std::span<const std::uint8_t> frame, const IpPacket& packet) const noexcept {
  const std::size_t length = packet.end_offset - packet.transport_offset;
  if (packet.is_fragment || length < kSolicitationLength || !IsPlain(frame, packet)) return false;
  const std::uint8_t* const message = &frame[packet.transport_offset];
  if (message[0] != kAdvertisement || message[1] != 0 || frame[packet.ip_offset + 7] != 255) return false;
  if (std::equal(mac_.begin(), mac_.end(), &frame[kMacLength])) return false;
  return IsOurs(Address::FromIpv6(message + kTargetAt)) && IcmpSum(frame, packet) == 0;
}

std::size_t Neighbours::Answer(FrameOutcome outcome, std::span<std::uint8_t> buffer,
                               std::size_t length) const noexcept {
  if (outcome == FrameOutcome::kArp) return AnswerArp(buffer);
  IpPacket packet;
  if (WalkToTransport(buffer.first(length), LinkType::kEthernet, packet) != HeaderResult::kIp) return 0;
  return outcome == FrameOutcome::kNeighbour ? AnswerNeighbour(buffer, packet) : AnswerEcho(buffer, packet);
}

std::size_t Neighbours::AnswerArp(std::span<std::uint8_t> buffer) const noexcept {
  const std::size_t link = LinkLength(buffer);
  std::uint8_t* arp = &buffer[link];
  std::array<std::uint8_t, 4> asked_for;
  std::memcpy(asked_for.data(), arp + kArpTargetIp, asked_for.size());
  arp[kArpOperationLow] = kArpReplyOperation;
  std::memcpy(arp + kArpTargetMac, arp + kArpSenderMac, kMacLength + asked_for.size());
  std::memcpy(arp + kArpSenderMac, mac_.data(), kMacLength);
  std::memcpy(arp + kArpSenderIp, asked_for.data(), asked_for.size());
  TurnLink(buffer, mac_);
  std::memcpy(buffer.data(), arp + kArpTargetMac, kMacLength);  // to the address it gave, as other hosts do
  return link + kArpLength;
}

std::size_t Neighbours::AnswerNeighbour(std::span<std::uint8_t> buffer,
                                        const IpPacket& packet) const noexcept {
  constexpr MacAddress kAllNodesMac{0x33, 0x33, 0, 0, 0, 1};
  constexpr std::array<std::uint8_t, 16> kAllNodes{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  const bool is_probe =
      packet.source.IsUnspecified();  // RFC 4862: someone checks whether the address is taken
  TurnLink(buffer, mac_);
  if (is_probe) std::memcpy(buffer.data(), kAllNodesMac.data(), kMacLength);

  std::uint8_t* ip = &buffer[packet.ip_offset];
  std::uint8_t* message = ip + kIpv6Header;
  ip[4] = 0;
  ip[5] = kAdvertisementLength;
  std::memcpy(ip + 24, is_probe ? kAllNodes.data() : ip + 8, 16);
  std::memcpy(ip + 8, message + kTargetAt, 16);
  message[0] = kAdvertisement;
  message[2] = message[3] = 0;
  message[4] = is_probe ? kOverrideFlag : (kSolicitedFlag | kOverrideFlag);
  message[5] = message[6] = message[7] = 0;
  message[kSolicitationLength] = kTargetLinkAddress;
  message[kSolicitationLength + 1] = 1;
  std::memcpy(message + kSolicitationLength + 2, mac_.data(), kMacLength);

  IpPacket reply = packet;
  reply.end_offset = packet.transport_offset + kAdvertisementLength;
  Store16(message + 2, IcmpSum(buffer, reply));
  return reply.end_offset;
}

std::size_t Neighbours::AnswerEcho(std::span<std::uint8_t> buffer, const IpPacket& packet) const noexcept {
  TurnLink(buffer, mac_);
  std::uint8_t* ip = &buffer[packet.ip_offset];
  std::uint8_t* message = &buffer[packet.transport_offset];
  const std::size_t source_at = packet.is_ipv6 ? 8 : 12;
  const std::size_t address_length = packet.is_ipv6 ? 16 : 4;
  std::swap_ranges(ip + source_at, ip + source_at + address_length, ip + source_at + address_length);
  if (packet.is_ipv6) {
    ip[7] = kHopLimit;
  } else {
    ip[8] = kHopLimit;
    ip[10] = ip[11] = 0;
    Store16(ip + 10, FinishSum(AddToSum({ip, kIpv4Header}, 0)));
  }
  message[0] = packet.is_ipv6 ? kEchoReplyV6 : kEchoReply;
  message[2] = message[3] = 0;
  Store16(message + 2, IcmpSum(buffer, packet));
  return packet.end_offset;
}

}  // namespace hostscope::dataplane
