#include "aggregator/network_rollup.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "aggregator/merger.h"
#include "aggregator/table_window.h"
#include "aggregator/worker_aggregator.h"
#include "tests/aggregator/expect_records.h"
#include "tests/aggregator/naive_networks.h"

namespace hostscope::aggregator {
namespace {

HostTableOptions Options(std::size_t max_hosts = 5000) {
  return {.max_hosts = max_hosts, .sketch_bytes = std::size_t{64} << 20, .hash_key = 77};
}

/// Hosts on both sides of IPv4's place in the order of addresses.
std::vector<FlowRecord> SpreadOut(std::vector<FlowRecord> records) {
  const auto move = [](Address& address) {
    if (!address.IsIpv4() && address.bytes[5] % 3 == 1)
      std::fill_n(address.bytes.begin(), 6, std::uint8_t{0});
  };
  for (FlowRecord& record : records) {
    move(record.source);
    move(record.destination);
  }
  return records;
}

void ExpectRoleOf(const NetworkTotals& got, Role role, const RoleFigures& figures,
                  const naive::RoleSums& want) {
  ExpectRole(figures, want);
  ASSERT_EQ(got.SketchOf(role, DistinctFigure::kPeers), naive::SketchOf(want.peers));
  ASSERT_EQ(got.SketchOf(role, DistinctFigure::kSrcPorts), naive::SketchOf(want.src_ports));
  ASSERT_EQ(got.SketchOf(role, DistinctFigure::kDstPorts), naive::SketchOf(want.dst_ports));
}

void ExpectNetworks(const HostTable& table, const NetworkLevels& levels,
                    const std::vector<naive::Network>& expected) {
  std::size_t i = 0;
  table.ForEachNetwork(levels, [&](const NetworkTotals& totals) {
    EXPECT_LT(i, expected.size());
    if (i >= expected.size()) return false;
    const naive::Network& want = expected[i++];
    const NetworkRecord got = totals.record();
    EXPECT_EQ(got.prefix, want.prefix) << "at " << i;
    EXPECT_EQ(got.within, want.within);
    EXPECT_EQ(got.is_monitored, want.is_monitored);
    EXPECT_EQ(got.is_incomplete, want.is_incomplete);
    EXPECT_EQ(got.hosts, want.hosts);
    EXPECT_EQ(got.other_hosts, want.other_hosts);
    ExpectRoleOf(totals, Role::kSent, got.sent, want.sums.sent);
    ExpectRoleOf(totals, Role::kReceived, got.received, want.sums.received);
    return !::testing::Test::HasFailure();
  });
  EXPECT_EQ(i, expected.size());
  EXPECT_EQ(table.CountNetworks(levels), expected.size());
}

// ---- any stream, any networks, any levels
// -------------------------------------------------------------------------

/// Around addresses of the stream, at any depth, some of them twice; seldom all of a family.
std::vector<Prefix> RandomNetworks(std::mt19937_64& random) {
  std::vector<Prefix> networks;
  const std::size_t count = 1 + random() % 12;
  while (networks.size() < count) {
    const auto n = static_cast<std::uint32_t>(random() % 3000);
    if (random() % 2 == 0) {
      const Address address = naive::HostAddress(n, false);
      const unsigned length = random() % 6 == 0 ? 0 : 6 + static_cast<unsigned>(random() % 27);
      networks.push_back(Prefix::Ipv4(address.ipv4_bits(), length));
    } else {
      const Address address = naive::HostAddress(n, true);
      const unsigned length = random() % 6 == 0 ? 0 : static_cast<unsigned>(1 + random() % 128);
      networks.push_back(Prefix::Ipv6(address, length));
    }
    if (random() % 5 == 0) networks.push_back(networks.back());
  }
  return networks;
}

NetworkLevels RandomLevels(std::mt19937_64& random) {
  NetworkLevels levels{{}, {}};
  for (std::uint64_t i = random() % 5; i > 0; --i) {
    levels.ipv4.push_back(static_cast<std::uint8_t>(1 + random() % 31));
    levels.ipv6.push_back(static_cast<std::uint8_t>(1 + random() % 127));
  }
  return levels;
}

class NetworkRollupProperty : public ::testing::TestWithParam<int> {};

TEST_P(NetworkRollupProperty, EqualsDirectCounting) {
  const auto seed = static_cast<std::uint64_t>(GetParam());
  std::mt19937_64 random(seed);
  const naive::StreamShape shape{.hosts = seed % 2 == 0 ? 60U : 3000U,
                                 .skew = static_cast<double>(seed % 3),
                                 .ipv6_share = 0.4,
                                 .ports = seed % 5 == 0 ? 12U : 65536U};
  naive::Stream stream(seed, shape);
  for (int round = 0; round < 4; ++round) {
    const std::vector<Prefix> networks =
        round == 0 ? std::vector{Prefix::AllIpv4(), Prefix::AllIpv6()} : RandomNetworks(random);
    const NetworkLevels levels = round == 0 ? NetworkLevels{} : RandomLevels(random);
    naive::Reference reference(networks);
    HostTable table(Options(), NetworkSet(networks));
    const std::vector<FlowRecord> records = SpreadOut(stream.Next(1 + random() % 6000));
    reference.Count(records);
    table.Update(records);
    table.Sort();
    ExpectNetworks(table, levels, naive::RollUp(reference, networks, levels));
    ASSERT_FALSE(HasFailure());
  }
}

TEST_P(NetworkRollupProperty, OtherRecordsCountWhereTheyAreKnownToBe) {
  const auto seed = static_cast<std::uint64_t>(GetParam());
  std::mt19937_64 random(seed + 1000);
  naive::Stream stream(seed, {.hosts = 800, .skew = 1, .ipv6_share = 0.4});
  const std::vector<Prefix> networks =
      seed == 1 ? std::vector{Prefix::AllIpv4(), Prefix::AllIpv6()} : RandomNetworks(random);
  const NetworkLevels levels = RandomLevels(random);
  naive::Reference reference(networks);
  HostTable table(Options(20 + random() % 200), NetworkSet(networks));
  const std::vector<FlowRecord> records = SpreadOut(stream.Next(4000));
  reference.Count(records);
  table.Update(records);
  table.Sort();
  std::set<Address> known;
  for (std::size_t i = 0; i < table.hosts(); ++i) known.insert(table.RecordAt(i).host);
  ExpectNetworks(table, levels, naive::RollUp(reference, networks, levels, [&](const Address& host) {
                   return known.contains(host);
                 }));
}

INSTANTIATE_TEST_SUITE_P(Seeds, NetworkRollupProperty, ::testing::Range(1, 16));

// ---- cases
// --------------------------------------------------------------------------------------------------------

Address Ipv4(std::uint32_t host_order) {
  return Address::FromIpv4(__builtin_bswap32(host_order));
}

FlowRecord Flow(std::uint32_t from, std::uint32_t to) {
  FlowRecord record{};
  record.source = Ipv4(from);
  record.destination = Ipv4(to);
  record.packets = 1;
  record.bytes = 100;
  record.protocol = 17;
  return record;
}

std::vector<NetworkRecord> RecordsOf(const HostTable& table, const NetworkLevels& levels) {
  std::vector<NetworkRecord> records;
  table.ForEachNetwork(levels, [&](const NetworkTotals& totals) {
    records.push_back(totals.record());
    return true;
  });
  return records;
}

// A level's record is of the whole prefix, whatever smaller monitored network part of it belongs to.
TEST(NetworkRollup, ANestedNetworkCountsInTheLevelsAroundIt) {
  const std::vector networks{Prefix::Ipv4(Ipv4(0x0a000000).ipv4_bits(), 8),
                             Prefix::Ipv4(Ipv4(0x0a141e80).ipv4_bits(), 25)};
  HostTable table(Options(), NetworkSet(networks));
  table.Update(std::vector{Flow(0x0a141e05, 0x01020304), Flow(0x0a141e85, 0x01020304)});
  table.Sort();
  const std::vector<NetworkRecord> records = RecordsOf(table, {{24}, {}});
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].prefix, networks[1]);
  EXPECT_EQ(records[0].within, networks[0]);
  EXPECT_EQ(records[0].hosts, 1U);
  EXPECT_EQ(records[1].prefix, Prefix::Ipv4(Ipv4(0x0a141e00).ipv4_bits(), 24));
  EXPECT_FALSE(records[1].is_monitored);
  EXPECT_EQ(records[1].within, networks[0]);
  EXPECT_EQ(records[1].hosts, 2U);
  EXPECT_EQ(records[1].sent.flows, 2U);
  EXPECT_EQ(records[1].sent.peers, 1U);  // united, not summed
  EXPECT_EQ(records[2].prefix, networks[0]);
  EXPECT_EQ(records[2].within, std::nullopt);
}

