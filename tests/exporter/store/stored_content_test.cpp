// What a window file has besides the figures of host records: network records, top lists, sketches.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>

#include "aggregator/network_set.h"
#include "exporter/ndjson_sink.h"
#include "exporter/store/network_block.h"
#include "exporter/store/row_block.h"
#include "exporter/store/sink_feeder.h"
#include "exporter/store/sketch_block.h"
#include "tests/exporter/sketched_window.h"
#include "tests/exporter/store/store_fixture.h"

namespace hostscope::exporter {
namespace {

using aggregator::DistinctFigure;
using aggregator::HostRecord;
using aggregator::NetworkLevels;
using aggregator::NetworkRecord;
using aggregator::Role;

/// A real table's window, with everything that a record may have; a third of its hosts had no room.
const SketchedWindow& FullWindow() {
  static const SketchedWindow kWindow = [] {
    constexpr std::uint32_t kHosts = 9000;
    const aggregator::HostTableOptions options{.max_hosts = kHosts * 2 / 3,
                                               .sketch_bytes = std::size_t{64} << 20,
                                               .top = {.peers = 4, .dst_ports = 3}};
    const aggregator::NetworkSet networks(std::vector{Prefix::Ipv4(10, 8),
                                                      Prefix::Ipv4(__builtin_bswap32(0x0a000100), 24),
                                                      Prefix::Ipv6(Address{{0x20, 0x01, 0x0d, 0xb8}}, 32)});
    return SketchedWindow(kHosts, options, networks, true);
  }();
  return kWindow;
}

const WindowContent kEverything{NetworkLevels{}, true};

std::shared_ptr<const StoredWindow> Reopen(const aggregator::ClosedWindow& window,
                                           const WindowContent& content = kEverything) {
  const TemporaryFolder folder;
  WriteFile(folder / "window", FileOf(window, nullptr, content));
  const OpenedWindow opened = StoredWindow::Open(folder / "window");
  EXPECT_NE(opened.window, nullptr) << opened.problem;
  return opened.window;
}

std::string NdjsonOf(const aggregator::ClosedWindow& window, NdjsonOptions options) {
  const TemporaryFolder folder;
  options.path = folder / "records";
  OpenedSink sink = OpenNdjsonSink(options);
  EXPECT_EQ(sink.sink->Write(window), "");
  return ReadFile(options.path);
}

std::vector<NetworkRecord> NetworksOf(const aggregator::ClosedWindow& window, const NetworkLevels& levels) {
  std::vector<NetworkRecord> records;
  window.ForEachNetwork(levels, [&](const NetworkRecord& record) {
    records.push_back(record);
    return true;
  });
  return records;
}

void ExpectSameNetworks(const std::vector<NetworkRecord>& a, const std::vector<NetworkRecord>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size() && !::testing::Test::HasFailure(); ++i) {
    EXPECT_EQ(a[i].prefix, b[i].prefix);
    EXPECT_EQ(a[i].within, b[i].within);
    EXPECT_EQ(a[i].is_monitored, b[i].is_monitored);
    EXPECT_EQ(a[i].is_incomplete, b[i].is_incomplete);
    EXPECT_EQ(a[i].hosts, b[i].hosts);
    EXPECT_EQ(a[i].other_hosts, b[i].other_hosts);
    ExpectSameRole(a[i].sent, b[i].sent);
    ExpectSameRole(a[i].received, b[i].received);
  }
}

TEST(StoredContent, RecordsAreByteForByteThoseOfTheWindowInMemory) {
  const std::shared_ptr<const StoredWindow> stored = Reopen(FullWindow());
  ASSERT_NE(stored, nullptr);
  for (const bool sketches : {true, false}) {
    for (const auto& networks : {std::optional<NetworkLevels>(), std::optional(NetworkLevels{}),
                                 std::optional(NetworkLevels{{24}, {}})}) {
      const NdjsonOptions options{.observer = "mon1", .sketches = sketches, .networks = networks};
      const std::string wanted = NdjsonOf(FullWindow(), options);
      EXPECT_TRUE(NdjsonOf(*stored, options) == wanted);
      // Nothing is the same because it is missing.
      EXPECT_EQ(wanted.find("\"sketches\":{") != std::string::npos, sketches);
      EXPECT_EQ(wanted.find("\"incomplete\":true") != std::string::npos, networks.has_value());
      EXPECT_NE(wanted.find("\"top_peers\":[{"), std::string::npos);
      EXPECT_NE(wanted.find("\"top_peers_error\":"), std::string::npos);
      EXPECT_NE(wanted.find("\"other\":true"), std::string::npos);
    }
  }
  EXPECT_FALSE(stored->is_damaged());
}

TEST(StoredContent, TopListsByBytesAndOfOneKind) {
  const aggregator::HostTableOptions options{
      .max_hosts = 300, .sketch_bytes = 1u << 20, .top = {.dst_ports = 5, .by = aggregator::TopBy::kBytes}};
  const SketchedWindow window(200, options, aggregator::NetworkSet::All(), true);
  const std::shared_ptr<const StoredWindow> stored = Reopen(window);
  ASSERT_NE(stored, nullptr);
  const std::string wanted = NdjsonOf(window, {.observer = "mon1"});
  EXPECT_TRUE(NdjsonOf(*stored, {.observer = "mon1"}) == wanted);
  EXPECT_NE(wanted.find("\"top_dst_ports\":[{\"port\":443,\"bytes\":"), std::string::npos);
  EXPECT_EQ(wanted.find("\"top_peers\""), std::string::npos);
  // Also of single rows, before which others are passed over.
  for (std::size_t i = 0; i < window.size(); ++i) {
    HostRecord found;
    ASSERT_EQ(stored->Find(window.At(i).host, found), ReadResult::kFound);
    ASSERT_NE(found.tops, nullptr);
    EXPECT_EQ(*found.tops, *window.At(i).tops);
  }
}

TEST(StoredContent, SketchesInAnyOrder) {
  const std::shared_ptr<const StoredWindow> stored = Reopen(FullWindow());
  ASSERT_NE(stored, nullptr);
  std::mt19937_64 random(1);
  std::vector<std::uint8_t> bytes(aggregator::kMaxSketchBytes);
  for (int i = 0; i < 500; ++i) {
    const std::size_t at = random() % stored->size();
    for (const Role role : {Role::kSent, Role::kReceived}) {
      for (const auto figure :
           {DistinctFigure::kPeers, DistinctFigure::kSrcPorts, DistinctFigure::kDstPorts}) {
        const std::size_t length = stored->WriteSketch(at, role, figure, bytes.data());
        EXPECT_TRUE(std::string(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length)) ==
                    FullWindow().SketchText(at, role, figure));
      }
    }
  }
  EXPECT_EQ(stored->WriteSketch(stored->size(), Role::kSent, DistinctFigure::kPeers, bytes.data()), 0U);
}

