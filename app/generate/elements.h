#pragma once

#include <cstdint>

/// IANA's numbers of the information elements that the generator writes.
namespace hostscope::app::element {

inline constexpr std::uint16_t kOctetDeltaCount = 1;
inline constexpr std::uint16_t kPacketDeltaCount = 2;
inline constexpr std::uint16_t kProtocolIdentifier = 4;
inline constexpr std::uint16_t kIpClassOfService = 5;
inline constexpr std::uint16_t kTcpControlBits = 6;
inline constexpr std::uint16_t kSourceTransportPort = 7;
inline constexpr std::uint16_t kSourceIpv4Address = 8;
inline constexpr std::uint16_t kIngressInterface = 10;
inline constexpr std::uint16_t kDestinationTransportPort = 11;
inline constexpr std::uint16_t kDestinationIpv4Address = 12;
inline constexpr std::uint16_t kEgressInterface = 14;
inline constexpr std::uint16_t kIpNextHopIpv4Address = 15;
inline constexpr std::uint16_t kBgpSourceAsNumber = 16;
inline constexpr std::uint16_t kBgpDestinationAsNumber = 17;
inline constexpr std::uint16_t kFlowEndSysUpTime = 21;
inline constexpr std::uint16_t kFlowStartSysUpTime = 22;
inline constexpr std::uint16_t kSourceIpv6Address = 27;
inline constexpr std::uint16_t kDestinationIpv6Address = 28;
inline constexpr std::uint16_t kSamplingInterval = 34;
inline constexpr std::uint16_t kFlowDirection = 61;
inline constexpr std::uint16_t kFlowEndReason = 136;
inline constexpr std::uint16_t kObservationDomainId = 149;
inline constexpr std::uint16_t kFlowStartMilliseconds = 152;
inline constexpr std::uint16_t kFlowEndMilliseconds = 153;
inline constexpr std::uint16_t kSystemInitTimeMilliseconds = 160;

}  // namespace hostscope::app::element
