#pragma once

#include <cstdint>

#include "ipfix/accounting.h"

namespace hostscope::dataplane {

/// What became of one frame that a port received. Every frame ends in exactly one of these, so that the
/// frames taken from a port's queues are the sum of all.
enum class FrameOutcome : std::uint8_t {
  kDatagram,        ///< handed to the decoder
  kArp,             ///< asks for one of our IPv4 addresses: answered
  kNeighbour,       ///< asks for one of our IPv6 addresses: answered
  kEcho,            ///< ping of one of our addresses: answered
  kNotIp,           ///< another EtherType, or ARP that is no request
  kConflict,        ///< another station says that it has one of our addresses
  kOtherVlan,       ///< of a VLAN that the port is not in
  kNotOurs,         ///< meant for another address
  kNotUdp,          ///< for us, but another protocol, or a control message that calls for no answer
  kOtherPort,       ///< for us, but to a port that is not listened on
  kTruncated,       ///< ends before its headers, or before the end that the IP header gives
  kMalformed,       ///< a header contradicts itself or the one around it
  kBadIpChecksum,   ///< IPv4 header checksum
  kBadUdpChecksum,  ///< UDP checksum, or its absence over IPv6
  kFragment,        ///< a part of a datagram for us: FragmentCounters say what becomes of it
  kSegmented,       ///< lies in several buffers, and is longer than an IP packet can be
  kCount
};

/// What an outcome means for the books of export datagrams.
enum class FrameClass : std::uint8_t {
  kDelivered,  ///< reached the decoder, which counts it from there on
  kAnswered,   ///< resolution and reachability of our addresses
  kIgnored,    ///< never was an export datagram for us
  kDropped,    ///< may well have been one, and is lost
  kPart,       ///< part of what may become one, which has books of its own
};

const ipfix::CounterName& NameOf(FrameOutcome outcome) noexcept;
FrameClass ClassOf(FrameOutcome outcome) noexcept;

using FrameCounters = ipfix::CounterArray<FrameOutcome>;

/// The sum over all outcomes of one class.
std::uint64_t TotalOf(const FrameCounters& counters, FrameClass wanted) noexcept;

}  // namespace hostscope::dataplane
