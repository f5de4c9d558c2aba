#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <random>
#include <vector>

#include "aggregator/host_table.h"
#include "aggregator/network_totals.h"
#include "tests/aggregator/expect_records.h"

// Records that were counted in one table, added to another.
namespace hostscope::aggregator {
namespace {

constexpr std::size_t kHosts = 5000;
const NetworkSet kNetworks(std::vector{Prefix::Ipv4(10, 8), Prefix::Ipv4(0x0a01, 16)});

HostTableOptions OptionsOf(std::size_t hosts, std::size_t sketch_bytes = std::size_t{64} << 20) {
  return {.max_hosts = hosts, .sketch_bytes = sketch_bytes};
}

FlowRecord RandomFlow(std::mt19937_64& random) {
  // Few hosts have many peers and ports, and many have few.
  const auto host = [&random] {
    const auto bits = static_cast<std::uint32_t>(random() % 12);
    return Address::FromIpv4(
        __builtin_bswap32(0x0a00ff00U + static_cast<std::uint32_t>(random() >> (52 + bits))));
  };
  FlowRecord flow;
  flow.source = host();
  flow.destination = host();
  flow.packets = random() % 1000;
  flow.bytes = random() % 100'000;
  flow.duration_us = static_cast<std::uint32_t>(random() % 1'000'000);
  flow.source_port = static_cast<std::uint16_t>(random());
  flow.destination_port = static_cast<std::uint16_t>(random() % 20);
  flow.protocol = random() % 4 == 0 ? 17 : 6;
  flow.tcp_flags = flow.protocol == 6 ? static_cast<std::uint8_t>(random()) : 0;
  flow.traits = FlowRecord::kHasDuration | FlowRecord::kHasPorts;
  return flow;
}

HostTable& Filled(HostTable& table, std::size_t flows) {
  std::mt19937_64 random(flows);
  std::vector<FlowRecord> records(flows);
  for (FlowRecord& record : records) record = RandomFlow(random);
  table.Update(records);
  table.Sort();
  return table;
}

RoleSketches SketchesOf(const HostTable& table, std::size_t i, Role role) {
  return {table.SketchAt(i, role, DistinctFigure::kPeers), table.SketchAt(i, role, DistinctFigure::kSrcPorts),
          table.SketchAt(i, role, DistinctFigure::kDstPorts)};
}
RecordSketches SketchesOf(const HostTable& table, std::size_t i) {
  return {SketchesOf(table, i, Role::kSent), SketchesOf(table, i, Role::kReceived)};
}

void ExpectSame(const HostTable& got, const HostTable& want) {
  ASSERT_EQ(got.hosts(), want.hosts());
  ASSERT_EQ(got.other_hosts(), want.other_hosts());
  for (std::size_t i = 0; i < want.hosts() + want.other_hosts(); ++i) {
    const HostRecord a = got.RecordAt(i);
    const HostRecord b = want.RecordAt(i);
    EXPECT_EQ(a.host, b.host);
    EXPECT_EQ(a.network, b.network);
    EXPECT_EQ(a.other, b.other);
    SCOPED_TRACE(i);
    ExpectSameRole(a.sent, b.sent);
    ExpectSameRole(a.received, b.received);
    for (const Role role : {Role::kSent, Role::kReceived}) {
      for (const auto figure :
           {DistinctFigure::kPeers, DistinctFigure::kSrcPorts, DistinctFigure::kDstPorts}) {
        std::array<std::uint8_t, kMaxSketchBytes> bytes_got{};
        std::array<std::uint8_t, kMaxSketchBytes> bytes_want{};
        EXPECT_EQ(got.WriteSketchAt(i, role, figure, bytes_got.data()),
                  want.WriteSketchAt(i, role, figure, bytes_want.data()));
        EXPECT_EQ(bytes_got, bytes_want) << i;
      }
    }
  }
}

std::vector<NetworkRecord> NetworksOf(const HostTable& table) {
  std::vector<NetworkRecord> all;
  table.ForEachNetwork(NetworkLevels{}, [&](const NetworkTotals& totals) {
    all.push_back(totals.record());
    return true;
  });
  return all;
}

void ExpectSameNetworks(const HostTable& got, const HostTable& want) {
  const std::vector<NetworkRecord> a = NetworksOf(got);
  const std::vector<NetworkRecord> b = NetworksOf(want);
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < b.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(a[i].prefix, b[i].prefix);
    ExpectSameRole(a[i].sent, b[i].sent);
    ExpectSameRole(a[i].received, b[i].received);
  }
}

TEST(HostTableRecords, AddedToAnotherTableAreTheSame) {
  HostTable table(OptionsOf(kHosts), kNetworks);
  Filled(table, 400'000);
  HostTable copy(OptionsOf(kHosts), kNetworks);
  std::size_t dense = 0;
  std::size_t lists = 0;
  for (std::size_t i = table.hosts(); i-- > 0;) {  // in another order
    const RecordSketches sketches = SketchesOf(table, i);
    dense += !sketches.sent.peers->registers.empty();
    lists += !sketches.sent.dst_ports->coupons.empty() && sketches.sent.dst_ports->coupons.size() < 8;
    EXPECT_EQ(copy.Add(table.RecordAt(i), sketches), RecordFate::kAdded);
  }
  EXPECT_GT(dense, 10U);
  EXPECT_GT(lists, 100U);
  copy.Sort();
  ExpectSame(copy, table);
  ExpectSameNetworks(copy, table);
  EXPECT_LE(copy.sketch_bytes(), table.sketch_bytes());
}

TEST(HostTableRecords, OfOneHostTheFirstCounts) {
  HostTable table(OptionsOf(kHosts), kNetworks);
  Filled(table, 10'000);
  HostTable copy(OptionsOf(kHosts), kNetworks);
  for (std::size_t i = 0; i < table.hosts(); ++i) copy.Add(table.RecordAt(i), SketchesOf(table, i));
  for (std::size_t i = 0; i < table.hosts(); ++i)
    EXPECT_EQ(copy.Add(table.RecordAt(i), SketchesOf(table, i)), RecordFate::kRepeated);
  copy.Sort();
  ExpectSame(copy, table);
}

TEST(HostTableRecords, ThoseWithoutRoomAndOtherRecordsAddUp) {
  HostTable table(OptionsOf(kHosts), kNetworks);
  Filled(table, 50'000);
  HostTable small(OptionsOf(20), kNetworks);
  std::size_t overflowed = 0;
  for (std::size_t i = 0; i < table.hosts(); ++i)
    overflowed += small.Add(table.RecordAt(i), SketchesOf(table, i)) == RecordFate::kOverflowed;
  EXPECT_EQ(overflowed, table.hosts() - 20);
  EXPECT_EQ(small.overflows(), overflowed);
  small.Sort();
  ASSERT_GE(small.other_hosts(), 1U);
  // And what comes as such a record is one again.
  HostTable again(OptionsOf(kHosts), kNetworks);
  for (std::size_t i = 0; i < small.hosts() + small.other_hosts(); ++i)
    EXPECT_EQ(again.Add(small.RecordAt(i), SketchesOf(small, i)), RecordFate::kAdded);
  again.Sort();
  ExpectSame(again, small);
  ExpectSameNetworks(again, small);
}

TEST(HostTableRecords, OfNoMonitoredNetworkAreNotTaken) {
  HostTable table(OptionsOf(kHosts), kNetworks);
  HostRecord record;
  record.host = Address::FromIpv4(__builtin_bswap32(0xc0000201U));
  record.sent.flows = 1;
  EXPECT_EQ(table.Add(record, {}), RecordFate::kUnmonitored);
  record.other = true;
  record.network = Prefix::Ipv4(0xc0, 8);
  EXPECT_EQ(table.Add(record, {}), RecordFate::kUnmonitored);
  EXPECT_TRUE(table.empty());
}

TEST(HostTableRecords, WithoutSketchesHaveTheirFigures) {
  HostTable table(OptionsOf(kHosts), kNetworks);
  Filled(table, 50'000);
  HostTable copy(OptionsOf(kHosts), kNetworks);
  for (std::size_t i = 0; i < table.hosts(); ++i) copy.Add(table.RecordAt(i), {});
  copy.Sort();
  for (std::size_t i = 0; i < table.hosts(); ++i) {
    ExpectSameRole(copy.RecordAt(i).sent, table.RecordAt(i).sent);
    std::array<std::uint8_t, kMaxSketchBytes> bytes{};
    const std::size_t size = copy.WriteSketchAt(i, Role::kSent, DistinctFigure::kPeers, bytes.data());
    EXPECT_EQ(size != 0, copy.RecordAt(i).sent.peers == 0);  // an empty sketch, or none
  }
}

TEST(HostTableRecords, WithoutMemoryForSketchesHaveTheirFigures) {
  HostTable table(OptionsOf(kHosts), kNetworks);
  Filled(table, 50'000);
  HostTable copy(OptionsOf(kHosts, 4096), kNetworks);
  for (std::size_t i = 0; i < table.hosts(); ++i) copy.Add(table.RecordAt(i), SketchesOf(table, i));
  copy.Sort();
  EXPECT_GT(copy.saturated(), 100U);
  for (std::size_t i = 0; i < table.hosts(); ++i)
    ExpectSameRole(copy.RecordAt(i).sent, table.RecordAt(i).sent);
}

TEST(HostTableRecords, CouponsThatNoPortHasAreASet) {
  HostTable table(OptionsOf(kHosts), kNetworks);
  HostRecord record;
  record.host = Address::FromIpv4(__builtin_bswap32(0x0a000001U));
  record.sent.flows = 5;
  RecordSketches sketches;
  sketches.sent.src_ports = Sketch{false, {0x04000001U, 0x04000002U, 0x08000003U}, {}};
  EXPECT_EQ(table.Add(record, sketches), RecordFate::kAdded);
  table.Sort();
  EXPECT_EQ(table.RecordAt(0).sent.src_ports, 3U);
  EXPECT_EQ(table.SketchAt(0, Role::kSent, DistinctFigure::kSrcPorts), *sketches.sent.src_ports);
}

}  // namespace
}  // namespace hostscope::aggregator
