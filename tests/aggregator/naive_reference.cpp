#include "tests/aggregator/naive_reference.h"

#include <cmath>

#include "aggregator/network_set.h"

namespace hostscope::aggregator::naive {
namespace {

void CountRole(RoleSums& role, const FlowRecord& record, const Address& peer) {
  RoleFigures& sums = role.sums;
  sums.flows += 1;
  sums.packets += record.packets;
  sums.bytes += record.bytes;
  if (record.Has(FlowRecord::kHasDuration)) {
    sums.duration_sum_us += record.duration_us;
    sums.duration_count += 1;
  }
  role.peers.insert(peer);
  if (record.Has(FlowRecord::kHasPorts)) {
    role.src_ports.insert(record.source_port);
    role.dst_ports.insert(record.destination_port);
  }
  if (record.protocol == 6) {
    sums.tcp += 1;
    for (unsigned bit = 0; bit < 8; ++bit) sums.tcp_flags[bit] += record.tcp_flags >> bit & 1U;
  }
  if (record.protocol == 17) sums.udp += 1;
  if (record.protocol == 1 || record.protocol == 58) sums.icmp += 1;
}

}  // namespace

std::uint32_t Reference::NetworkOf(const Address& address) const {
  std::uint32_t best = NetworkSet::kNone;
  for (std::uint32_t i = 0; i < networks_.size(); ++i) {
    if (!networks_[i].Contains(address)) continue;
    if (best == NetworkSet::kNone || networks_[best].length < networks_[i].length) best = i;
  }
  return best;
}

void Reference::Count(const FlowRecord& record) {
  const bool counts_source = NetworkOf(record.source) != NetworkSet::kNone;
  const bool counts_destination = NetworkOf(record.destination) != NetworkSet::kNone;
  if (counts_source) CountRole(hosts[record.source].sent, record, record.destination);
  if (counts_destination) CountRole(hosts[record.destination].received, record, record.source);
  if (!counts_source && !counts_destination) {
    ++unmonitored;
    return;
  }
  ++flows;
  packets += record.packets;
  bytes += record.bytes;
  if (record.Has(FlowRecord::kScaled)) ++scaled;
}

void AddSums(RoleFigures& to, const RoleFigures& from) {
  to.flows += from.flows;
  to.packets += from.packets;
  to.bytes += from.bytes;
  to.duration_sum_us += from.duration_sum_us;
  to.duration_count += from.duration_count;
  for (std::size_t bit = 0; bit < 8; ++bit) to.tcp_flags[bit] += from.tcp_flags[bit];
  to.tcp += from.tcp;
  to.udp += from.udp;
  to.icmp += from.icmp;
}

Address HostAddress(std::uint32_t n, bool is_ipv6) {
  Address address;
  if (is_ipv6) {
    address.bytes = {0x20, 0x01, 0x0d, 0xb8};
    address.bytes[5] = static_cast<std::uint8_t>(n % 7);
  } else {
    address = Address::FromIpv4(10);
  }
  address.bytes[13] = static_cast<std::uint8_t>(n >> 16);
  address.bytes[14] = static_cast<std::uint8_t>(n >> 8);
  address.bytes[15] = static_cast<std::uint8_t>(n);
  return address;
}

Address Stream::PickAddress() {
  const double uniform = std::uniform_real_distribution<double>(0, 1)(random_);
  // The share of the first x of the hosts is x^(1 / (1 + 3 skew)): flat for 0, steep for 1.
  const double place = std::pow(uniform, 1 + 3 * shape_.skew);
  const auto n = static_cast<std::uint32_t>(place * shape_.hosts);
  // Family by the number, not by chance, so that there are no more hosts than asked for.
  return HostAddress(n, (n * 2654435761U >> 8) % 1000 < shape_.ipv6_share * 1000);
}

FlowRecord Stream::Next() {
  constexpr std::uint8_t kProtocols[] = {6, 6, 6, 17, 17, 1, 58, 132, 47};
  FlowRecord record{};
  record.source = PickAddress();
  record.destination = PickAddress();
  record.packets = 1 + Below(1000);
  record.bytes = record.packets * (40 + Below(1460));
  record.protocol = kProtocols[Below(9)];
  record.tcp_flags = static_cast<std::uint8_t>(Below(256));
  record.source_port = static_cast<std::uint16_t>(Below(shape_.ports));
  record.destination_port = static_cast<std::uint16_t>(Below(3) == 0 ? Below(shape_.ports) : Below(16));
  record.duration_us = Below(60'000'000);
  if (Below(10) != 0) record.traits |= FlowRecord::kHasDuration;
  if (record.protocol == 6 || record.protocol == 17 || record.protocol == 132)
    record.traits |= FlowRecord::kHasPorts;
  if (Below(4) == 0) record.traits |= FlowRecord::kScaled;
  return record;
}

std::vector<FlowRecord> Stream::Next(std::size_t count) {
  std::vector<FlowRecord> records(count);
  for (FlowRecord& record : records) record = Next();
  return records;
}

}  // namespace hostscope::aggregator::naive