TEST(StoredContent, WhatWasNotAskedForIsNotThere) {
  const std::shared_ptr<const StoredWindow> stored = Reopen(FullWindow(), {});
  ASSERT_NE(stored, nullptr);
  EXPECT_EQ(stored->CountNetworks({}), 0U);
  EXPECT_TRUE(NetworksOf(*stored, {}).empty());
  std::vector<std::uint8_t> bytes(aggregator::kMaxSketchBytes);
  EXPECT_EQ(stored->WriteSketch(0, Role::kSent, DistinctFigure::kPeers, bytes.data()), 0U);
  EXPECT_FALSE(stored->is_damaged());
}

TEST(StoredContent, OfTheStoredLevelsThoseThatAreWanted) {
  const std::shared_ptr<const StoredWindow> stored =
      Reopen(FullWindow(), {NetworkLevels{{16, 24, 30}, {64, 120}}});
  ASSERT_NE(stored, nullptr);
  for (const NetworkLevels& levels :
       {NetworkLevels{{16, 24, 30}, {64, 120}}, NetworkLevels{{24}, {}}, NetworkLevels{{}, {120}},
        NetworkLevels{{24, 30, 30}, {64}}, NetworkLevels{{}, {}}}) {
    const std::vector<NetworkRecord> wanted = NetworksOf(FullWindow(), levels);
    ExpectSameNetworks(NetworksOf(*stored, levels), wanted);
    EXPECT_EQ(stored->CountNetworks(levels), wanted.size());
  }
  // A level that was not stored adds nothing.
  ExpectSameNetworks(NetworksOf(*stored, {{20, 24}, {48}}), NetworksOf(FullWindow(), {{24}, {}}));
  std::size_t shown = 0;
  stored->ForEachNetwork({{24}, {}}, [&](const NetworkRecord&) { return ++shown < 3; });
  EXPECT_EQ(shown, 3U);
}

