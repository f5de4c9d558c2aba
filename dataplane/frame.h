#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/frame_outcome.h"
#include "dataplane/neighbours.h"
#include "ipfix/decoder.h"
#include "ipfix/packet_headers.h"

namespace hostscope::dataplane {

/// What the NIC found out about a checksum.
enum class ChecksumState : std::uint8_t {
  kUnknown,  ///< not looked at: we do
  kGood,     ///< right, or not in the packet because it never left the machine
  kBad,
};

struct FrameHints {
  ChecksumState ip = ChecksumState::kUnknown;
  ChecksumState udp = ChecksumState::kUnknown;
  bool is_tag_off = false;        ///< the NIC took the outermost VLAN tag off
  std::uint16_t tag_control = 0;  ///< of that tag
};

struct FrameRules {
  std::vector<std::uint16_t> collector_ports;  ///< host byte order
  bool verify_udp_checksum = true;
  /// Frames come straight from the sockets of this machine's kernel, which leaves the UDP checksum to a NIC
  /// that is not there: the field then holds the sum of the pseudo header alone, and such frames are taken.
  bool accept_partial_checksum = false;
  std::vector<std::uint16_t> vlans;  ///< see PortConfig
};

/// Decides in place what a frame is. Reads only the frame's bytes. Immutable, any thread.
class FrameClassifier {
 public:
  FrameClassifier(FrameRules rules, const MacAddress& mac, std::vector<Address> addresses);

  /// With kDatagram, `datagram` has its payload (a part of `frame`), source and source port; the arrival time
  /// is the caller's. With kArp, kNeighbour and kEcho an answer is due: neighbours().Answer().
  FrameOutcome Classify(std::span<const std::uint8_t> frame, FrameHints hints,
                        ipfix::Datagram& datagram) const noexcept;

  /// The same of a whole IP packet that was made of fragments, whose headers were found right.
  FrameOutcome ClassifyJoined(std::span<const std::uint8_t> packet, ipfix::Datagram& datagram) const noexcept;

  const Neighbours& neighbours() const noexcept { return neighbours_; }

 private:
  bool IsInVlan(std::span<const std::uint8_t> frame, FrameHints hints) const noexcept;
  FrameOutcome ClassifyIp(std::span<const std::uint8_t> frame, const IpPacket& packet, FrameHints hints,
                          ipfix::Datagram& datagram) const noexcept;
  FrameOutcome ClassifyUdp(std::span<const std::uint8_t> frame, const IpPacket& packet, FrameHints hints,
                           ipfix::Datagram& datagram) const noexcept;
  bool IsUdpChecksumRight(std::span<const std::uint8_t> frame, const IpPacket& packet,
                          std::size_t length) const noexcept;

  FrameRules rules_;
  Neighbours neighbours_;
};

}  // namespace hostscope::dataplane
