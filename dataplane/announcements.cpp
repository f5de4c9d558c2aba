#include "dataplane/announcements.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "dataplane/checksum.h"

namespace hostscope::dataplane {
namespace {

constexpr MacAddress kBroadcast{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
constexpr MacAddress kAllNodesMac{0x33, 0x33, 0, 0, 0, 1};
constexpr MacAddress kAllMldRoutersMac{0x33, 0x33, 0, 0, 0, 0x16};
constexpr std::array<std::uint8_t, 16> kUnspecified{};
constexpr std::array<std::uint8_t, 16> kAllNodes{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
constexpr std::array<std::uint8_t, 16> kAllMldRouters{0xff, 0x02, 0, 0, 0, 0, 0, 0,
                                                      0,    0,    0, 0, 0, 0, 0, 0x16};
constexpr std::uint8_t kProtocolHopByHop = 0;
constexpr std::uint8_t kProtocolIcmpv6 = 58;
constexpr std::size_t kIpv6Header = 40;
constexpr std::size_t kSmallestFrame = 60;  // Ethernet's, without the CRC

/// Puts one thing behind the other.
class Writer {
 public:
  explicit Writer(std::span<std::uint8_t> frame) noexcept : frame_(frame) { std::ranges::fill(frame, 0); }

  template <std::size_t kSize>
  void Put(const std::array<std::uint8_t, kSize>& bytes) noexcept {
    std::memcpy(&frame_[length_], bytes.data(), kSize);
    length_ += kSize;
  }
  void PutIpv4(const Address& address) noexcept {
    const std::uint32_t bits = address.ipv4_bits();
    std::memcpy(&frame_[length_], &bits, sizeof(bits));
    length_ += sizeof(bits);
  }
  void Skip(std::size_t length) noexcept { length_ += length; }
  std::size_t length() const noexcept { return length_; }
  std::size_t Finish() const noexcept { return std::max(length_, kSmallestFrame); }

 private:
  std::span<std::uint8_t> frame_;
  std::size_t length_ = 0;
};

std::uint8_t High(std::uint16_t word) noexcept {
  return static_cast<std::uint8_t>(word >> 8);
}
std::uint8_t Low(std::uint16_t word) noexcept {
  return static_cast<std::uint8_t>(word & 0xff);
}

void PutLink(Writer& writer, const MacAddress& to, const MacAddress& from, std::uint16_t vlan,
             std::uint16_t ether_type) noexcept {
  writer.Put(to);
  writer.Put(from);
  if (vlan != 0) writer.Put(std::array<std::uint8_t, 4>{0x81, 0x00, High(vlan), Low(vlan)});
  writer.Put(std::array<std::uint8_t, 2>{High(ether_type), Low(ether_type)});
}

std::size_t WriteArp(const MacAddress& mac, const Address& sender, const Address& target, std::uint16_t vlan,
                     std::span<std::uint8_t> frame) noexcept {
  Writer writer(frame);
  PutLink(writer, kBroadcast, mac, vlan, 0x0806);
  writer.Put(std::array<std::uint8_t, 8>{0, 1, 0x08, 0x00, 6, 4, 0, 1});
  writer.Put(mac);
  writer.PutIpv4(sender);
  writer.Skip(mac.size());
  writer.PutIpv4(target);
  return writer.Finish();
}

struct Ipv6 {
  std::array<std::uint8_t, 16> source;
  std::array<std::uint8_t, 16> destination;
  std::uint8_t hop_limit;
  std::uint8_t next_header;
  std::uint8_t length;  ///< behind this header
};

void PutIpv6(Writer& writer, const Ipv6& ip) noexcept {
  writer.Put(std::array<std::uint8_t, 8>{0x60, 0, 0, 0, 0, ip.length, ip.next_header, ip.hop_limit});
  writer.Put(ip.source);
  writer.Put(ip.destination);
}

/// Sets the checksum of the ICMPv6 message at `message_at`, which ends where `writer` does.
std::size_t FinishIcmp(const Writer& writer, std::span<std::uint8_t> frame, std::size_t ip_at,
                       std::size_t message_at) noexcept {
  IpPacket packet;
  packet.is_ipv6 = true;
  packet.ip_offset = static_cast<std::uint32_t>(ip_at);
  const auto message = frame.subspan(message_at, writer.length() - message_at);
  const std::uint16_t sum =
      FinishSum(AddToSum(message, PseudoHeaderSum(frame, packet, kProtocolIcmpv6, message.size())));
  std::memcpy(&message[2], &sum, sizeof(sum));
  return writer.Finish();
}

std::array<std::uint8_t, 16> SolicitedNodeOf(const Address& address) noexcept {
  return {0xff,
          0x02,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          1,
          0xff,
          address.bytes[13],
          address.bytes[14],
          address.bytes[15]};
}

}  // namespace

std::size_t WriteProbe(const MacAddress& mac, const Address& address, std::uint16_t vlan,
                       std::span<std::uint8_t> frame) noexcept {
  if (address.IsIpv4()) return WriteArp(mac, Address::FromIpv4(0), address, vlan, frame);
  Writer writer(frame);
  PutLink(writer, {0x33, 0x33, 0xff, address.bytes[13], address.bytes[14], address.bytes[15]}, mac, vlan,
          0x86dd);
  const std::size_t ip_at = writer.length();
  PutIpv6(writer, {kUnspecified, SolicitedNodeOf(address), 255, kProtocolIcmpv6, 24});
  writer.Put(std::array<std::uint8_t, 8>{135, 0, 0, 0, 0, 0, 0, 0});
  writer.Put(address.bytes);
  return FinishIcmp(writer, frame, ip_at, ip_at + kIpv6Header);
}

std::size_t WriteAnnouncement(const MacAddress& mac, const Address& address, std::uint16_t vlan,
                              std::span<std::uint8_t> frame) noexcept {
  if (address.IsIpv4()) return WriteArp(mac, address, address, vlan, frame);
  constexpr std::uint8_t kOverride = 0x20;
  Writer writer(frame);
  PutLink(writer, kAllNodesMac, mac, vlan, 0x86dd);
  const std::size_t ip_at = writer.length();
  PutIpv6(writer, {address.bytes, kAllNodes, 255, kProtocolIcmpv6, 32});
  writer.Put(std::array<std::uint8_t, 8>{136, 0, 0, 0, kOverride, 0, 0, 0});
  writer.Put(address.bytes);
  writer.Put(std::array<std::uint8_t, 2>{2, 1});  // our link-layer address
  writer.Put(mac);
  return FinishIcmp(writer, frame, ip_at, ip_at + kIpv6Header);
}

std::size_t WriteGroupReport(const MacAddress& mac, const Address& address, std::uint16_t vlan,
                             std::span<std::uint8_t> frame) noexcept {
  Writer writer(frame);
  PutLink(writer, kAllMldRoutersMac, mac, vlan, 0x86dd);
  const std::size_t ip_at = writer.length();
  // From the unspecified address, since the port has no link-local one (RFC 3590).
  PutIpv6(writer, {kUnspecified, kAllMldRouters, 1, kProtocolHopByHop, 8 + 28});
  writer.Put(std::array<std::uint8_t, 8>{kProtocolIcmpv6, 0, 5, 2, 0, 0, 1, 0});  // router alert: MLD
  const std::size_t message_at = writer.length();
  writer.Put(std::array<std::uint8_t, 8>{143, 0, 0, 0, 0, 0, 0, 1});  // one record:
  writer.Put(std::array<std::uint8_t, 4>{4, 0, 0, 0});                // of the group, whatever the source
  writer.Put(SolicitedNodeOf(address));
  return FinishIcmp(writer, frame, ip_at, message_at);
}

}  // namespace hostscope::dataplane
