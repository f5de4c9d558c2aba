#include "tests/fuzz/capture_builder.h"

#include <algorithm>

namespace hostscope::fuzz {
namespace {

constexpr std::uint16_t kSourcePort = 2055;
constexpr std::uint16_t kDestinationPort = 9995;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kFragmentHeader = 44;
constexpr std::size_t kSnapLength = 65535;
constexpr std::uint32_t kFirstSecond = 1'700'000'000;

Bytes Udp(std::span<const std::uint8_t> payload) {
  return Bytes().U16(kSourcePort).U16(kDestinationPort).U16(8 + payload.size()).U16(0).Append(payload);
}

Bytes Ipv4(std::span<const std::uint8_t> body, std::uint16_t fragment_word, const std::string& source,
           const std::string& destination) {
  return Bytes()
      .U8(0x45)
      .U8(0)
      .U16(20 + body.size())
      .U16(77)
      .U16(fragment_word)
      .U8(64)
      .U8(kUdp)
      .U16(0)
      .Address(source)
      .Address(destination)
      .Append(body);
}

Bytes Ipv6(std::span<const std::uint8_t> body, std::uint8_t next, const std::string& source,
           const std::string& destination) {
  return Bytes()
      .U32(0x60000000)
      .U16(body.size())
      .U8(next)
      .U8(64)
      .Address(source)
      .Address(destination)
      .Append(body);
}

}  // namespace

Bytes UdpPacket(const std::string& source, const std::string& destination,
                std::span<const std::uint8_t> payload) {
  const Bytes udp = Udp(payload);
  const bool is_ipv6 = source.find(':') != std::string::npos;
  return is_ipv6 ? Ipv6(udp.span(), kUdp, source, destination) : Ipv4(udp.span(), 0, source, destination);
}

std::vector<Bytes> Ipv4Fragments(std::span<const std::uint8_t> payload, std::size_t length) {
  const Bytes udp = Udp(payload);
  std::vector<Bytes> packets;
  for (std::size_t at = 0; at < udp.size(); at += length) {
    const std::size_t piece = std::min(length, udp.size() - at);
    const std::size_t more = at + piece < udp.size() ? 0x2000 : 0;
    packets.push_back(Ipv4(udp.span().subspan(at, piece), static_cast<std::uint16_t>(more | at / 8),
                           "192.0.2.1", "192.0.2.9"));
  }
  return packets;
}

std::vector<Bytes> Ipv6Fragments(std::span<const std::uint8_t> payload, std::size_t length) {
  const Bytes udp = Udp(payload);
  std::vector<Bytes> packets;
  for (std::size_t at = 0; at < udp.size(); at += length) {
    const std::size_t piece = std::min(length, udp.size() - at);
    const std::size_t more = at + piece < udp.size() ? 1 : 0;
    const Bytes body =
        Bytes().U8(kUdp).U8(0).U16(at | more).U32(0x12345678).Append(udp.span().subspan(at, piece));
    packets.push_back(Ipv6(body.span(), kFragmentHeader, "2001:db8::1", "2001:db8::9"));
  }
  return packets;
}

Bytes Ethernet(const Bytes& packet, std::uint16_t ether_type, std::size_t tags) {
  Bytes frame;
  frame.U(0x020000000001, 6).U(0x020000000002, 6);
  for (std::size_t tag = 0; tag < tags; ++tag) frame.U16(0x8100).U16(100 + tag);
  return frame.U16(ether_type).Append(packet);
}

Bytes Pcap(std::uint32_t link, const std::vector<Bytes>& frames, bool nanoseconds) {
  Bytes file;
  file.U32(nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4).U16(2).U16(4).U32(0).U32(0).U32(kSnapLength).U32(link);
  std::uint32_t second = kFirstSecond;
  for (const Bytes& frame : frames) {
    file.U32(second++).U32(500).U32(frame.size()).U32(frame.size()).Append(frame);
  }
  return file;
}

namespace {

/// A block with its length in front and behind, padded to four bytes.
Bytes Block(std::uint32_t type, Bytes body) {
  body.Zeros((4 - body.size() % 4) % 4);
  const std::size_t length = 12 + body.size();
  return Bytes().U32(type).U32(length).Append(body).U32(length);
}

}  // namespace

Bytes Pcapng(std::uint32_t link, const std::vector<Bytes>& frames) {
  constexpr std::uint64_t kUnknownLength = UINT64_MAX;
  Bytes file = Block(0x0a0d0d0a, Bytes().U32(0x1a2b3c4d).U16(1).U16(0).U64(kUnknownLength));
  // Option 9 is if_tsresol: here 10^-9 s.
  file.Append(Block(1, Bytes().U16(link).U16(0).U32(kSnapLength).U16(9).U16(1).U8(9).Zeros(3).U32(0)));
  std::uint64_t time = std::uint64_t{kFirstSecond} * 1'000'000'000;
  for (const Bytes& frame : frames) {
    file.Append(Block(6, Bytes().U32(0).U64(time).U32(frame.size()).U32(frame.size()).Append(frame)));
    time += 1'000'000'000;
  }
  if (!frames.empty()) file.Append(Block(3, Bytes().U32(frames.back().size()).Append(frames.back())));
  return file;
}

}  // namespace hostscope::fuzz