TEST(StoredContent, ManyNetworksFillSeveralBlocks) {
  const ListedWindow window(ManyHosts(10), ManyNetworks(5000));
  WrittenWindow written;
  FileOf(window, &written, kEverything);
  EXPECT_EQ(written.networks.all(), 5000U);
  const std::shared_ptr<const StoredWindow> stored = Reopen(window);
  ASSERT_NE(stored, nullptr);
  EXPECT_EQ(stored->network_counts(), written.networks);
  ExpectSameNetworks(NetworksOf(*stored, {{24}, {}}), NetworksOf(window, {{24}, {}}));
}

TEST(StoredContent, EveryFlippedByteIsDetected) {
  const aggregator::HostTableOptions options{
      .max_hosts = 6, .sketch_bytes = 1u << 20, .top = {.peers = 2, .dst_ports = 2}};
  const SketchedWindow window(6, options, aggregator::NetworkSet::All(), true);
  const std::string bytes = FileOf(window, nullptr, {NetworkLevels{{24}, {64}}, true});
  const TemporaryFolder folder;
  std::mt19937_64 random(2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(static_cast<unsigned char>(damaged[i]) ^ (1U << random() % 8));
    WriteFile(folder / "window", damaged);
    const OpenedWindow opened = StoredWindow::Open(folder / "window");
    if (opened.window == nullptr) continue;
    ASSERT_NE(opened.window->Verify(), "") << "byte " << i << " of " << bytes.size();
    (void)NdjsonOf(*opened.window,
                   {.observer = "mon1", .sketches = true, .networks = NetworkLevels{{24}, {64}}});
  }
}

/// A few bytes changed, or the end cut off.
std::string Damaged(const std::string& bytes, std::mt19937_64& random) {
  std::string damaged = bytes.substr(0, random() % 8 == 0 ? random() % bytes.size() : bytes.size());
  for (std::size_t flips = 1 + random() % 4; flips > 0 && !damaged.empty(); --flips)
    damaged[random() % damaged.size()] = static_cast<char>(random());
  return damaged;
}

