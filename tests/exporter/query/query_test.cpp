#include "exporter/query/query.h"

#include <algorithm>
#include <array>
#include <map>
#include <random>

#include "tests/exporter/query/query_fixture.h"
#include "tests/exporter/store/expect_window.h"

namespace hostscope::exporter {
namespace {

using aggregator::HostRecord;
using aggregator::NetworkRecord;
using aggregator::Role;
using aggregator::RoleFigures;

/// What is true of a tile, bit by bit and host by host.
struct NaiveCell {
  std::uint64_t hosts = 0, flows = 0, packets = 0, bytes = 0, peers = 0, dst_ports = 0, syn = 0, tcp = 0;
  std::uint64_t duration = 0, durations = 0;
};

bool BitOf(const Address& address, unsigned bit) {
  return (address.bytes[bit / 8] >> (7 - bit % 8) & 1) != 0;
}

std::map<std::uint32_t, NaiveCell> NaiveTile(const std::vector<const ListedWindow*>& windows,
                                             const Prefix& prefix, unsigned depth, Role role) {
  std::map<std::uint32_t, NaiveCell> cells;
  for (const ListedWindow* window : windows) {
    for (std::size_t i = 0; i < window->size(); ++i) {
      const HostRecord record = window->At(i);
      const RoleFigures& figures = role == Role::kSent ? record.sent : record.received;
      if (!prefix.Contains(record.host) || figures.flows == 0) continue;
      std::uint32_t number = 0;
      for (unsigned bit = prefix.length; bit < prefix.length + depth; ++bit)
        number = 2 * number + (BitOf(record.host, bit) ? 1 : 0);
      NaiveCell& cell = cells[number];
      ++cell.hosts;
      cell.flows += figures.flows;
      cell.packets += figures.packets;
      cell.bytes += figures.bytes;
      cell.peers = std::max(cell.peers, figures.peers);
      cell.dst_ports = std::max(cell.dst_ports, figures.dst_ports);
      cell.syn += figures.tcp_flags[1];
      cell.tcp += figures.tcp;
      cell.duration += figures.duration_sum_us;
      cell.durations += figures.duration_count;
    }
  }
  return cells;
}

class QueryTest : public QueryFixture {
 protected:
  void ExpectNaive(std::int64_t first, std::int64_t count, const char* text, unsigned depth, Role role) {
    const Prefix prefix = PrefixOf(text);
    SCOPED_TRACE(std::string(text) + " depth " + std::to_string(depth));
    std::vector<const ListedWindow*> chosen;
    for (std::int64_t i = first; i < first + count; ++i)
      chosen.push_back(&windows[static_cast<std::size_t>(i)]);
    const auto naive = NaiveTile(chosen, prefix, depth, role);
    Query query(source, limits);
    const Tile tile = query.ReadTile(Range(first, count), prefix, depth, role);
    ASSERT_EQ(tile.cells.size(), naive.size());
    ASSERT_EQ(tile.totals.size(), naive.size());
    std::size_t at = 0;
    for (const auto& [number, cell] : naive) {
      EXPECT_EQ(tile.cells[at], number);
      const Totals& totals = tile.totals[at++];
      EXPECT_EQ(totals.hosts, cell.hosts);
      EXPECT_EQ(totals.figures.flows, cell.flows);
      EXPECT_EQ(totals.figures.packets, cell.packets);
      EXPECT_EQ(totals.figures.bytes, cell.bytes);
      EXPECT_EQ(totals.figures.peers, cell.peers);
      EXPECT_EQ(totals.figures.dst_ports, cell.dst_ports);
      EXPECT_EQ(totals.figures.tcp_flags[1], cell.syn);
      EXPECT_EQ(totals.figures.tcp, cell.tcp);
      EXPECT_EQ(totals.figures.duration_sum_us, cell.duration);
      EXPECT_EQ(totals.figures.duration_count, cell.durations);
    }
    EXPECT_EQ(query.cost().windows, static_cast<std::size_t>(count));
  }
};

TEST_F(QueryTest, TilesAreWhatANaiveReadingFinds) {
  for (const Role role : {Role::kSent, Role::kReceived}) {
    ExpectNaive(0, 1, "0.0.0.0/0", 0, role);
    ExpectNaive(0, 1, "0.0.0.0/0", 16, role);
    ExpectNaive(1, 1, "10.0.0.0/8", 12, role);
    ExpectNaive(0, 5, "10.2.0.0/16", 8, role);
    ExpectNaive(2, 2, "10.3.64.0/18", 14, role);
    ExpectNaive(0, 3, "10.1.16.0/22", 10, role);
    ExpectNaive(0, 1, "::/0", 16, role);
    ExpectNaive(0, 1, "2001:db8::/96", 12, role);
    ExpectNaive(3, 1, "192.0.2.0/24", 8, role);  // nobody
  }
}

TEST_F(QueryTest, TheLastCellIsOneHost) {
  const HostRecord record = windows[0].At(windows[0].size() / 3);
  ASSERT_TRUE(record.host.IsIpv4());
  const Prefix host = Prefix::Ipv4(record.host.ipv4_bits(), 32);
  Query query(source, limits);
  for (const Role role : {Role::kSent, Role::kReceived}) {
    const Tile tile = query.ReadTile(Range(0, 1), host, 0, role);
    ASSERT_EQ(tile.cells.size(), RoleOf(record, role).flows > 0 ? 1U : 0U);
    if (!tile.cells.empty()) ExpectSameRole(tile.totals[0].figures, RoleOf(record, role));
  }
}

TEST_F(QueryTest, TilesOfAllSubPrefixesAddUp) {
  Query query(source, limits);
  const Tile whole = query.ReadTile(Range(0, 2), PrefixOf("10.0.0.0/8"), 10, Role::kSent);
  const Tile coarse = query.ReadTile(Range(0, 2), PrefixOf("10.0.0.0/8"), 2, Role::kSent);
  for (std::size_t i = 0; i < coarse.cells.size(); ++i) {
    Totals sum;
    for (std::size_t k = 0; k < whole.cells.size(); ++k) {
      if (whole.cells[k] >> 8 == coarse.cells[i]) sum.Add(whole.totals[k]);
    }
    EXPECT_EQ(sum.hosts, coarse.totals[i].hosts);
    ExpectSameRole(sum.figures, coarse.totals[i].figures);
  }
}

TEST_F(QueryTest, AHostIsFoundInEveryWindowThatHasIt) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 50; ++i) {
    const ListedWindow& some = windows[random() % windows.size()];
    const Address host = some.At(random() % some.size()).host;
    std::size_t seen = 0;
    Query query(source, limits);
    query.ForHost(Range(0, kWindows), host, [&](const StoredWindow& window, const HostRecord* record) {
      const ListedWindow& naive = windows[seen++];
      ASSERT_EQ(window.span(), naive.span());
      std::size_t k = 0;
      while (k < naive.size() && naive.At(k).host != host) ++k;
      ASSERT_EQ(record != nullptr, k < naive.size());
      if (record != nullptr) ExpectSameRecord(*record, naive.At(k));
    });
    EXPECT_EQ(seen, static_cast<std::size_t>(kWindows));
  }
}

