#pragma once

#include <cstdint>

namespace hostscope::ipfix {

/// One field specifier of a template (RFC 7011 section 3.2, RFC 3954 section 5.2), in host byte order.
struct FieldSpecifier {
  std::uint32_t enterprise = 0;  ///< private enterprise number; 0 is IANA, kNetflow9Scope a v9 scope type
  std::uint16_t element = 0;
  std::uint16_t length = 0;  ///< bytes, or kVariableLength
};

/// Not an enterprise: marks the scope fields of NetFlow v9 options templates, whose types 1 to 5 (RFC 3954
/// section 6.1) would otherwise be taken for Information Elements.
inline constexpr std::uint32_t kNetflow9Scope = 0xffffffffU;

/// What an Information Element says of a flow, as far as anything we publish depends on it. This list and
/// MeaningOf() are the one place where elements get their meaning; everything else about them is generated
/// from registries.
enum class Meaning : std::uint8_t {
  kNone,
  kSourceIpv4,
  kDestinationIpv4,
  kSourceIpv6,
  kDestinationIpv6,
  kIpVersion,
  kDataLinkSection,
  kIpSection,
  kProtocol,
  kSourcePort,
  kDestinationPort,
  kUdpSourcePort,
  kUdpDestinationPort,
  kTcpSourcePort,
  kTcpDestinationPort,
  kTcpFlags,
  kInitialTcpFlags,
  kUnionTcpFlags,
  kOctetDelta,
  kPacketDelta,
  kOctetTotal,
  kPacketTotal,
  kInitiatorOctets,
  kResponderOctets,
  kInitiatorPackets,
  kResponderPackets,
  kPostOctetDelta,
  kPostPacketDelta,
  kPostOctetTotal,
  kPostPacketTotal,
  kLayer2OctetDelta,
  kLayer2OctetTotal,
  kReverseOctetDelta,
  kReversePacketDelta,
  kReverseOctetTotal,
  kReversePacketTotal,
  kReverseTcpFlags,
  kReverseInitialTcpFlags,
  kReverseUnionTcpFlags,
  kStartUptime,
  kEndUptime,
  kStartSeconds,
  kEndSeconds,
  kStartMilliseconds,
  kEndMilliseconds,
  kStartMicroseconds,
  kEndMicroseconds,
  kStartNanoseconds,
  kEndNanoseconds,
  kStartDeltaMicroseconds,
  kEndDeltaMicroseconds,
  kDurationMilliseconds,
  kDurationMicroseconds,
  kReverseStartMilliseconds,
  kReverseEndMilliseconds,
  kSamplingInterval,
  kSamplerRandomInterval,
  kPacketInterval,
  kPacketSpace,
  kSamplingSize,
  kSamplingPopulation,
  kSelectorId,
  kFlowDirection,
  kFirewallEvent,
  kNatEvent,
  kCount
};

Meaning MeaningOf(const FieldSpecifier& field) noexcept;

}  // namespace hostscope::ipfix