TEST(StoredContent, ColumnsOfAnyBytesAreSafe) {
  constexpr int kRounds = 2000;
  std::mt19937_64 random(3);
  std::vector<HostRecord> rows;
  SketchCollector collector;
  for (std::size_t i = 0; i < 100; ++i) {
    rows.push_back(FullWindow().At(i));
    collector.Add(FullWindow(), i);
  }
  std::string row_columns;
  EncodeRows(rows, std::vector<std::uint32_t>(rows.size()), row_columns);
  std::string sketch_columns;
  collector.Take(sketch_columns);
  std::vector<NetworkRecord> networks = NetworksOf(FullWindow(), {});
  std::string network_columns;
  EncodeNetworks(networks, std::vector<std::uint32_t>(networks.size()), network_columns);
  const std::vector<Prefix> table = {Prefix::AllIpv4()};
  std::vector<std::uint8_t> bytes(aggregator::kMaxSketchBytes);
  int refused = 0;
  for (int i = 0; i < kRounds; ++i) {
    const std::string damaged = Damaged(row_columns, random);
    RowReader reader;
    std::vector<Address> addresses;
    std::vector<HostRecord> read(60);
    if (!reader.Open(damaged, rows.size(), table) || !reader.ReadAddresses(addresses) ||
        !reader.ReadRows(40, addresses, read))
      ++refused;
    for (const HostRecord& record : read) {
      if (record.tops == nullptr) continue;
      EXPECT_LE(record.tops->sent.peers.entries.size(), aggregator::TopOptions::kMax);
    }
    if (!DecodeNetworks(Damaged(network_columns, random), table, networks)) ++refused;
    SketchBlock sketches;
    if (!sketches.Open(Damaged(sketch_columns, random), rows.size())) ++refused;
    for (std::size_t row = 0; row < sketches.rows(); ++row) {
      EXPECT_LE(sketches.Write(row, Role::kReceived, DistinctFigure::kPeers, bytes.data()), bytes.size());
    }
  }
  EXPECT_GT(refused, kRounds / 5);
}

class StoredContentFed : public StoreFixture {};

TEST_F(StoredContentFed, ASinkFedFromTheStoreWritesWhatOneFedFromMemoryWrites) {
  options.content = kEverything;
  Open();
  const NdjsonOptions sink{
      .path = folder / "fed", .observer = "mon1", .sketches = true, .networks = NetworkLevels{}};
  SinkFeeder feeder(OpenNdjsonSink(sink).sink, *store, store->spool(0), {}, log);
  ASSERT_EQ(store->Put(FullWindow()), "");
  EXPECT_TRUE(feeder.Stop(std::chrono::seconds(60)));
  EXPECT_TRUE(ReadFile(folder / "fed") == NdjsonOf(FullWindow(), sink));
  EXPECT_EQ(feeder.status().sink.delivered,
            FullWindow().size() + FullWindow().CountNetworks(NetworkLevels{}) + 1);
}

TEST_F(StoredContentFed, NetworkRecordsThatTheSpoolDropsAreCountedWhereTheSinkHasThem) {
  options.content = {NetworkLevels{{16, 24}, {}}, false};
  options.spool_bytes = 1;
  Open();
  for (std::int64_t i = 0; i < 3; ++i)
    ASSERT_EQ(store->Put(ListedWindow(ManyHosts(kFewHosts, i), ManyNetworks(7))), "");
  const auto dropped = [&](std::size_t spool, const std::optional<NetworkLevels>& levels) {
    SinkFeeder feeder(OpenNdjsonSink({.path = folder / "fed", .observer = "mon1", .networks = levels}).sink,
                      *store, store->spool(spool), {}, log);
    feeder.Stop(std::chrono::seconds(20));
    return feeder.status().sink.dropped;
  };
  EXPECT_EQ(dropped(0, NetworkLevels{{24}, {}}), 2 * (kFewHosts + 7 + 1));
  EXPECT_EQ(dropped(0, NetworkLevels{{16}, {}}), 2 * (kFewHosts + 1));
  EXPECT_EQ(dropped(1, std::nullopt), 2 * (kFewHosts + 1));
  // Also of those that an earlier run left.
  for (std::int64_t i = 3; i < 5; ++i)
    ASSERT_EQ(store->Put(ListedWindow(ManyHosts(kFewHosts, i), ManyNetworks(7))), "");
  options.spool_bytes = std::uint64_t{1} << 30;
  Open();
  EXPECT_EQ(store->spool(0).status().dropped_windows, 0U);
  store->spool(0).Drop(IdOf(4), "a test");
  EXPECT_EQ(dropped(0, NetworkLevels{{24}, {}}), kFewHosts + 7 + 1);
}

}  // namespace
}  // namespace hostscope::exporter
