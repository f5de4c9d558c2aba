#include "tests/exporter/windows.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>

namespace hostscope::exporter {
namespace {

using aggregator::HostRecord;
using aggregator::RoleFigures;

constexpr std::int64_t kTenSeconds = 10 * kNanosecondsPerSecond;
constexpr std::int64_t kFirstStart = 1'795'467'610 * kNanosecondsPerSecond;

std::uint64_t Below(std::mt19937_64& random, std::uint64_t bound) {
  return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(random);
}

// Of every magnitude alike, so that texts of all lengths appear.
std::uint64_t AnyCount(std::mt19937_64& random, unsigned max_bits) {
  return random() >> (64 - 1 - Below(random, max_bits));
}

RoleFigures RandomRole(std::mt19937_64& random) {
  RoleFigures role;
  role.tcp = AnyCount(random, 40);
  role.udp = AnyCount(random, 40);
  role.icmp = AnyCount(random, 40);
  role.flows = role.tcp + role.udp + role.icmp + AnyCount(random, 40);
  role.packets = AnyCount(random, 63);
  role.bytes = AnyCount(random, 63);
  role.duration_count = Below(random, 4) == 0 ? 0 : 1 + AnyCount(random, 20);
  role.duration_sum_us = role.duration_count == 0 ? 0 : AnyCount(random, 60);
  role.peers = AnyCount(random, 30);
  role.src_ports = AnyCount(random, 16);
  role.dst_ports = AnyCount(random, 16);
  for (std::uint64_t& flag : role.tcp_flags) flag = AnyCount(random, 40);
  return role;
}

Address RandomAddress(std::mt19937_64& random) {
  if (Below(random, 2) == 0) return Address::FromIpv4(static_cast<std::uint32_t>(random()));
  std::array<std::uint8_t, 16> octets{};
  for (std::uint8_t& octet : octets)
    octet = Below(random, 2) == 0 ? std::uint8_t{0} : static_cast<std::uint8_t>(random());
  return Address::FromIpv6(octets.data());
}

Prefix RandomPrefixOf(const Address& address, std::mt19937_64& random) {
  return address.IsIpv4() ? Prefix::Ipv4(address.ipv4_bits(), static_cast<unsigned>(Below(random, 33)))
                          : Prefix::Ipv6(address, static_cast<unsigned>(Below(random, 129)));
}

aggregator::RoleTops RandomRoleTops(std::mt19937_64& random, bool has_peers, bool has_dst_ports) {
  aggregator::RoleTops tops;
  if (has_peers) {
    tops.peers.error = AnyCount(random, 40);
    tops.peers.entries.resize(Below(random, aggregator::TopOptions::kMax + 1));
    for (aggregator::TopPeer& entry : tops.peers.entries)
      entry = {RandomAddress(random), AnyCount(random, 63)};
  }
  if (has_dst_ports) {
    tops.dst_ports.error = AnyCount(random, 40);
    tops.dst_ports.entries.resize(Below(random, aggregator::TopOptions::kMax + 1));
    for (aggregator::TopPort& entry : tops.dst_ports.entries)
      entry = {static_cast<std::uint16_t>(AnyCount(random, 16)), AnyCount(random, 63)};
  }
  return tops;
}

}  // namespace

ListedWindow::ListedWindow(aggregator::WindowSpan span, std::vector<HostRecord> records, bool partial)
    : span_(span), records_(std::move(records)), partial_(partial) {
  for (const HostRecord& record : records_) {
    ++(record.other ? summary_.other_hosts : summary_.hosts);
    summary_.flows += record.sent.flows;
    summary_.packets += record.sent.packets;
    summary_.bytes += record.sent.bytes;
  }
  if (!partial) return;
  summary_.clock_step_ns = -3'600'500'000'000;
  summary_.part = kFirstStart;
}

aggregator::WindowSpan TenSeconds(std::int64_t index) {
  return {ReceiveTime{kFirstStart + index * kTenSeconds}, kTenSeconds};
}

HostRecord SenderRecord() {
  constexpr std::array<std::uint8_t, 4> kHost{10, 20, 30, 40};
  std::uint32_t host = 0;
  std::memcpy(&host, kHost.data(), sizeof(host));
  HostRecord record;
  record.host = Address::FromIpv4(host);
  record.network = Prefix::Ipv4(host, 16);
  record.sent = {.flows = 12,
                 .packets = 340,
                 .bytes = 41022,
                 .duration_sum_us = 20'808'000,
                 .duration_count = 12,
                 .peers = 5,
                 .src_ports = 7,
                 .dst_ports = 3,
                 .tcp_flags = {3, 4, 0, 6, 9, 0, 0, 0},
                 .tcp = 9,
                 .udp = 3,
                 .icmp = 0};
  return record;
}

aggregator::NetworkRecord LevelRecord() {
  const HostRecord host = SenderRecord();
  aggregator::NetworkRecord record;
  record.prefix = Prefix::Ipv4(host.host.ipv4_bits(), 24);
  record.within = host.network;
  record.hosts = 7;
  record.sent = host.sent;
  return record;
}

std::vector<aggregator::NetworkRecord> ManyNetworks(std::uint32_t count) {
  std::vector<aggregator::NetworkRecord> records(count, LevelRecord());
  for (std::uint32_t i = 0; i < count; ++i) {
    records[i].prefix = Prefix::Ipv4(__builtin_bswap32((10U << 24) + 256 * i), 24);
    records[i].within = Prefix::AllIpv4();
  }
  return records;
}

HostRecord LongestRecord() {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  std::array<std::uint8_t, 16> octets;
  octets.fill(0xff);
  HostRecord record;
  record.host = Address::FromIpv6(octets.data());
  record.network = Prefix::Ipv6(record.host, 128);
  record.sent = {.flows = kMost,
                 .packets = kMost,
                 .bytes = kMost,
                 .duration_sum_us = kMost,
                 .duration_count = 1,
                 .peers = kMost,
                 .src_ports = kMost,
                 .dst_ports = kMost,
                 .tcp = kMost,
                 .udp = kMost,
                 .icmp = kMost};
  record.sent.tcp_flags.fill(kMost);
  record.received = record.sent;
  aggregator::HostTops tops;
  tops.has_peers = tops.has_dst_ports = true;
  tops.sent.peers = {{aggregator::TopOptions::kMax, {record.host, kMost}}, kMost};
  tops.sent.dst_ports = {{aggregator::TopOptions::kMax, {65535, kMost}}, kMost};
  tops.received = tops.sent;
  record.tops = std::make_shared<aggregator::HostTops>(std::move(tops));
  return record;
}

HostRecord RandomRecord(std::mt19937_64& random) {
  HostRecord record;
  record.host = RandomAddress(random);
  record.network = RandomPrefixOf(record.host, random);
  record.other = Below(random, 10) == 0;
  const std::uint64_t roles = Below(random, 3);
  if (roles != 1) record.sent = RandomRole(random);
  if (roles != 0) record.received = RandomRole(random);
  return record;
}

aggregator::HostTops RandomTops(std::mt19937_64& random) {
  aggregator::HostTops tops;
  const std::uint64_t kinds = Below(random, 3);
  tops.has_peers = kinds != 0;
  tops.has_dst_ports = kinds != 1;
  tops.by = Below(random, 2) == 0 ? aggregator::TopBy::kFlows : aggregator::TopBy::kBytes;
  tops.sent = RandomRoleTops(random, tops.has_peers, tops.has_dst_ports);
  tops.received = RandomRoleTops(random, tops.has_peers, tops.has_dst_ports);
  return tops;
}

ListedWindow ManyHosts(std::size_t hosts, std::int64_t window_index) {
  std::mt19937_64 random(static_cast<std::uint64_t>(window_index));
  std::vector<HostRecord> records(hosts);
  for (std::size_t i = 0; i < hosts; ++i) {
    HostRecord& record = records[i];
    record = RandomRecord(random);
    record.other = false;
    // An odd multiplier makes 32-bit addresses that are all different and all over the partitions.
    const std::uint32_t spread = static_cast<std::uint32_t>(i) * 0x9e3779b1U;
    if (i % 5 != 0) {
      record.host = Address::FromIpv4(spread);
      record.network = Prefix::AllIpv4();
    } else {
      std::array<std::uint8_t, 16> octets{0x20, 0x01, 0x0d, 0xb8};
      std::memcpy(&octets[12], &spread, sizeof(spread));
      record.host = Address::FromIpv6(octets.data());
      record.network = Prefix::AllIpv6();
    }
  }
  std::sort(records.begin(), records.end(),
            [](const HostRecord& a, const HostRecord& b) { return a.host < b.host; });
  return ListedWindow(TenSeconds(window_index), std::move(records));
}

}  // namespace hostscope::exporter
