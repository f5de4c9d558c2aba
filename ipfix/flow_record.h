#pragma once

#include <cstdint>
#include <span>

#include "ipfix/address.h"
#include "ipfix/time.h"

namespace hostscope {

/// One flow record as the aggregator needs it: one direction of traffic, from `source` to `destination`,
/// counters already scaled by the sampling rate. The decoder writes it straight from the datagram's bytes; it
/// fills exactly one cache line. A biflow (RFC 5103) becomes two of these.
struct alignas(64) FlowRecord {
  /// Bits of `traits`.
  enum Trait : std::uint8_t {
    kHasDuration = 1 << 0,  ///< the record carried both times, and they made sense
    kHasPorts = 1 << 1,     ///< the ports are those of TCP, UDP, SCTP or DCCP
    kScaled = 1 << 2,       ///< packets and bytes were multiplied by a sampling rate above 1
  };

  Address source;
  Address destination;
  std::uint64_t packets;           ///< packetDeltaCount or its stand-in, scaled
  std::uint64_t bytes;             ///< octetDeltaCount or its stand-in, scaled
  std::uint64_t duration_us;       ///< end - start in microseconds; valid with kHasDuration
  std::uint16_t source_port;       ///< host byte order; valid with kHasPorts
  std::uint16_t destination_port;  ///< host byte order; valid with kHasPorts
  std::uint8_t protocol;           ///< IANA protocol number; 0 when the record names none
  std::uint8_t tcp_flags;          ///< low 8 of tcpControlBits; FIN is bit 0, CWR bit 7
  std::uint8_t traits;
  std::uint8_t reserved;

  bool Has(Trait trait) const noexcept { return (traits & trait) != 0; }
};

static_assert(sizeof(FlowRecord) == 64, "a flow record is one cache line");

/// Takes what a decoder makes. Called on the decoding thread with up to a batch of records, which are valid
/// only during the call: one virtual call per batch, never per record.
class FlowConsumer {
 public:
  virtual ~FlowConsumer() = default;
  virtual void Consume(std::span<const FlowRecord> records) noexcept = 0;
  /// What is consumed next arrived then: before and after records that had to wait for their template.
  virtual void SetArrival(ReceiveTime) noexcept {}
};

}  // namespace hostscope
