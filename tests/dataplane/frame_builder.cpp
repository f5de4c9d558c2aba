#include "tests/dataplane/frame_builder.h"

#include <arpa/inet.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace hostscope::dataplane::testing {
namespace {

void Put8(Bytes& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value));
}
void Put16(Bytes& out, std::size_t value) {
  Put8(out, value >> 8 & 0xff);
  Put8(out, value & 0xff);
}
template <typename Range>
void PutAll(Bytes& out, const Range& bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

Bytes AddressBytes(const Address& address) {
  const std::size_t skip = address.IsIpv4() ? 12 : 0;
  return {address.bytes.begin() + static_cast<std::ptrdiff_t>(skip), address.bytes.end()};
}

void Set16(Bytes& bytes, std::size_t at, std::uint16_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value & 0xff);
}

Bytes LinkHeader(const MacAddress& to, const MacAddress& from, const std::vector<Tag>& tags,
                 std::uint16_t type) {
  Bytes out(to.begin(), to.end());
  PutAll(out, from);
  for (const Tag& tag : tags) {
    Put16(out, tag.ether_type);
    Put16(out, tag.id);
  }
  Put16(out, type);
  return out;
}

Bytes Ipv4Header(const IpFrame& frame, std::uint8_t protocol, std::size_t payload_length) {
  const std::size_t length = 20 + frame.ipv4_options.size();
  Bytes header;
  Put8(header, 0x40 | length / 4);
  Put8(header, 0);
  Put16(header, frame.ip_length.value_or(static_cast<std::uint16_t>(length + payload_length)));
  Put16(header, frame.ipv4_id);
  Put16(header, frame.ipv4_fragment);
  Put8(header, frame.hop_limit);
  Put8(header, protocol);
  Put16(header, 0);
  PutAll(header, AddressBytes(frame.source));
  PutAll(header, AddressBytes(frame.destination));
  PutAll(header, frame.ipv4_options);
  Set16(header, 10, frame.ipv4_checksum.value_or(Checksum(header)));
  return header;
}

Bytes Ipv6Header(const IpFrame& frame, std::uint8_t protocol, std::size_t payload_length) {
  Bytes extensions;
  for (std::size_t i = 0; i < frame.extensions.size(); ++i) {
    Put8(extensions, i + 1 < frame.extensions.size() ? frame.extensions[i + 1].type : protocol);
    PutAll(extensions, frame.extensions[i].body);
  }
  Bytes header{0x60, 0, 0, 0};
  Put16(header, frame.ip_length.value_or(static_cast<std::uint16_t>(extensions.size() + payload_length)));
  Put8(header, frame.extensions.empty() ? protocol : frame.extensions.front().type);
  Put8(header, frame.hop_limit);
  PutAll(header, AddressBytes(frame.source));
  PutAll(header, AddressBytes(frame.destination));
  PutAll(header, extensions);
  return header;
}

}  // namespace

Address ParseAddress(std::string_view text) {
  const std::string copy(text);
  std::uint32_t v4;
  if (inet_pton(AF_INET, copy.c_str(), &v4) == 1) return Address::FromIpv4(v4);
  std::array<std::uint8_t, 16> v6{};
  if (inet_pton(AF_INET6, copy.c_str(), v6.data()) == 1) return Address::FromIpv6(v6.data());
  throw std::invalid_argument("no address: " + copy);
}

std::uint16_t Checksum(const Bytes& data, std::uint32_t sum) {
  for (std::size_t i = 0; i < data.size(); i += 2) {
    sum += static_cast<std::uint32_t>(data[i] << 8 | (i + 1 < data.size() ? data[i + 1] : 0));
    sum = (sum & 0xffff) + (sum >> 16);
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum & 0xffff);
}

std::uint32_t PseudoSum(const Address& source, const Address& destination, std::uint8_t protocol,
                        std::size_t length) {
  Bytes pseudo = AddressBytes(source);
  PutAll(pseudo, AddressBytes(destination));
  Put16(pseudo, length);
  Put16(pseudo, protocol);
  return static_cast<std::uint16_t>(~Checksum(pseudo));
}

