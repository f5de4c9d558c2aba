#include "dataplane/checksum.h"

#include <array>
#include <cstring>

namespace hostscope::dataplane {
namespace {

// Brings a sum to 16 bits without loss: a carry out of bit 15 goes back in at bit 0.
template <typename Sum>
std::uint16_t Fold(Sum sum) noexcept {
  while ((sum >> 16) != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

}  // namespace

std::uint32_t AddToSum(std::span<const std::uint8_t> data, std::uint32_t sum) noexcept {
  // 32-bit words into a 64-bit sum (RFC 1071 section 2 (C)): a plain loop that compilers turn into vector
  // code.
  std::uint64_t wide = sum;
  const std::size_t words = data.size() / 4;
  for (std::size_t i = 0; i < words; ++i) {
    std::uint32_t word;
    std::memcpy(&word, data.data() + i * 4, sizeof(word));
    wide += word;
  }
  std::uint32_t tail = 0;
  if (const std::size_t rest = data.size() % 4; rest != 0) std::memcpy(&tail, data.data() + words * 4, rest);
  return Fold(wide + tail);
}

std::uint16_t FinishSum(std::uint32_t sum) noexcept {
  return static_cast<std::uint16_t>(~Fold(sum));
}

std::uint32_t PseudoHeaderSum(std::span<const std::uint8_t> frame, const IpPacket& packet,
                              std::uint8_t protocol, std::size_t length) noexcept {
  // Source and destination lie side by side in both headers.
  const std::span<const std::uint8_t> addresses =
      packet.is_ipv6 ? frame.subspan(packet.ip_offset + 8, 32) : frame.subspan(packet.ip_offset + 12, 8);
  const std::array<std::uint8_t, 4> tail{static_cast<std::uint8_t>(length >> 8),
                                         static_cast<std::uint8_t>(length & 0xff), 0, protocol};
  return AddToSum(tail, AddToSum(addresses, 0));
}

}  // namespace hostscope::dataplane
