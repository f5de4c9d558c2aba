#include "aggregator/top_lists.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

#include "aggregator/host_table.h"
#include "tests/aggregator/naive_reference.h"

namespace hostscope::aggregator {
namespace {

HostTableOptions OptionsWith(const TopOptions& top, std::size_t max_hosts = 5000) {
  return {.max_hosts = max_hosts, .sketch_bytes = 16u << 20, .hash_key = 99, .top = top};
}

Address Host(std::uint32_t n) {
  return naive::HostAddress(n, false);
}

FlowRecord Flow(const Address& source, const Address& destination, std::uint16_t port, std::uint64_t bytes) {
  FlowRecord record{};
  record.source = source;
  record.destination = destination;
  record.packets = 1;
  record.bytes = bytes;
  record.protocol = 6;
  record.source_port = 40000;
  record.destination_port = port;
  record.traits = FlowRecord::kHasPorts;
  return record;
}

HostTops TopsOf(HostTable& table, const Address& host) {
  table.Sort();
  for (std::size_t i = 0; i < table.hosts(); ++i) {
    const HostRecord record = table.RecordAt(i);
    if (record.host == host && record.tops) return *record.tops;
  }
  ADD_FAILURE() << "no lists";
  return {};
}

using Peers = std::vector<TopPeer>;
using Ports = std::vector<TopPort>;

TEST(TopLists, RankByFlowsMostFirstThenByValue) {
  HostTable table(OptionsWith({.peers = 3, .dst_ports = 2}), NetworkSet::All());
  std::vector<FlowRecord> flows;
  for (const std::uint32_t peer : {5U, 4U, 4U, 9U, 9U, 3U, 7U})
    flows.push_back(Flow(Host(1), Host(peer), 80, 1));
  flows.push_back(Flow(Host(1), Host(7), 443, 1'000'000));
  flows.push_back(Flow(Host(1), Host(7), 22, 1));
  table.Update(flows);
  const HostTops tops = TopsOf(table, Host(1));
  EXPECT_TRUE(tops.has_peers);
  EXPECT_TRUE(tops.has_dst_ports);
  EXPECT_EQ(tops.by, TopBy::kFlows);
  EXPECT_EQ(tops.sent.peers.entries, (Peers{{Host(7), 3}, {Host(4), 2}, {Host(9), 2}}));
  EXPECT_EQ(tops.sent.peers.error, 0U);
  EXPECT_EQ(tops.sent.dst_ports.entries, (Ports{{80, 7}, {22, 1}}));
  EXPECT_EQ(tops.received, RoleTops{});
  const HostTops receiver = TopsOf(table, Host(7));
  EXPECT_EQ(receiver.received.peers.entries, (Peers{{Host(1), 3}}));
  EXPECT_EQ(receiver.received.dst_ports.entries, (Ports{{22, 1}, {80, 1}}));
  EXPECT_EQ(receiver.sent, RoleTops{});
}

TEST(TopLists, RankByBytes) {
  HostTable table(OptionsWith({.peers = 1, .dst_ports = 1, .by = TopBy::kBytes}), NetworkSet::All());
  const std::vector<FlowRecord> flows = {Flow(Host(1), Host(2), 80, 10), Flow(Host(1), Host(2), 80, 10),
                                         Flow(Host(1), Host(3), 443, 21), Flow(Host(1), Host(4), 22, 0)};
  table.Update(flows);
  const HostTops tops = TopsOf(table, Host(1));
  EXPECT_EQ(tops.by, TopBy::kBytes);
  EXPECT_EQ(tops.sent.peers.entries, (Peers{{Host(3), 21}}));
  EXPECT_EQ(tops.sent.dst_ports.entries, (Ports{{443, 21}}));
  EXPECT_TRUE(TopsOf(table, Host(4)).received.peers.entries.empty()) << "nothing is no weight";
}

TEST(TopLists, OnlyWhatIsAskedForIsKept) {
  const FlowRecord flow = Flow(Host(1), Host(2), 80, 10);
  HostTable peers(OptionsWith({.peers = 4}), NetworkSet::All());
  peers.Update(std::span(&flow, 1));
  EXPECT_FALSE(TopsOf(peers, Host(1)).has_dst_ports);
  EXPECT_EQ(TopsOf(peers, Host(1)).sent.peers.entries, (Peers{{Host(2), 1}}));
  HostTable ports(OptionsWith({.dst_ports = 4}), NetworkSet::All());
  ports.Update(std::span(&flow, 1));
  EXPECT_FALSE(TopsOf(ports, Host(1)).has_peers);
  EXPECT_EQ(TopsOf(ports, Host(2)).received.dst_ports.entries, (Ports{{80, 1}}));
  HostTable none(OptionsWith({}), NetworkSet::All());
  none.Update(std::span(&flow, 1));
  none.Sort();
  EXPECT_EQ(none.RecordAt(0).tops, nullptr);
}

TEST(TopLists, PortsOnlyOfRecordsThatHaveSome) {
  HostTable table(OptionsWith({.peers = 4, .dst_ports = 4}), NetworkSet::All());
  FlowRecord flow = Flow(Host(1), Host(2), 80, 10);
  flow.traits = 0;
  table.Update(std::span(&flow, 1));
  EXPECT_TRUE(TopsOf(table, Host(1)).sent.dst_ports.entries.empty());
  EXPECT_EQ(TopsOf(table, Host(1)).sent.peers.entries, (Peers{{Host(2), 1}}));
}

TEST(TopLists, OtherRecordsHaveNone) {
  const TopOptions top{.peers = 4, .dst_ports = 4};
  HostTable small(OptionsWith(top, 1), NetworkSet::All());
  HostTable large(OptionsWith(top), NetworkSet::All());
  const std::vector<FlowRecord> flows(200, Flow(Host(1), Host(2), 80, 10));
  small.Update(flows);
  large.Update(flows);
  small.Unite(large);
  large.Unite(small);
  for (HostTable* table : {&small, &large}) {
    table->Sort();
    ASSERT_EQ(table->other_hosts(), 1U);
    EXPECT_NE(table->RecordAt(0).tops, nullptr);
    EXPECT_EQ(table->RecordAt(table->hosts()).tops, nullptr);
  }
  EXPECT_EQ(TopsOf(small, Host(1)).sent.peers.entries, (Peers{{Host(2), 400}}));
  EXPECT_EQ(TopsOf(large, Host(1)).sent.dst_ports.entries, (Ports{{80, 600}}));
  EXPECT_EQ(TopsOf(large, Host(2)).received.peers.entries, (Peers{{Host(1), 200}}));
}

TEST(TopLists, ClearedTablesStartAgain) {
  HostTable table(OptionsWith({.peers = 4, .dst_ports = 4}), NetworkSet::All());
  std::vector<FlowRecord> flows;
  for (std::uint32_t n = 0; n < 2000; ++n)
    flows.push_back(Flow(Host(n % 7), Host(n), static_cast<std::uint16_t>(n), n));
  table.Update(flows);
  EXPECT_NE(TopsOf(table, Host(1)).sent.peers.error, 0U);
  table.Clear();
  const FlowRecord flow = Flow(Host(1), Host(2), 80, 10);
  table.Update(std::span(&flow, 1));
  const HostTops tops = TopsOf(table, Host(1));
  EXPECT_EQ(tops.sent.peers, (TopList<TopPeer>{{{Host(2), 1}}, 0}));
  EXPECT_EQ(tops.sent.dst_ports, (TopList<TopPort>{{{80, 1}}, 0}));
  EXPECT_EQ(tops.received, RoleTops{});
}

TEST(TopLists, RefusesLongerListsThanItHolds) {
  EXPECT_THROW(HostTable(OptionsWith({.peers = TopOptions::kMax + 1}), NetworkSet::All()),
               std::invalid_argument);
  EXPECT_THROW(HostTable(OptionsWith({.dst_ports = TopOptions::kMax + 1}), NetworkSet::All()),
               std::invalid_argument);
}

TEST(TopLists, MemoryIsWhatTheHeaderSays) {
  const auto bytes = [](std::size_t peers, std::size_t ports) {
    const HostTableOptions with = OptionsWith({.peers = peers, .dst_ports = ports}, 1000);
    return (HostTable::MaxMemory(with, NetworkSet::All()) -
            HostTable::MaxMemory(OptionsWith({}, 1000), NetworkSet::All())) /
           1000;
  };
  EXPECT_EQ(bytes(0, 0), 0U);
  EXPECT_EQ(bytes(5, 0), 2 * (128 + 96U));
  EXPECT_EQ(bytes(6, 0), 2 * (320 + 288U));
  EXPECT_EQ(bytes(26, 0), 2 * (512 + 480U));
  EXPECT_EQ(bytes(32, 0), 2 * (704 + 672U));
  EXPECT_EQ(bytes(0, 10), 2 * 192U);
  EXPECT_EQ(bytes(0, 11), 2 * 512U);
  EXPECT_EQ(bytes(10, 10), 2 * (320 + 288 + 192U));
}

// ---- any stream, any split over tables, any order of unions

struct ExactRole {
  std::map<Address, std::uint64_t> peers;
  std::map<std::uint16_t, std::uint64_t> ports;
};
using Exact = std::map<std::pair<Address, Role>, ExactRole>;

void CountExactly(const FlowRecord& record, TopBy by, Exact& exact) {
  const std::uint64_t weight = by == TopBy::kBytes ? record.bytes : 1;
  ExactRole& sent = exact[{record.source, Role::kSent}];
  ExactRole& received = exact[{record.destination, Role::kReceived}];
  sent.peers[record.destination] += weight;
  received.peers[record.source] += weight;
  if (!record.Has(FlowRecord::kHasPorts)) return;
  sent.ports[record.destination_port] += weight;
  received.ports[record.destination_port] += weight;
}

template <typename Entry, typename Member>
void ExpectList(const TopList<Entry>& list, const std::map<Member, std::uint64_t>& exact, std::size_t wanted,
                std::size_t held) {
  std::uint64_t total = 0;
  for (const auto& [member, weight] : exact) total += weight;
  ASSERT_LE(list.error, total / (held + 1));
  ASSERT_LE(list.entries.size(), wanted);
  if (exact.size() <= held) {
    ASSERT_EQ(list.error, 0U);
    ASSERT_EQ(list.entries.size(), std::min(wanted, exact.size()));
  }
  std::map<Member, std::uint64_t> listed;
  for (std::size_t i = 0; i < list.entries.size(); ++i) {
    const Entry& entry = list.entries[i];
    ASSERT_TRUE(exact.contains(entry.member));
    ASSERT_LE(entry.count, exact.at(entry.member));
    ASSERT_GE(entry.count + list.error, exact.at(entry.member));
    listed[entry.member] = entry.count;
    if (i == 0) continue;
    const Entry& before = list.entries[i - 1];
    ASSERT_TRUE(before.count > entry.count || (before.count == entry.count && before.member < entry.member));
  }
  ASSERT_EQ(listed.size(), list.entries.size());
  const std::uint64_t least = list.entries.size() < wanted ? 0 : list.entries.back().count;
  for (const auto& [member, weight] : exact) {
    if (!listed.contains(member)) {
      ASSERT_LE(weight, least + list.error);
    }
  }
}

struct Case {
  TopOptions top;
  naive::StreamShape shape;
  std::size_t tables;
};

class TopListsProperty : public ::testing::TestWithParam<Case> {};

TEST_P(TopListsProperty, BoundHolds) {
  const auto& [top, shape, tables] = GetParam();
  std::mt19937_64 random(shape.hosts + tables);
  naive::Stream stream(shape.hosts, shape);
  std::vector<std::unique_ptr<HostTable>> parts;
  for (std::size_t i = 0; i < tables; ++i)
    parts.push_back(std::make_unique<HostTable>(OptionsWith(top), NetworkSet::All()));
  Exact exact;
  for (int batch = 0; batch < 150; ++batch) {
    const std::vector<FlowRecord> records = stream.Next(1 + random() % 300);
    parts[random() % tables]->Update(records);
    for (const FlowRecord& record : records) CountExactly(record, top.by, exact);
  }
  while (parts.size() > 1) {
    std::shuffle(parts.begin(), parts.end(), random);
    parts.front()->Unite(*parts.back());
    parts.pop_back();
  }
  HostTable& table = *parts.front();
  table.Sort();
  for (std::size_t i = 0; i < table.hosts(); ++i) {
    const HostRecord record = table.RecordAt(i);
    ASSERT_NE(record.tops, nullptr);
    for (const Role role : {Role::kSent, Role::kReceived}) {
      const RoleTops& tops = role == Role::kSent ? record.tops->sent : record.tops->received;
      const ExactRole& expected = exact[{record.host, role}];
      if (top.peers != 0) ExpectList(tops.peers, expected.peers, top.peers, PeersHeld(top.peers));
      if (top.dst_ports != 0) {
        ExpectList(tops.dst_ports, expected.ports, top.dst_ports, PortsHeld(top.dst_ports));
      }
      ASSERT_FALSE(HasFailure()) << "record " << i;
    }
  }
}

constexpr TopBy kFlows = TopBy::kFlows;
constexpr TopBy kBytes = TopBy::kBytes;
INSTANTIATE_TEST_SUITE_P(
    Cases, TopListsProperty,
    ::testing::Values(Case{{10, 10, kFlows}, {.hosts = 20, .skew = 0}, 1},  // all fits
                      Case{{10, 10, kBytes}, {.hosts = 20, .skew = 0}, 5},
                      Case{{3, 3, kFlows}, {.hosts = 300, .skew = 0, .ports = 100}, 1},
                      Case{{5, 32, kBytes}, {.hosts = 300, .skew = 2}, 4},
                      Case{{20, 0, kFlows}, {.hosts = 1000, .skew = 1, .ipv6_share = 1}, 3},
                      Case{{0, 10, kBytes}, {.hosts = 1000, .skew = 1, .ports = 50}, 6},
                      Case{{32, 16, kBytes}, {.hosts = 100, .skew = 0, .ipv6_share = 0.5}, 9},
                      Case{{1, 1, kFlows}, {.hosts = 2000, .skew = 3}, 8}));

TEST(TopLists, TheSameStreamGivesTheSameLists) {
  const HostTableOptions options = OptionsWith({.peers = 5, .dst_ports = 5});
  naive::Stream stream(3, {.hosts = 200, .skew = 1});
  const std::vector<FlowRecord> records = stream.Next(20'000);
  HostTable whole(options, NetworkSet::All());
  HostTable pieces(options, NetworkSet::All());
  whole.Update(records);
  for (std::size_t at = 0, size = 1; at < records.size(); at += size, size = size % 200 + 7)
    pieces.Update(std::span(records).subspan(at, std::min(size, records.size() - at)));
  whole.Sort();
  pieces.Sort();
  ASSERT_EQ(whole.hosts(), pieces.hosts());
  for (std::size_t i = 0; i < whole.hosts(); ++i)
    EXPECT_EQ(*whole.RecordAt(i).tops, *pieces.RecordAt(i).tops);
}

}  // namespace
}  // namespace hostscope::aggregator