Bytes Build(const IpFrame& frame, std::uint8_t protocol, const Bytes& transport) {
  const bool is_ipv4 = frame.source.IsIpv4();
  Bytes out = LinkHeader(frame.destination_mac, frame.source_mac, frame.tags, is_ipv4 ? 0x0800 : 0x86dd);
  PutAll(out, is_ipv4 ? Ipv4Header(frame, protocol, transport.size())
                      : Ipv6Header(frame, protocol, transport.size()));
  PutAll(out, transport);
  PutAll(out, frame.trailer);
  return out;
}

namespace {

Bytes UdpBytes(const UdpFrame& frame) {
  Bytes udp;
  Put16(udp, frame.source_port);
  Put16(udp, frame.destination_port);
  const std::size_t length = 8 + frame.payload.size();
  Put16(udp, frame.udp_length.value_or(static_cast<std::uint16_t>(length)));
  Put16(udp, 0);
  PutAll(udp, frame.payload);
  const std::uint16_t truth = Checksum(udp, PseudoSum(frame.source, frame.destination, 17, length));
  Set16(udp, 6, frame.udp_checksum.value_or(truth == 0 ? 0xffff : truth));
  return udp;
}

}  // namespace

Bytes Build(const UdpFrame& frame) {
  return Build(frame, 17, UdpBytes(frame));
}

Bytes BuildFragment(const UdpFrame& frame, std::uint32_t id, std::size_t offset, std::size_t length) {
  const Bytes udp = UdpBytes(frame);
  const std::size_t end = std::min(offset + length, udp.size());
  const Bytes part(udp.begin() + static_cast<std::ptrdiff_t>(offset),
                   udp.begin() + static_cast<std::ptrdiff_t>(end));
  IpFrame ip = frame;
  const bool has_more = end < udp.size();
  if (frame.source.IsIpv4()) {
    ip.ipv4_id = static_cast<std::uint16_t>(id);
    ip.ipv4_fragment = static_cast<std::uint16_t>((has_more ? 0x2000 : 0) | offset / 8);
    return Build(ip, 17, part);
  }
  Bytes body{0};
  Put16(body, offset | (has_more ? 1 : 0));
  Put16(body, id >> 16);
  Put16(body, id & 0xffff);
  ip.extensions.push_back({44, body});
  return Build(ip, 17, part);
}

std::vector<Bytes> BuildFragments(const UdpFrame& frame, std::uint32_t id, std::size_t length) {
  std::vector<Bytes> fragments;
  for (std::size_t offset = 0; offset < 8 + frame.payload.size(); offset += length) {
    fragments.push_back(BuildFragment(frame, id, offset, length));
  }
  return fragments;
}

Bytes BuildIcmp(const IpFrame& frame, Bytes message) {
  const bool is_ipv4 = frame.source.IsIpv4();
  Set16(message, 2, 0);
  Set16(message, 2,
        Checksum(message, is_ipv4 ? 0 : PseudoSum(frame.source, frame.destination, 58, message.size())));
  return Build(frame, is_ipv4 ? 1 : 58, message);
}

Bytes BuildArp(const std::vector<Tag>& tags, std::uint16_t operation, const MacAddress& sender_mac,
               const Address& sender, const Address& target) {
  constexpr MacAddress kBroadcast{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  Bytes out = LinkHeader(kBroadcast, sender_mac, tags, 0x0806);
  PutAll(out, Bytes{0, 1, 0x08, 0x00, 6, 4});
  Put16(out, operation);
  PutAll(out, sender_mac);
  PutAll(out, AddressBytes(sender));
  PutAll(out, MacAddress{});
  PutAll(out, AddressBytes(target));
  out.resize(out.size() + 18);  // Ethernet's padding to 60 bytes
  return out;
}

}  // namespace hostscope::dataplane::testing
