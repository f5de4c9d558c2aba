#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "ipfix/packet_headers.h"

/// The Internet checksum (RFC 1071). Sums are of 16-bit words as they lie in memory, so that no byte is
/// swapped: the folded complement is stored as it is.
namespace hostscope::dataplane {

/// A one's complement sum in the making: the bytes of `data`, added to `sum`. An odd last byte counts as if
/// followed by zero, so only the last piece may have an odd length.
std::uint32_t AddToSum(std::span<const std::uint8_t> data, std::uint32_t sum) noexcept;

/// What goes into the checksum field.
std::uint16_t FinishSum(std::uint32_t sum) noexcept;

/// The pseudo header (RFC 768, RFC 8200 section 8.1) of `packet` in `frame`, for `length` bytes of
/// `protocol`.
std::uint32_t PseudoHeaderSum(std::span<const std::uint8_t> frame, const IpPacket& packet,
                              std::uint8_t protocol, std::size_t length) noexcept;

}  // namespace hostscope::dataplane