TEST(NetworkRollup, ALevelThatIsNotLongerThanTheNetworkHasNoRecord) {
  const std::vector networks{Prefix::Ipv4(Ipv4(0x0a140000).ipv4_bits(), 16)};
  HostTable table(Options(), NetworkSet(networks));
  table.Update(std::vector{Flow(0x0a141e05, 0x01020304)});
  table.Sort();
  const std::vector<NetworkRecord> records = RecordsOf(table, {{8, 16}, {}});
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].prefix, networks[0]);
  EXPECT_TRUE(records[0].is_monitored);
}

TEST(NetworkRollup, AFlowWithinANetworkIsSentOnceAndReceivedOnce) {
  HostTable table(Options(), NetworkSet::All());
  table.Update(std::vector{Flow(0x0a000001, 0x0a000002)});
  table.Sort();
  for (const NetworkRecord& record : RecordsOf(table, {})) {
    EXPECT_EQ(record.sent.flows, 1U);
    EXPECT_EQ(record.received.flows, 1U);
    EXPECT_EQ(record.hosts, 2U);
  }
}

TEST(NetworkRollup, AnEmptyTableHasNoRecords) {
  HostTable table(Options(), NetworkSet::All());
  table.Sort();
  EXPECT_TRUE(RecordsOf(table, {}).empty());
  EXPECT_EQ(table.CountNetworks({}), 0U);
}

