#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/frame_outcome.h"
#include "ipfix/address.h"
#include "ipfix/packet_headers.h"

namespace hostscope::dataplane {

using MacAddress = std::array<std::uint8_t, 6>;

/// Answers what exporters and routers need to reach a port: ARP (RFC 826), neighbour solicitation (RFC 4861
/// section 7.2.4), ping (RFC 792, RFC 4443 section 4.1). Only for the addresses given; nothing else is ever
/// answered, and never with more than a frame for a frame. Immutable, any thread.
class Neighbours {
 public:
  Neighbours(const MacAddress& mac, std::vector<Address> addresses);

  /// A reply may be longer than its request by this much: a solicitation need not carry an option, the answer
  /// does.
  static constexpr std::size_t kMaxGrowth = 8;

  const MacAddress& mac() const noexcept { return mac_; }
  const std::vector<Address>& addresses() const noexcept { return addresses_; }

  bool IsOurs(const Address& address) const noexcept;
  /// The solicited-node multicast address (RFC 4291 section 2.7.1) of one of ours.
  bool IsSolicitedNode(const Address& address) const noexcept;

  /// A valid advertisement (RFC 4861 section 7.1.2) by which another station claims one of our addresses, of
  /// an ICMPv6 packet that lies whole in `frame`.
  bool IsClaim(std::span<const std::uint8_t> frame, const IpPacket& packet) const noexcept;

  /// A frame that WalkToTransport() calls kNotIp: kArp, kConflict, kNotOurs, kNotIp or kTruncated.
  FrameOutcome ExamineNonIp(std::span<const std::uint8_t> frame) const noexcept;
  /// A whole, unfragmented packet for one of our addresses, or a solicited-node one of ours, whose protocol
  /// is ICMP or ICMPv6: kEcho, kNeighbour, or kNotUdp, kNotOurs, where no answer is due.
  FrameOutcome ExamineIcmp(std::span<const std::uint8_t> frame, const IpPacket& packet) const noexcept;

  /// Turns the request at the start of `buffer` into its reply and returns the reply's length, tags kept. The
  /// request has `length` bytes and was found to be `outcome` (kArp, kNeighbour or kEcho); kMaxGrowth bytes
  /// must follow it.
  std::size_t Answer(FrameOutcome outcome, std::span<std::uint8_t> buffer, std::size_t length) const noexcept;

 private:
  std::size_t AnswerArp(std::span<std::uint8_t> buffer) const noexcept;
  std::size_t AnswerNeighbour(std::span<std::uint8_t> buffer, const IpPacket& packet) const noexcept;
  std::size_t AnswerEcho(std::span<std::uint8_t> buffer, const IpPacket& packet) const noexcept;

  MacAddress mac_;
  std::vector<Address> addresses_;
};

/// The VLAN of a frame's outermost tag; 0: it has none, or one that has a priority alone.
std::uint16_t OutermostVlan(std::span<const std::uint8_t> frame) noexcept;

}  // namespace hostscope::dataplane
