#include "ipfix/prefix.h"

namespace hostscope {
namespace {

constexpr unsigned kMappedBits = 96;

Prefix Make(Address network, unsigned length) noexcept {
  for (unsigned bit = length; bit < 128; ++bit) {
    network.bytes[bit / 8] = static_cast<std::uint8_t>(network.bytes[bit / 8] & ~(0x80U >> bit % 8));
  }
  return Prefix{network, static_cast<std::uint8_t>(length)};
}

}  // namespace

Prefix Prefix::Ipv4(std::uint32_t network_order, unsigned bits) noexcept {
  return Make(Address::FromIpv4(network_order), kMappedBits + bits);
}

Prefix Prefix::Ipv6(const Address& address, unsigned bits) noexcept {
  return Make(address, bits);
}

bool Prefix::Contains(const Address& address) const noexcept {
  if (IsIpv4() != address.IsIpv4()) return false;
  const unsigned whole_bytes = length / 8U;
  if (std::memcmp(network.bytes.data(), address.bytes.data(), whole_bytes) != 0) return false;
  const unsigned rest = length % 8U;
  if (rest == 0) return true;
  const unsigned difference = network.bytes[whole_bytes] ^ address.bytes[whole_bytes];
  return difference >> (8U - rest) == 0;
}

}  // namespace hostscope
