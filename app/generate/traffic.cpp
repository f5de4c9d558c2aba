#include "app/generate/traffic.h"

#include <algorithm>
#include <array>
#include <bit>
#include <numeric>
#include <stdexcept>

#include "exporter/encoding/address_text.h"

namespace hostscope::app {
namespace {

constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kIcmpv6 = 58;

constexpr std::array<std::uint16_t, 8> kServices = {443, 80, 53, 22, 25, 123, 993, 3389};
// FIN 1, SYN 2, RST 4, PSH 8, ACK 16, ECE 64, CWR 128: whole connections, attempts, refusals, ECN.
constexpr std::array<std::uint8_t, 8> kFlagSets = {0x1b, 0x1b, 0x18, 0x02, 0x14, 0x16, 0x1e, 0xdb};

std::uint64_t Ipv6Hosts(const GenerateOptions& options) {
  if (options.ipv6_share <= 0) return 0;
  if (options.ipv6_share >= 1) return options.hosts;
  const auto hosts = static_cast<std::uint64_t>(static_cast<double>(options.hosts) * options.ipv6_share);
  return std::clamp<std::uint64_t>(hosts, 1, options.hosts - 1);
}

std::uint64_t CoprimeNear(std::uint64_t count, double part) {
  auto stride = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(static_cast<double>(count) * part));
  while (std::gcd(stride, count) != 1) ++stride;
  return stride;
}

}  // namespace

Traffic::Population::Population(std::uint64_t hosts, double exponent, const Prefix& in, std::uint64_t first)
    : count(hosts),
      zipf(std::max<std::uint64_t>(hosts, 1), exponent),
      network(in),
      first_index(first),
      source_stride(CoprimeNear(std::max<std::uint64_t>(hosts, 1), 0.6180339887)),
      destination_stride(CoprimeNear(std::max<std::uint64_t>(hosts, 1), 0.4142135624)) {
  const unsigned host_bits = 128U - network.length;
  if (host_bits < 64 && hosts > std::uint64_t{1} << host_bits) {
    throw std::invalid_argument(exporter::ToText(network) + " has no room for " + std::to_string(hosts) +
                                " hosts");
  }
}

Address Traffic::Population::AddressOf(std::uint64_t host) const noexcept {
  Address address = network.network;
  for (std::size_t i = 16; i-- > 0 && host != 0; host >>= 8) {
    address.bytes[i] = static_cast<std::uint8_t>(address.bytes[i] | (host & 0xff));
  }
  return address;
}

Traffic::Traffic(const GenerateOptions& options)
    : random_(options.seed),
      ipv6_share_(options.ipv6_share),
      ipv4_(options.hosts - Ipv6Hosts(options), options.zipf, options.ipv4_network, 0),
      ipv6_(Ipv6Hosts(options), options.zipf, options.ipv6_network, ipv4_.count) {}

SyntheticFlow Traffic::Next() {
  SyntheticFlow flow;
  const bool is_ipv6 = ipv6_share_ > 0 && random_.Unit() < ipv6_share_;
  ChooseHosts(is_ipv6 ? ipv6_ : ipv4_, flow);
  ChooseTransport(flow);
  ChooseVolume(flow);
  return flow;
}

void Traffic::ChooseHosts(const Population& population, SyntheticFlow& flow) {
  const std::uint64_t source =
      (population.zipf.Draw(random_) - 1) * population.source_stride % population.count;
  std::uint64_t destination =
      (population.zipf.Draw(random_) - 1) * population.destination_stride % population.count;
  if (destination == source) destination = (destination + 1) % population.count;
  flow.source = population.AddressOf(source);
  flow.destination = population.AddressOf(destination);
  flow.source_index = population.first_index + source;
  flow.destination_index = population.first_index + destination;
}

void Traffic::ChooseTransport(SyntheticFlow& flow) {
  const std::uint64_t kind = random_.Below(100);
  if (kind < 3) {
    flow.protocol = flow.source.IsIpv4() ? kIcmp : kIcmpv6;
    flow.destination_port = flow.source.IsIpv4() ? 8 << 8 : 128 << 8;  // echo request, code 0
    return;
  }
  flow.protocol = kind < 70 ? kTcp : kUdp;
  if (flow.protocol == kTcp) flow.tcp_flags = kFlagSets[random_.Below(kFlagSets.size())];
  const std::uint16_t service = kServices[random_.Below(kServices.size())];
  const auto ephemeral = static_cast<std::uint16_t>(32768 + random_.Below(28232));
  const bool is_reply = random_.Below(2) == 1;
  flow.source_port = is_reply ? service : ephemeral;
  flow.destination_port = is_reply ? ephemeral : service;
}

void Traffic::ChooseVolume(SyntheticFlow& flow) {
  // Half the flows have one packet, a quarter up to two, an eighth up to four, and so on: few carry most of
  // the bytes.
  const unsigned size_class = std::min(static_cast<unsigned>(std::countl_zero(random_.Bits())), 16U);
  flow.packets = 1 + random_.Below(std::uint64_t{1} << size_class);
  flow.bytes = flow.packets * (40 + random_.Below(1461));
  flow.duration_ms = flow.packets == 1 ? 0 : static_cast<std::uint32_t>(random_.Below(30'000));
  flow.age_ms = static_cast<std::uint32_t>(random_.Below(1000));
}

}  // namespace hostscope::app
