#pragma once

#include <cstdint>

#include "ipfix/accounting.h"

namespace hostscope::app {

/// What became of one packet of a capture. Every packet ends in exactly one of these.
enum class PacketOutcome : std::uint8_t {
  kDatagram,     ///< its payload, or that of the fragments it completed, is an export datagram
  kNotIp,        ///< another EtherType
  kNotUdp,       ///< another protocol
  kNotExport,    ///< a UDP payload that does not start with a version of NetFlow or IPFIX
  kUnreadable,   ///< ends within its headers, or they contradict themselves: what it was can't be told
  kFragment,     ///< a part of a datagram, kept until the rest comes
  kBadFragment,  ///< a part that can't belong to a datagram: overlapping, beyond 64 KiB, too many
  kCount
};

/// Export datagrams that never reach the decoder: received, and dropped here.
enum class CaptureDrop : std::uint8_t {
  kTruncated,        ///< the capture holds only its beginning
  kBadUdpLength,     ///< the UDP header's length is not that of the IP payload or less
  kMissingFragment,  ///< its first fragment came, and not all others
  kCount
};

const ipfix::CounterName& NameOf(PacketOutcome outcome) noexcept;
const ipfix::CounterName& NameOf(CaptureDrop reason) noexcept;

/// The books of a capture: packets = outcomes.Total(); export datagrams received = the decoder's +
/// drops.Total().
struct CaptureCounters {
  ipfix::CounterArray<PacketOutcome> outcomes;
  ipfix::CounterArray<CaptureDrop> drops;
  Counter reassembled;  ///< datagrams made of fragments
};

}  // namespace hostscope::app