TEST_F(QueryTest, TopHostsAreTheFirstOfAllSorted) {
  for (const char* text : {"", "10.0.0.0/8", "10.1.0.0/16", "::/0"}) {
    for (const MetricName& by : kMetricNames) {
      for (const Role role : {Role::kSent, Role::kReceived}) {
        SCOPED_TRACE(std::string(text) + " by " + std::string(by.name));
        const auto prefix = *text == '\0' ? std::nullopt : std::optional(PrefixOf(text));
        std::vector<HostRecord> naive;
        for (std::size_t i = 0; i < windows[1].size(); ++i) {
          const HostRecord record = windows[1].At(i);
          if ((!prefix || prefix->Contains(record.host)) && RoleOf(record, role).flows > 0)
            naive.push_back(record);
        }
        const auto value = [&](const HostRecord& record) {
          return ValueOf(by.metric, Totals{1, RoleOf(record, role)});
        };
        std::stable_sort(naive.begin(), naive.end(), [&](const HostRecord& a, const HostRecord& b) {
          return value(a) > value(b);  // of equal ones by address, as they come
        });
        Query query(source, limits);
        const auto top = query.TopHosts(Range(1, 1), prefix, by.metric, role, 25);
        ASSERT_EQ(top.size(), std::min<std::size_t>(25, naive.size()));
        for (std::size_t i = 0; i < top.size(); ++i) ExpectSameRecord(top[i].record, naive[i]);
      }
    }
  }
}

TEST_F(QueryTest, AnyPrefixSumsUpItsHosts) {
  const Prefix prefix = PrefixOf("10.2.32.0/19");
  std::size_t seen = 0;
  Query query(source, limits);
  query.ForPrefix(Range(0, kWindows), prefix, [&](const StoredWindow&, const NetworkRecord* record) {
    Totals sent;
    std::uint64_t hosts = 0;
    const ListedWindow& naive = windows[seen++];
    for (std::size_t i = 0; i < naive.size(); ++i) {
      if (!prefix.Contains(naive.At(i).host)) continue;
      ++hosts;
      sent.Add(naive.At(i).sent);
    }
    ASSERT_NE(record, nullptr);
    EXPECT_EQ(record->hosts, hosts);
    ExpectSameRole(record->sent, sent.figures);
  });
  EXPECT_EQ(seen, static_cast<std::size_t>(kWindows));
}

