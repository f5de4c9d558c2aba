#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "ipfix/packet_headers.h"

namespace hostscope {

/// One fragment as its IP header describes it (RFC 791 section 3.2, RFC 8200 section 4.5).
struct Fragment {
  Address source;
  Address destination;
  std::uint32_t id = 0;
  std::uint8_t protocol = 0;  ///< of the whole datagram
  bool is_ipv6 = false;
  bool is_last = false;
  std::size_t offset = 0;               ///< of `bytes` in the datagram's payload
  std::span<const std::uint8_t> bytes;  ///< in the frame

  /// Whether a datagram could have such a part: not empty, within the 65535 bytes that an IP header can give,
  /// and a multiple of eight bytes unless it is the last, since the next could not follow it otherwise.
  bool IsPossible() const noexcept;
};

/// Reads the fragment's header from a frame that WalkToTransport() called a fragment. False where its bytes
/// are not all there or its header can't be found.
[[nodiscard]] bool ReadFragment(std::span<const std::uint8_t> frame, const IpPacket& packet,
                                Fragment& fragment) noexcept;

}  // namespace hostscope
