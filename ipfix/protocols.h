#pragma once

#include <cstdint>

/// IANA protocol numbers that matter here.
namespace hostscope::ipfix {

inline constexpr std::uint8_t kTcp = 6;
inline constexpr std::uint8_t kUdp = 17;
inline constexpr std::uint8_t kDccp = 33;
inline constexpr std::uint8_t kSctp = 132;

/// The protocols whose ports count as ports.
constexpr bool HasTransportPorts(std::uint8_t protocol) noexcept {
  return protocol == kTcp || protocol == kUdp || protocol == kSctp || protocol == kDccp;
}

}  // namespace hostscope::ipfix
