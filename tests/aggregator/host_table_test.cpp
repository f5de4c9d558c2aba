#include "aggregator/host_table.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <unordered_map>
#include <vector>

#include "aggregator/hashing.h"
#include "aggregator/host_slot.h"
#include "aggregator/wide_counters.h"
#include "tests/aggregator/expect_records.h"
#include "tests/aggregator/naive_reference.h"

namespace hostscope::aggregator {
namespace {

const HostTableOptions kSmall{.max_hosts = 20'000, .sketch_bytes = 64u << 20, .hash_key = 0x1234567};

FlowRecord Flow(const Address& source, const Address& destination) {
  FlowRecord record{};
  record.source = source;
  record.destination = destination;
  record.packets = 3;
  record.bytes = 180;
  record.protocol = 6;
  record.tcp_flags = 0x12;
  record.source_port = 40000;
  record.destination_port = 443;
  record.duration_us = 1500;
  record.traits = FlowRecord::kHasDuration | FlowRecord::kHasPorts;
  return record;
}

Address Host(std::uint32_t n) {
  return naive::HostAddress(n, false);
}

/// The record of one host, or one without flows.
HostRecord Find(HostTable& table, const Address& host) {
  table.Sort();
  for (std::size_t i = 0; i < table.hosts(); ++i) {
    const HostRecord record = table.RecordAt(i);
    if (record.host == host) return record;
  }
  return {};
}

TEST(HostTable, CountsBothRolesOfAFlow) {
  HostTable table(kSmall, NetworkSet::All());
  const FlowRecord flow = Flow(Host(1), Host(2));
  const HostTable::UpdateResult result = table.Update(std::span(&flow, 1));
  EXPECT_EQ(result.flows, 1U);
  EXPECT_EQ(result.packets, 3U);
  EXPECT_EQ(result.bytes, 180U);
  EXPECT_EQ(result.scaled, 0U);
  EXPECT_EQ(result.unmonitored, 0U);
  ASSERT_EQ(table.hosts(), 2U);

  const HostRecord source = Find(table, Host(1));
  EXPECT_EQ(source.network, Prefix::AllIpv4());
  EXPECT_EQ(source.sent.flows, 1U);
  EXPECT_EQ(source.sent.packets, 3U);
  EXPECT_EQ(source.sent.bytes, 180U);
  EXPECT_EQ(source.sent.duration_sum_us, 1500U);
  EXPECT_EQ(source.sent.duration_count, 1U);
  EXPECT_EQ(source.sent.peers, 1U);
  EXPECT_EQ(source.sent.src_ports, 1U);
  EXPECT_EQ(source.sent.dst_ports, 1U);
  EXPECT_EQ(source.sent.tcp, 1U);
  EXPECT_EQ(source.sent.tcp_flags, (std::array<std::uint64_t, 8>{0, 1, 0, 0, 1, 0, 0, 0}));
  EXPECT_EQ(source.received.flows, 0U);
  const HostRecord destination = Find(table, Host(2));
  EXPECT_EQ(destination.sent.flows, 0U);
  EXPECT_EQ(destination.received.flows, 1U);
  EXPECT_EQ(destination.received.peers, 1U);
}

TEST(HostTable, OneHostMayBeBothEnds) {
  HostTable table(kSmall, NetworkSet::All());
  const FlowRecord flow = Flow(Host(1), Host(1));
  EXPECT_EQ(table.Update(std::span(&flow, 1)).flows, 1U);
  ASSERT_EQ(table.hosts(), 1U);
  const HostRecord host = Find(table, Host(1));
  EXPECT_EQ(host.sent.flows, 1U);
  EXPECT_EQ(host.received.flows, 1U);
}

TEST(HostTable, OnlyWhatTheRecordCarriesIsCounted) {
  HostTable table(kSmall, NetworkSet::All());
  std::vector<FlowRecord> flows(4, Flow(Host(1), Host(2)));
  flows[0].traits = 0;  // neither ports nor duration; TCP all the same
  flows[1].protocol = 17;
  flows[1].traits = FlowRecord::kHasPorts | FlowRecord::kScaled;
  flows[2].protocol = 58;
  flows[2].traits = FlowRecord::kHasDuration;
  flows[3].protocol = 1;
  flows[3].traits = 0;
  EXPECT_EQ(table.Update(flows).scaled, 1U);
  const RoleFigures sent = Find(table, Host(1)).sent;
  EXPECT_EQ(sent.flows, 4U);
  EXPECT_EQ(sent.duration_count, 1U);
  EXPECT_EQ(sent.duration_sum_us, 1500U);
  EXPECT_EQ(sent.src_ports, 1U);
  EXPECT_EQ(sent.tcp, 1U);
  EXPECT_EQ(sent.udp, 1U);
  EXPECT_EQ(sent.icmp, 2U);
  EXPECT_EQ(sent.other_protocols(), 0U);
  // Control bits of the UDP and ICMP records mean nothing.
  EXPECT_EQ(sent.tcp_flags[1], 1U);
}

TEST(HostTable, ForeignAddressesGetNoRecordButArePeers) {
  const std::vector<Prefix> networks = {Prefix::Ipv4(Host(0).ipv4_bits(), 24)};
  HostTable table(kSmall, NetworkSet(networks));
  const Address foreign = Address::FromIpv4(0x08080808);
  const std::vector<FlowRecord> flows = {Flow(Host(1), foreign), Flow(foreign, Host(2)),
                                         Flow(foreign, foreign)};
  const HostTable::UpdateResult result = table.Update(flows);
  EXPECT_EQ(result.flows, 2U);
  EXPECT_EQ(result.unmonitored, 1U);
  EXPECT_EQ(result.packets, 6U);
  EXPECT_EQ(table.hosts(), 2U);
  EXPECT_EQ(Find(table, Host(1)).sent.peers, 1U);
  EXPECT_EQ(Find(table, Host(1)).network, networks[0]);
  // In the same /16 as the network, so the quick filter lets it through.
  const FlowRecord near = Flow(Host(256), Host(257));
  EXPECT_EQ(table.Update(std::span(&near, 1)).unmonitored, 1U);
  EXPECT_EQ(table.hosts(), 2U);
}

class HostTableProperty : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(HostTableProperty, EqualsTheNaiveReference) {
  const std::uint64_t seed = GetParam();
  const std::vector<Prefix> networks =
      seed % 2 == 0
          ? std::vector{Prefix::AllIpv4(), Prefix::AllIpv6()}
          : std::vector{Prefix::Ipv4(Host(0).ipv4_bits(), 19), Prefix::Ipv4(Host(512).ipv4_bits(), 24),
                        Prefix::Ipv6(naive::HostAddress(3, true), 48)};
  naive::StreamShape shape;
  shape.hosts = seed % 3 == 0 ? 200 : 9000;
  shape.skew = static_cast<double>(seed % 4) / 3;
  naive::Stream stream(seed, shape);
  HostTable table(kSmall, NetworkSet(networks));
  // Twice, to see that a cleared table is as new.
  for (int round = 0; round < 2; ++round) {
    naive::Reference reference(networks);
    HostTable::UpdateResult sum;
    std::mt19937_64 random(seed);
    for (int batch = 0; batch < 700; ++batch) {
      const std::vector<FlowRecord> records = stream.Next(random() % 129);
      reference.Count(records);
      const HostTable::UpdateResult result = table.Update(records);
      sum.flows += result.flows;
      sum.packets += result.packets;
      sum.bytes += result.bytes;
      sum.scaled += result.scaled;
      sum.unmonitored += result.unmonitored;
    }
    EXPECT_EQ(sum.flows, reference.flows);
    EXPECT_EQ(sum.packets, reference.packets);
    EXPECT_EQ(sum.bytes, reference.bytes);
    EXPECT_EQ(sum.scaled, reference.scaled);
    EXPECT_EQ(sum.unmonitored, reference.unmonitored);
    EXPECT_EQ(table.other_hosts(), 0U);
    EXPECT_EQ(table.saturated(), 0U);
    table.Sort();
    ExpectHosts(
        table.hosts(), [&](std::size_t i) { return table.RecordAt(i); }, reference, networks);
    ASSERT_FALSE(HasFailure());
    table.Clear();
    ASSERT_TRUE(table.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, HostTableProperty, ::testing::Range<std::uint64_t>(0, 8));

/// The sum over all records of one role, and what of it went to `other` records.
struct Sums {
  RoleFigures sent;
  RoleFigures received;
  std::uint64_t other_flows = 0;
};

Sums SumOf(HostTable& table) {
  Sums sums;
  table.Sort();
  for (std::size_t i = 0; i < table.hosts() + table.other_hosts(); ++i) {
    const HostRecord record = table.RecordAt(i);
    EXPECT_EQ(record.other, i >= table.hosts());
    naive::AddSums(sums.sent, record.sent);
    naive::AddSums(sums.received, record.received);
    if (record.other) sums.other_flows += record.sent.flows + record.received.flows;
  }
  return sums;
}

Sums SumOf(const naive::Reference& reference) {
  Sums sums;
  for (const auto& [address, host] : reference.hosts) {
    naive::AddSums(sums.sent, host.sent.sums);
    naive::AddSums(sums.received, host.received.sums);
  }
  return sums;
}

TEST(HostTable, FullTableGoesOnInOtherRecordsWithExactSums) {
  const std::vector<Prefix> networks = {Prefix::AllIpv6(), Prefix::Ipv4(Host(0).ipv4_bits(), 20),
                                        Prefix::AllIpv4()};
  HostTableOptions options = kSmall;
  options.max_hosts = 100;
  HostTable table(options, NetworkSet(networks));
  naive::Reference reference(networks);
  naive::Stream stream(5, {.hosts = 9000, .skew = 0.5});
  for (int batch = 0; batch < 300; ++batch) {
    const std::vector<FlowRecord> records = stream.Next(128);
    reference.Count(records);
    table.Update(records);
  }
  EXPECT_EQ(table.hosts(), 100U);
  EXPECT_EQ(table.other_hosts(), 3U);
  const Sums got = SumOf(table);
  const Sums want = SumOf(reference);
  ExpectSums(got.sent, want.sent);
  ExpectSums(got.received, want.received);
  EXPECT_EQ(table.overflows(), got.other_flows);
  EXPECT_GT(got.other_flows, 1000U);

  // Of `other` records, in prefix order: exactly the hosts of each network that got no record of their own.
  std::map<Address, bool> has_record;
  for (std::size_t i = 0; i < table.hosts(); ++i) has_record[table.RecordAt(i).host] = true;
  for (std::size_t i = table.hosts(); i < table.hosts() + table.other_hosts(); ++i) {
    const HostRecord other = table.RecordAt(i);
    if (i > table.hosts()) {
      EXPECT_LT(table.RecordAt(i - 1).network, other.network);
    }
    naive::RoleSums sent;
    naive::RoleSums received;
    for (const auto& [address, host] : reference.hosts) {
      if (has_record.contains(address) || networks[reference.NetworkOf(address)] != other.network) continue;
      naive::AddSums(sent.sums, host.sent.sums);
      naive::AddSums(received.sums, host.received.sums);
      sent.peers.insert(host.sent.peers.begin(), host.sent.peers.end());
      sent.src_ports.insert(host.sent.src_ports.begin(), host.sent.src_ports.end());
      sent.dst_ports.insert(host.sent.dst_ports.begin(), host.sent.dst_ports.end());
      received.peers.insert(host.received.peers.begin(), host.received.peers.end());
      received.src_ports.insert(host.received.src_ports.begin(), host.received.src_ports.end());
      received.dst_ports.insert(host.received.dst_ports.begin(), host.received.dst_ports.end());
    }
    ExpectRole(other.sent, sent);
    ExpectRole(other.received, received);
  }

  table.Clear();
  EXPECT_TRUE(table.empty());
  const FlowRecord flow = Flow(Host(1), Host(2));
  table.Update(std::span(&flow, 1));
  EXPECT_EQ(table.other_hosts(), 0U);
}

TEST(HostTable, NoRoomForAnyHostAtAll) {
  HostTableOptions options = kSmall;
  options.max_hosts = 0;
  HostTable table(options, NetworkSet::All());
  const FlowRecord flow = Flow(Host(1), Host(2));
  EXPECT_EQ(table.Update(std::span(&flow, 1)).flows, 1U);
  EXPECT_FALSE(table.empty());
  EXPECT_EQ(table.other_hosts(), 1U);
  table.Sort();
  EXPECT_EQ(table.RecordAt(0).sent.flows, 1U);
  EXPECT_EQ(table.RecordAt(0).received.flows, 1U);
}

TEST(HostTable, ExhaustedSketchPoolKeepsSumsExactAndDistinctCountsLower) {
  HostTableOptions options = kSmall;
  options.sketch_bytes = 16 * 1024;
  HostTable table(options, NetworkSet::All());
  const std::vector<Prefix> networks = {Prefix::AllIpv4(), Prefix::AllIpv6()};
  naive::Reference reference(networks);
  naive::Stream stream(17, {.hosts = 2000, .skew = 1.0});
  for (int batch = 0; batch < 500; ++batch) {
    const std::vector<FlowRecord> records = stream.Next(128);
    reference.Count(records);
    table.Update(records);
  }
  EXPECT_GT(table.saturated(), 0U);
  table.Sort();
  ASSERT_EQ(table.hosts(), reference.hosts.size());
  std::size_t i = 0;
  for (const auto& [address, host] : reference.hosts) {
    const HostRecord record = table.RecordAt(i++);
    ExpectSums(record.sent, host.sent.sums);
    const double most = static_cast<double>(host.sent.peers.size()) * (1 + kDistinctBound);
    EXPECT_LE(static_cast<double>(record.sent.peers), most);
    EXPECT_GE(record.sent.peers, std::min<std::size_t>(host.sent.peers.size(), 8));
  }
}

TEST(HostTable, HostsWithEqualTagsAreToldApart) {
  // The index keeps 32 bits of the hash: by the birthday paradox some of 400,000 hosts share them. In a table
  // of one or two buckets they meet.
  const HostTableOptions options{.max_hosts = 8, .sketch_bytes = 1 << 16, .hash_key = 99};
  std::unordered_map<std::uint32_t, std::uint32_t> by_tag;
  std::vector<std::pair<Address, Address>> pairs;
  for (std::uint32_t n = 0; n < 400'000; ++n) {
    const auto tag = static_cast<std::uint32_t>(TableHash(Host(n), options.hash_key));
    const auto [at, is_new] = by_tag.try_emplace(tag, n);
    if (!is_new) pairs.emplace_back(Host(at->second), Host(n));
  }
  ASSERT_GT(pairs.size(), 3U);
  for (const auto& [a, b] : pairs) {
    HostTable table(options, NetworkSet::All());
    const std::vector<FlowRecord> flows = {Flow(a, Host(1)), Flow(b, Host(1)), Flow(a, Host(1)),
                                           Flow(Host(1), b), Flow(Host(1), b)};
    table.Update(flows);
    table.Update(flows);
    EXPECT_EQ(table.hosts(), 3U);
    EXPECT_EQ(Find(table, a).sent.flows, 4U);
    EXPECT_EQ(Find(table, b).sent.flows, 2U);
    EXPECT_EQ(Find(table, b).received.flows, 4U);
    HostTable united(options, NetworkSet::All());
    united.Unite(table);
    united.Unite(table);
    EXPECT_EQ(united.hosts(), 3U);
    EXPECT_EQ(Find(united, a).sent.flows, 8U);
    EXPECT_EQ(Find(united, b).sent.flows, 4U);
  }
}

TEST(HostTable, SortsByAddressAcrossFamilies) {
  HostTable table(kSmall, NetworkSet::All());
  std::vector<Address> hosts = {Address{}, Address::FromIpv4(0), Address::FromIpv4(0xffffffff), Host(300),
                                Host(2)};
  Address high = Address::FromIpv4(0xffffffff);
  high.bytes[9] = 1;  // just above IPv4-mapped
  hosts.push_back(high);
  Address low{};
  low.bytes[15] = 1;
  hosts.push_back(low);
  for (std::uint32_t n = 0; n < 3000; ++n) hosts.push_back(naive::HostAddress(n * 7919, n % 2 == 0));
  for (const Address& host : hosts) {
    const FlowRecord flow = Flow(host, host);
    table.Update(std::span(&flow, 1));
  }
  std::sort(hosts.begin(), hosts.end());
  hosts.erase(std::unique(hosts.begin(), hosts.end()), hosts.end());
  table.Sort();
  ASSERT_EQ(table.hosts(), hosts.size());
  for (std::size_t i = 0; i < hosts.size(); ++i) EXPECT_EQ(table.RecordAt(i).host, hosts[i]);
}

TEST(HostTable, CountersGoOnBeyond32Bits) {
  // Doubling by uniting with a copy: 2^40 flows without counting them one by one.
  const FlowRecord flow = Flow(Host(1), Host(2));
  HostTable a(kSmall, NetworkSet::All());
  HostTable b(kSmall, NetworkSet::All());
  a.Update(std::span(&flow, 1));
  b.Unite(a);
  for (int i = 0; i < 20; ++i) {
    a.Unite(b);
    b.Unite(a);
  }
  // Fibonacci numbers of the roles' flows: 1, 1, then each the sum of both.
  std::uint64_t fa = 1;
  std::uint64_t fb = 1;
  for (int i = 0; i < 20; ++i) {
    fa += fb;
    fb += fa;
  }
  for (int i = 0; i < 14; ++i) {
    a.Unite(b);
    fa += fb;
    b.Unite(a);
    fb += fa;
  }
  ASSERT_GT(fa, std::uint64_t{1} << 33);
  for (auto& [table, flows] : {std::pair{&a, fa}, std::pair{&b, fb}}) {
    const RoleFigures sent = Find(*table, Host(1)).sent;
    EXPECT_EQ(sent.flows, flows);
    EXPECT_EQ(sent.tcp, flows);
    EXPECT_EQ(sent.duration_count, flows);
    EXPECT_EQ(sent.tcp_flags, (std::array<std::uint64_t, 8>{0, flows, 0, 0, flows, 0, 0, 0}));
    EXPECT_EQ(sent.packets, 3 * flows);
    EXPECT_EQ(sent.peers, 1U);
    EXPECT_EQ(sent.other_protocols(), 0U);
    EXPECT_EQ(Find(*table, Host(2)).received.flows, flows);
    EXPECT_EQ(Find(*table, Host(2)).sent.flows, 0U);
  }
  // And into a table that has none of it.
  HostTable c(kSmall, NetworkSet::All());
  c.Unite(a);
  EXPECT_EQ(Find(c, Host(1)).sent.flows, fa);
  a.Clear();
  a.Update(std::span(&flow, 1));
  EXPECT_EQ(Find(a, Host(1)).sent.flows, 1U);
}

TEST(HostTable, RefusesMoreHostsThanNumbers) {
  EXPECT_THROW(HostTable({.max_hosts = std::size_t{1} << 31}, NetworkSet::All()), std::invalid_argument);
}

/// What this process has of physical memory.
std::size_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// Every host sends to the next eight and receives from the eight before it, over ports of its own.
void CountEightPeersEach(HostTable& table, std::uint32_t hosts, unsigned rounds) {
  std::vector<FlowRecord> flows;
  for (std::uint32_t n = 0; n < hosts; ++n) {
    flows.clear();
    for (std::uint16_t k = 1; k <= 8; ++k) {
      FlowRecord flow = Flow(Host(n), Host((n + k) % hosts));
      flow.source_port = k;
      flow.destination_port = static_cast<std::uint16_t>(1000 + k);
      flows.insert(flows.end(), rounds, flow);
    }
    table.Update(flows);
  }
}

TEST(HostTable, AHostTakesTheMemoryThatItSays) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer's own memory grows with what is touched";
#endif
  constexpr std::uint32_t kHosts = 200'000;
  const HostTableOptions options{.max_hosts = kHosts, .sketch_bytes = 64u << 20, .hash_key = 7};
  const std::size_t before = ResidentBytes();
  HostTable table(options, NetworkSet::All());
  CountEightPeersEach(table, kHosts, 1);
  table.Sort();
  const std::size_t quiet = ResidentBytes() - before;
  ASSERT_EQ(table.hosts(), kHosts);
  EXPECT_EQ(table.RecordAt(kHosts / 2).received.peers, 8U);
  EXPECT_LE(quiet / kHosts, 384U);
  EXPECT_GE(quiet / kHosts, sizeof(HostSlot));

  // 256 flow records and more in each role: the counters outgrow the slot.
  CountEightPeersEach(table, kHosts, 32);
  const std::size_t busy = ResidentBytes() - before;
  EXPECT_GE(busy - quiet, 2 * kHosts * WideCounters::kBytesPerRole);
  EXPECT_LE(busy, HostTable::MaxMemory(options, NetworkSet::All()));
}

TEST(HostTable, TenMillionHostsFitInto8GiB) {
  constexpr std::size_t kTenMillion = 10'000'000;
  const HostTableOptions options{.max_hosts = kTenMillion};
  EXPECT_LE(HostTable::MaxMemory(options, NetworkSet::All()), std::size_t{8} << 30) << "whatever they do";
  // Up to eight peers and ports and 254 flow records in each role, as AHostTakesTheMemoryThatItSays measures.
  const std::size_t quiet =
      HostTable::MaxMemory({.max_hosts = kTenMillion, .sketch_bytes = 0}, NetworkSet::All()) -
      kTenMillion * 2 * WideCounters::kBytesPerRole;
  EXPECT_LE(quiet / kTenMillion, 384U);
}

TEST(HostTable, MaxMemoryGrowsWithHostsAndSketches) {
  const auto bytes = [](std::size_t hosts, std::size_t sketches) {
    return HostTable::MaxMemory({.max_hosts = hosts, .sketch_bytes = sketches}, NetworkSet::All());
  };
  EXPECT_EQ(bytes(1000, 5000) - bytes(1000, 1000), 4000U);
  const std::size_t per_host = (bytes(20'000'000, 0) - bytes(10'000'000, 0)) / 10'000'000;
  EXPECT_EQ(per_host, 256 + 2 * 128 + 4 + 10U) << "as host_slot.h says";
}

}  // namespace
}  // namespace hostscope::aggregator
