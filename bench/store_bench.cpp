// What a window costs in the local store: writing it, reading all of it, one host, one prefix's hosts, one
// prefix's network record, opening; bytes for each host record, with network records and without.
//
//     store_bench --benchmark_filter=Find
//
// Windows have 1 million hosts of 16 networks: IPv4, one in ten IPv6. How many flow records a host has
// follows Zipf's law of exponent 1, 20 million in all and at least one each; packets, bytes, durations, ports
// and flags are drawn from what such flows look like, so that columns have about the entropy of real ones.
// "sent" windows have one role, "both" two. Network records are of the 16 monitored networks and of the
// default levels in them, some 63,000, most of them /24s; their sums are those of their hosts, and so are
// their distinct counts, which really are those of the union and shorter. Files are in $TMPDIR (or /tmp) and
// stay in the page cache, so what is measured is the program and not the disk; WriteAndSync is the whole
// protocol with its fsync calls.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "exporter/store/store.h"
#include "exporter/store/window_writer.h"
#include "tests/exporter/windows.h"

namespace hostscope::exporter {
namespace {

using aggregator::HostRecord;
using aggregator::NetworkRecord;
using aggregator::RoleFigures;

constexpr std::size_t kHosts = 1'000'000;
constexpr double kFlows = 20e6;
constexpr std::uint32_t kNetworks = 16;

RoleFigures MakeRole(std::uint64_t flows, std::mt19937_64& random) {
  RoleFigures role;
  role.flows = flows;
  const auto share = [&](unsigned percent) { return flows * (percent + random() % 11) / 100; };
  role.tcp = share(60);
  role.udp = std::min(flows - role.tcp, share(25));
  role.icmp = std::min(flows - role.tcp - role.udp, share(2));
  role.packets = flows * (1 + random() % 20) + random() % 10;
  role.bytes = role.packets * (60 + random() % 1000) + random() % 1000;
  role.duration_count = flows;
  role.duration_sum_us = flows * (random() % 10'000) * 1000;
  role.peers = 1 + share(30);
  role.src_ports = std::min<std::uint64_t>(1 + share(70), 64'000);
  role.dst_ports = std::min<std::uint64_t>(1 + share(5), 64'000);
  constexpr std::array<unsigned, 8> kFlagPercent = {40, 50, 5, 45, 60, 0, 0, 0};
  for (std::size_t i = 0; i < kFlagPercent.size(); ++i) {
    if (kFlagPercent[i] != 0) role.tcp_flags[i] = role.tcp * (kFlagPercent[i] + random() % 10) / 100;
  }
  return role;
}

Address AddressOf(std::uint32_t network, std::uint32_t number) {
  if (number % 10 != 0) return Address::FromIpv4(__builtin_bswap32((10U << 24) + (network << 20) + number));
  std::array<std::uint8_t, 16> octets{0x20, 0x01, 0x0d, 0xb8, 0, static_cast<std::uint8_t>(network)};
  const std::uint64_t interface = number * 0x9e3779b97f4a7c15ULL;  // as privacy extensions draw them
  std::copy_n(reinterpret_cast<const std::uint8_t*>(&interface), sizeof(interface), &octets[8]);
  return Address::FromIpv6(octets.data());
}

const ListedWindow& Window(bool has_both_roles) {
  const auto make = [](bool both) {
    std::mt19937_64 random(1);
    std::vector<std::size_t> ranks(kHosts);
    for (std::size_t i = 0; i < kHosts; ++i) ranks[i] = i + 1;
    std::shuffle(ranks.begin(), ranks.end(), random);
    std::vector<HostRecord> records(kHosts);
    for (std::size_t i = 0; i < kHosts; ++i) {
      const auto network = static_cast<std::uint32_t>(i % kNetworks);
      const auto flows = 1 + static_cast<std::uint64_t>(kFlows / 14.4 / static_cast<double>(ranks[i]));
      // A few of each /12: hosts are dense in places.
      const auto number = static_cast<std::uint32_t>(i / kNetworks * 16 + random() % 16);
      HostRecord& record = records[i];
      record.host = AddressOf(network, number);
      record.network =
          record.host.IsIpv4() ? Prefix::Ipv4(record.host.ipv4_bits(), 12) : Prefix::Ipv6(record.host, 48);
      record.sent = MakeRole(flows, random);
      if (both) record.received = MakeRole(flows, random);
    }
    const auto before = [](const HostRecord& a, const HostRecord& b) { return a.host < b.host; };
    std::sort(records.begin(), records.end(), before);
    const auto same = [](const HostRecord& a, const HostRecord& b) { return a.host == b.host; };
    records.erase(std::unique(records.begin(), records.end(), same), records.end());
    return ListedWindow(TenSeconds(), std::move(records));
  };
  static const ListedWindow kSent = make(false);
  static const ListedWindow kBoth = make(true);
  return has_both_roles ? kBoth : kSent;
}

void AddTo(RoleFigures& sum, const RoleFigures& role) {
  sum.flows += role.flows;
  sum.packets += role.packets;
  sum.bytes += role.bytes;
  sum.duration_sum_us += role.duration_sum_us;
  sum.duration_count += role.duration_count;
  sum.peers += role.peers;
  sum.src_ports = std::min<std::uint64_t>(sum.src_ports + role.src_ports, 64'000);
  sum.dst_ports = std::min<std::uint64_t>(sum.dst_ports + role.dst_ports, 64'000);
  for (std::size_t i = 0; i < sum.tcp_flags.size(); ++i) sum.tcp_flags[i] += role.tcp_flags[i];
  sum.tcp += role.tcp;
  sum.udp += role.udp;
  sum.icmp += role.icmp;
}

/// Records in the order of windows: by last address, of equal ones the most specific first.
std::vector<NetworkRecord> NetworksOf(const ListedWindow& window) {
  std::map<std::pair<Address, int>, NetworkRecord> networks;
  const auto add = [&](const HostRecord& host, const Prefix& prefix) {
    Address last = prefix.network;
    for (unsigned bit = prefix.length; bit < 128; ++bit)
      last.bytes[bit / 8] = static_cast<std::uint8_t>(last.bytes[bit / 8] | 0x80U >> bit % 8);
    NetworkRecord& record = networks[{last, -prefix.length}];
    record.prefix = prefix;
    record.is_monitored = prefix == host.network;
    if (!record.is_monitored) record.within = host.network;
    ++record.hosts;
    AddTo(record.sent, host.sent);
    AddTo(record.received, host.received);
  };
  for (std::size_t i = 0; i < window.size(); ++i) {
    const HostRecord host = window.At(i);
    add(host, host.network);
    if (host.host.IsIpv4()) {
      add(host, Prefix::Ipv4(host.host.ipv4_bits(), 16));
      add(host, Prefix::Ipv4(host.host.ipv4_bits(), 24));
    } else {
      add(host, Prefix::Ipv6(host.host, 64));
    }
  }
  std::vector<NetworkRecord> list;
  for (const auto& [key, record] : networks) list.push_back(record);
  return list;
}

const ListedWindow& WindowWithNetworks() {
  static const ListedWindow kWindow(Window(true), NetworksOf(Window(true)));
  return kWindow;
}

/// The window's file, which is removed at the end.
class File {
 public:
  File(const ListedWindow& window, const std::string& name, const WindowContent& content = {})
      : path_(std::filesystem::temp_directory_path() / ("hostscope-bench-" + name)) {
    std::ofstream out(path_, std::ios::binary | std::ios::trunc);
    WriteWindow(
        window,
        [&out](std::string_view piece) {
          out << piece;
          return std::error_code();
        },
        content);
  }
  ~File() { std::filesystem::remove(path_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

const std::string& PathOf(bool has_both_roles) {
  static const File kSent(Window(false), "sent");
  static const File kBoth(Window(true), "both");
  return (has_both_roles ? kBoth : kSent).path();
}

const WindowContent& WithNetworks() {
  static const WindowContent kContent{.networks = aggregator::NetworkLevels{}};
  return kContent;
}

void SetRows(benchmark::State& state, const ListedWindow& window) {
  state.SetItemsProcessed(static_cast<std::int64_t>(window.size()) * state.iterations());
}

void WriteWindowFile(benchmark::State& state) {
  const ListedWindow& window = Window(state.range(0) != 0);
  WrittenWindow written;
  for (auto _ : state) {
    written = WriteWindow(window, [](std::string_view piece) {
      benchmark::DoNotOptimize(piece.data());
      return std::error_code();
    });
  }
  SetRows(state, window);
  state.counters["bytes_per_row"] = static_cast<double>(written.bytes) / static_cast<double>(written.rows);
}
BENCHMARK(WriteWindowFile)->ArgName("both")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

/// The same window with its network records, which are there already: rolling them up is
/// network_rollup_bench's. bytes_per_row is of host rows, and has all of the file.
void WriteWithNetworks(benchmark::State& state) {
  const ListedWindow& window = WindowWithNetworks();
  WrittenWindow written;
  for (auto _ : state) {
    written = WriteWindow(
        window,
        [](std::string_view piece) {
          benchmark::DoNotOptimize(piece.data());
          return std::error_code();
        },
        WithNetworks());
  }
  if (written.error) state.SkipWithError(written.error.message().c_str());
  SetRows(state, window);
  state.counters["bytes_per_row"] = static_cast<double>(written.bytes) / static_cast<double>(written.rows);
  state.counters["networks"] = static_cast<double>(window.CountNetworks({}));
}
BENCHMARK(WriteWithNetworks)->Unit(benchmark::kMillisecond);

void WriteAndSync(benchmark::State& state) {
  const ListedWindow& window = Window(state.range(0) != 0);
  const auto path = std::filesystem::temp_directory_path() / "hostscope-bench-store";
  std::filesystem::remove_all(path);
  {
    StoreOptions options;
    options.path = path;
    options.sinks = {"one", "two"};
    const OpenedStore opened = Store::Open(options, {});
    if (opened.store == nullptr) {
      state.SkipWithError(opened.problem.c_str());
      return;
    }
    for (auto _ : state) opened.store->Put(window);
  }
  SetRows(state, window);
  std::filesystem::remove_all(path);
}
BENCHMARK(WriteAndSync)->ArgName("both")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond)->UseRealTime();

void ReadAll(benchmark::State& state) {
  const OpenedWindow opened = StoredWindow::Open(PathOf(state.range(0) != 0));
  for (auto _ : state) {
    for (std::size_t i = 0; i < opened.window->size(); ++i) benchmark::DoNotOptimize(opened.window->At(i));
  }
  SetRows(state, Window(state.range(0) != 0));
}
BENCHMARK(ReadAll)->ArgName("both")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void Verify(benchmark::State& state) {
  const OpenedWindow opened = StoredWindow::Open(PathOf(state.range(0) != 0));
  for (auto _ : state) {
    if (!opened.window->Verify().empty()) state.SkipWithError("damaged");
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(opened.window->file_bytes()) * state.iterations());
}
BENCHMARK(Verify)->ArgName("both")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void Open(benchmark::State& state) {
  const std::string& path = PathOf(state.range(0) != 0);
  for (auto _ : state) benchmark::DoNotOptimize(StoredWindow::Open(path).window);
}
BENCHMARK(Open)->ArgName("both")->Arg(1)->Unit(benchmark::kMicrosecond);

/// One host of a window that is open already.
void Find(benchmark::State& state) {
  const ListedWindow& window = Window(state.range(0) != 0);
  const OpenedWindow opened = StoredWindow::Open(PathOf(state.range(0) != 0));
  std::mt19937_64 random(2);
  HostRecord record;
  for (auto _ : state) {
    if (opened.window->Find(window.At(random() % window.size()).host, record) != ReadResult::kFound)
      state.SkipWithError("not found");
  }
}
BENCHMARK(Find)->ArgName("both")->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

/// One host over many windows: each is opened for it.
void OpenAndFind(benchmark::State& state) {
  const ListedWindow& window = Window(true);
  std::mt19937_64 random(2);
  HostRecord record;
  for (auto _ : state) {
    const OpenedWindow opened = StoredWindow::Open(PathOf(true));
    if (opened.window->Find(window.At(random() % window.size()).host, record) != ReadResult::kFound)
      state.SkipWithError("not found");
  }
}
BENCHMARK(OpenAndFind)->Unit(benchmark::kMicrosecond);

/// A prefix of so many bits around a host.
void Scan(benchmark::State& state) {
  const ListedWindow& window = Window(true);
  const OpenedWindow opened = StoredWindow::Open(PathOf(true));
  std::mt19937_64 random(2);
  std::int64_t rows = 0;
  for (auto _ : state) {
    Address host = window.At(random() % window.size()).host;
    while (!host.IsIpv4()) host = window.At(random() % window.size()).host;
    const Prefix prefix = Prefix::Ipv4(host.ipv4_bits(), static_cast<unsigned>(state.range(0)));
    opened.window->Scan(prefix, [&rows](const HostRecord&) { ++rows; });
  }
  state.counters["hosts"] = static_cast<double>(rows) / static_cast<double>(state.iterations());
}
BENCHMARK(Scan)->ArgName("bits")->Arg(24)->Arg(16)->Arg(12)->Unit(benchmark::kMicrosecond);

/// The network record of a prefix; with "opening", the file is opened for it.
void FindNetwork(benchmark::State& state) {
  static const File kFile(WindowWithNetworks(), "networks", WithNetworks());
  const ListedWindow& window = Window(true);
  OpenedWindow opened = StoredWindow::Open(kFile.path());
  std::mt19937_64 random(2);
  NetworkRecord record;
  for (auto _ : state) {
    if (state.range(0) != 0) opened = StoredWindow::Open(kFile.path());
    Address host = window.At(random() % window.size()).host;
    while (!host.IsIpv4()) host = window.At(random() % window.size()).host;
    if (opened.window->FindNetwork(Prefix::Ipv4(host.ipv4_bits(), 24), record) != ReadResult::kFound)
      state.SkipWithError("not found");
  }
}
BENCHMARK(FindNetwork)->ArgName("opening")->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace hostscope::exporter