TEST_F(QueryTest, TooMuchIsRefusedWithWhatToAskFor) {
  limits = {.windows = 3, .rows = 10'000, .depth = 10, .records = 20};
  Query windows_query(source, limits);
  const QueryError windows_refused = RefusalOf([&] {
    windows_query.ForHost(Range(0, 5), {}, [](const StoredWindow&, const HostRecord*) { FAIL(); });
  });
  EXPECT_EQ(windows_refused.fault(), QueryFault::kTooMuch);
  EXPECT_STREQ(
      windows_refused.what(),
      "that range has 5 windows, and one query reads 3 at most; ask for longer windows or a shorter range");
  EXPECT_EQ(windows_query.cost().windows, 0U);

  Query rows_query(source, limits);
  EXPECT_EQ(RefusalOf([&] { rows_query.TopHosts(Range(0, 2), {}, Metric::kFlows, Role::kSent, 10); }).fault(),
            QueryFault::kTooMuch);
  EXPECT_EQ(rows_query.cost().windows, 2U);  // the first was within the limit

  Query depth_query(source, limits);
  EXPECT_EQ(RefusalOf([&] { depth_query.ReadTile(Range(0, 1), Prefix::AllIpv4(), 11, Role::kSent); }).fault(),
            QueryFault::kTooMuch);
  Query records_query(source, limits);
  EXPECT_EQ(
      RefusalOf([&] { records_query.TopHosts(Range(0, 1), {}, Metric::kFlows, Role::kSent, 21); }).fault(),
      QueryFault::kTooMuch);
}

TEST_F(QueryTest, WhatMakesNoSenseIsRefused) {
  Query query(source, limits);
  EXPECT_EQ(RefusalOf([&] { query.ReadTile(Range(0, 1), PrefixOf("10.0.0.0/30"), 3, Role::kSent); }).fault(),
            QueryFault::kWrongRequest);
  EXPECT_EQ(RefusalOf([&] { query.ReadTile(Range(0, 0), Prefix::AllIpv4(), 3, Role::kSent); }).fault(),
            QueryFault::kWrongRequest);
  EXPECT_EQ(RefusalOf([&] { query.Newest(1); }).fault(), QueryFault::kNotFound);
}

TEST_F(QueryTest, TheNewestWindowIsTheLastOne) {
  const Query query(source, limits);
  EXPECT_EQ(query.Newest(kTenSecondsLength).from, TenSeconds(kWindows - 1).start);
}

TEST(QueryNetworks, AreFoundByPrefixAndChosenByLevel) {
  constexpr std::uint32_t kNetworks = 5000;  // three blocks
  MemoryWindows source({.content = {aggregator::NetworkLevels{}, false}});
  std::vector<NetworkRecord> networks = ManyNetworks(kNetworks);
  for (std::uint32_t i = 0; i < kNetworks; ++i) networks[i].sent.bytes = (i * 7919U) % 5003U;
  NetworkRecord whole = LevelRecord();
  whole.prefix = PrefixOf("0.0.0.0/0");
  whole.within.reset();
  whole.is_monitored = true;
  NetworkRecord ipv6 = whole;
  ipv6.prefix = PrefixOf("2001:db8::/32");
  ipv6.within = Prefix::AllIpv6();
  ipv6.is_monitored = false;
  networks.push_back(whole);
  networks.push_back(ipv6);
  ASSERT_EQ(source.Put(ListedWindow(ManyHosts(10), networks)), "");
  const WindowRange range{kTenSecondsLength, TenSeconds().start, TenSeconds(1).start};

  Query query(source, {.windows = 100'000});
  for (const NetworkRecord& wanted : networks) {
    query.ForNetwork(range, wanted.prefix, [&](const StoredWindow&, const NetworkRecord* record) {
      ASSERT_NE(record, nullptr) << ToText(wanted.prefix);
      EXPECT_EQ(record->prefix, wanted.prefix);
      EXPECT_EQ(record->within, wanted.within);
      ExpectSameRole(record->sent, wanted.sent);
    });
  }
  for (const char* absent :
       {"9.0.0.0/8", "10.0.0.0/23", "10.0.0.0/25", "11.0.0.0/24", "255.0.0.0/8", "::/0"}) {
    query.ForNetwork(range, PrefixOf(absent), [&](const StoredWindow&, const NetworkRecord* record) {
      EXPECT_EQ(record, nullptr) << absent;
    });
  }

  const auto monitored = query.TopNetworks(range, {}, Metric::kBytes, Role::kSent, 10);
  ASSERT_EQ(monitored.size(), 1U);
  EXPECT_EQ(monitored[0].record.prefix, whole.prefix);
  const auto level = query.TopNetworks(range, {24, PrefixOf("10.4.0.0/14")}, Metric::kBytes, Role::kSent, 10);
  ASSERT_EQ(level.size(), 10U);
  std::vector<std::uint64_t> bytes;
  for (std::uint32_t i = 4 * 256; i < 8 * 256; ++i) bytes.push_back(networks[i].sent.bytes);
  std::sort(bytes.rbegin(), bytes.rend());
  for (std::size_t i = 0; i < level.size(); ++i) EXPECT_EQ(level[i].record.sent.bytes, bytes[i]);
  EXPECT_EQ(query.TopNetworks(range, {32, {}}, Metric::kBytes, Role::kSent, 10).size(), 1U);
}

}  // namespace
}  // namespace hostscope::exporter