TEST(NetworkRollup, TheVisitorCanEndIt) {
  HostTable table(Options(), NetworkSet::All());
  for (std::uint32_t i = 0; i < 1000; ++i) table.Update(std::vector{Flow(0x0a000000 + 256 * i, i << 8)});
  table.Sort();
  for (const int limit : {1, 2, 500}) {
    int shown = 0;
    table.ForEachNetwork({}, [&](const NetworkTotals&) { return ++shown < limit; });
    EXPECT_EQ(shown, limit);
  }
}

// Without memory for their sketches, hosts know lower bounds or numbers; so does what they are rolled up to.
TEST(NetworkRollup, SaturatedCountsGiveLowerBoundsAndSumsStayExact) {
  naive::Stream stream(5, {.hosts = 2000, .skew = 1});
  const std::vector networks{Prefix::AllIpv4(), Prefix::AllIpv6()};
  naive::Reference reference(networks);
  HostTableOptions options = Options();
  options.sketch_bytes = 16 << 10;
  HostTable united(options, NetworkSet(networks));
  for (int part = 0; part < 2; ++part) {
    HostTable table(Options(), NetworkSet(networks));
    const std::vector<FlowRecord> records = stream.Next(20'000);
    reference.Count(records);
    table.Update(records);
    united.Unite(table);
  }
  ASSERT_GT(united.saturated(), 0U);
  united.Sort();
  std::uint64_t most_peers = 0;
  for (std::size_t i = 0; i < united.hosts(); ++i)
    most_peers = std::max(most_peers, united.RecordAt(i).sent.peers);
  const std::vector<naive::Network> expected = naive::RollUp(reference, networks, {});
  std::size_t i = 0;
  std::uint64_t most_of_networks = 0;
  united.ForEachNetwork({}, [&](const NetworkTotals& totals) {
    const NetworkRecord record = totals.record();
    const naive::Network& want = expected.at(i++);
    EXPECT_EQ(record.prefix, want.prefix);
    ExpectSums(record.sent, want.sums.sent.sums);
    ExpectSums(record.received, want.sums.received.sums);
    EXPECT_LE(static_cast<double>(record.sent.peers),
              static_cast<double>(want.sums.sent.peers.size()) * (1 + kDistinctBound));
    most_of_networks = std::max(most_of_networks, record.sent.peers);
    return true;
  });
  EXPECT_EQ(i, expected.size());
  EXPECT_GE(most_of_networks, most_peers);
}

// Two workers, base windows and a longer one: what a reader of closed windows sees.
TEST(NetworkRollup, ClosedWindowsOfAnyLengthHaveThem) {
  constexpr std::int64_t kBase = 10 * kNanosecondsPerSecond;
  const std::vector networks{Prefix::AllIpv4(), Prefix::AllIpv6()};
  MergerOptions options;
  options.workers = 2;
  options.base_length_ns = kBase;
  options.rollup_lengths_ns = {6 * kBase};
  options.table = Options();
  Merger merger(options, NetworkSet(networks));
  naive::Reference reference(networks);
  naive::Stream stream(3, {.hosts = 500});
  std::vector<ClosedWindowPtr> closed;
  for (std::size_t worker = 0; worker < 2; ++worker) {
    WorkerAggregator aggregator(kBase, ReceiveTime{0}, merger.TakeTable());
    for (std::int64_t at = 0; at < 6; ++at) {
      const std::vector<FlowRecord> records = stream.Next(500);
      reference.Count(records);
      if (aggregator.Due(ReceiveTime{at * kBase})) {
        std::unique_ptr<HostTable> spare = merger.TakeTable();
        auto part = aggregator.Close(ReceiveTime{at * kBase}, spare, {});
        ASSERT_TRUE(part);
        for (auto& window : merger.Add(worker, std::move(*part))) closed.push_back(std::move(window));
      }
      aggregator.Consume(records);
    }
    for (auto& window : merger.Add(worker, aggregator.Finish(ReceiveTime{6 * kBase}, {})))
      closed.push_back(std::move(window));
  }
  ASSERT_EQ(closed.size(), 7U);
  const ClosedWindow& minute = *closed.back();
  ASSERT_EQ(minute.span().length_ns, 6 * kBase);
  const std::vector<naive::Network> expected = naive::RollUp(reference, networks, {});
  ExpectNetworks(dynamic_cast<const TableWindow&>(minute).table(), {}, expected);
  std::size_t i = 0;
  minute.ForEachNetwork({}, [&](const NetworkRecord& record) {
    EXPECT_EQ(record.prefix, expected.at(i++).prefix);
    return true;
  });
  EXPECT_EQ(i, minute.CountNetworks({}));
}

}  // namespace
}  // namespace hostscope::aggregator
