// What a flow record costs in the host table, by number of hosts, skew and roles; and what a window's end
// costs.
//
//     host_table_bench --benchmark_filter=Update
//
// Update counts a window of 4 million records in batches of 128, as the decoder hands them over. Time is for
// the table alone: making the records is measured by Baseline, and to be taken off. "fresh" starts each
// window with a cleared table, so that hosts are inserted and sketches grow; without it the table is the one
// that saw the same records before.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "aggregator/host_table.h"

namespace hostscope::aggregator {
namespace {

constexpr std::size_t kRecords = 4'000'000;
constexpr std::size_t kBatch = 128;

enum class Skew : std::int64_t { kUniform, kZipf };
enum class Roles : std::int64_t { kSent, kBoth };

/// Numbers of hosts, drawn uniformly or with Zipf's law of exponent 1. Numbers are shuffled, so that rank
/// says nothing about the address.
std::vector<std::uint32_t> Draw(std::uint32_t hosts, Skew skew, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::uint32_t> drawn(kRecords);
  if (skew == Skew::kUniform) {
    for (std::uint32_t& host : drawn) host = static_cast<std::uint32_t>(random() % hosts);
    return drawn;
  }
  std::vector<double> share(hosts);
  double sum = 0;
  for (std::uint32_t rank = 0; rank < hosts; ++rank) share[rank] = sum += 1.0 / (rank + 1.0);
  std::vector<std::uint32_t> host_of(hosts);
  for (std::uint32_t rank = 0; rank < hosts; ++rank) host_of[rank] = rank;
  std::shuffle(host_of.begin(), host_of.end(), std::mt19937_64(hosts));
  std::uniform_real_distribution<double> uniform(0, sum);
  for (std::uint32_t& host : drawn) {
    const auto at = std::lower_bound(share.begin(), share.end(), uniform(random));
    host = host_of[static_cast<std::size_t>(at - share.begin())];
  }
  return drawn;
}

/// One window's flow records in the smallest form from which they can be made on the way: memory traffic of
/// the bench itself stays small.
class Window {
 public:
  Window(std::uint32_t hosts, Skew skew)
      : sources_(Draw(hosts, skew, 1)), destinations_(Draw(hosts, skew, 2)), ports_(kRecords) {
    std::mt19937_64 random(3);
    for (std::uint32_t& ports : ports_) {
      // An ephemeral source port and one of a few services.
      ports = static_cast<std::uint32_t>((32768 + random() % 28232) << 16 |
                                         kServices[random() % kServices.size()]);
    }
  }

  void Make(std::size_t first, Roles roles, std::array<FlowRecord, kBatch>& batch) const {
    for (std::size_t i = 0; i < kBatch; ++i) {
      const std::size_t at = first + i;
      FlowRecord& record = batch[i];
      record.source = AddressOf(10, sources_[at]);
      // Foreign destinations, 198.0.0.0 and up, where only the sent role is to be counted.
      record.destination = AddressOf(roles == Roles::kBoth ? 10 : 198, destinations_[at]);
      record.packets = 1 + (ports_[at] & 63);
      record.bytes = record.packets * 700;
      record.duration_us = ports_[at];
      record.source_port = static_cast<std::uint16_t>(ports_[at] >> 16);
      record.destination_port = static_cast<std::uint16_t>(ports_[at]);
      record.protocol = (ports_[at] & 1) != 0 ? 6 : 17;
      record.tcp_flags = static_cast<std::uint8_t>(ports_[at] >> 16);
      record.traits = FlowRecord::kHasDuration | FlowRecord::kHasPorts;
    }
  }

 private:
  static constexpr std::array<std::uint16_t, 8> kServices{443, 80, 53, 22, 123, 25, 993, 8080};

  static Address AddressOf(std::uint8_t first_octet, std::uint32_t host) {
    return Address::FromIpv4(__builtin_bswap32(std::uint32_t{first_octet} << 24 | host));
  }

  std::vector<std::uint32_t> sources_;
  std::vector<std::uint32_t> destinations_;
  std::vector<std::uint32_t> ports_;
};

/// Only the last one is kept: the largest takes a while to draw and a few hundred megabytes.
const Window& WindowOf(std::uint32_t hosts, Skew skew) {
  static std::pair<std::uint32_t, Skew> key{0, Skew::kUniform};
  static std::unique_ptr<Window> window;
  if (window == nullptr || key != std::pair(hosts, skew)) {
    window = std::make_unique<Window>(hosts, skew);
    key = {hosts, skew};
  }
  return *window;
}

NetworkSet Campus() {
  return NetworkSet(std::vector{Prefix::Ipv4(10, 8)});
}

HostTableOptions OptionsFor(std::int64_t hosts) {
  return {.max_hosts = static_cast<std::size_t>(hosts), .sketch_bytes = std::size_t{1} << 30, .hash_key = 42};
}

void CountWindow(HostTable& table, const Window& window, Roles roles) {
  std::array<FlowRecord, kBatch> batch{};
  for (std::size_t first = 0; first < kRecords; first += kBatch) {
    window.Make(first, roles, batch);
    benchmark::DoNotOptimize(table.Update(batch));
  }
}

void ReportPerRecord(benchmark::State& state, std::size_t records) {
  const auto all = static_cast<double>(state.iterations()) * static_cast<double>(records);
  state.counters["ns/record"] =
      benchmark::Counter(all * 1e-9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void BM_Baseline(benchmark::State& state) {
  const auto roles = static_cast<Roles>(state.range(0));
  const Window& window = WindowOf(1000, Skew::kUniform);
  std::array<FlowRecord, kBatch> batch{};
  for (auto _ : state) {
    for (std::size_t first = 0; first < kRecords; first += kBatch) {
      window.Make(first, roles, batch);
      benchmark::DoNotOptimize(batch.data());
      benchmark::ClobberMemory();
    }
  }
  ReportPerRecord(state, kRecords);
}
BENCHMARK(BM_Baseline)->ArgName("both_roles")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void BM_Update(benchmark::State& state) {
  const auto hosts = static_cast<std::uint32_t>(state.range(0));
  const auto roles = static_cast<Roles>(state.range(2));
  const bool is_fresh = state.range(3) != 0;
  const Window& window = WindowOf(hosts, static_cast<Skew>(state.range(1)));
  HostTable table(OptionsFor(state.range(0)), Campus());
  CountWindow(table, window, roles);
  for (auto _ : state) {
    if (is_fresh) {
      state.PauseTiming();
      table.Clear();
      state.ResumeTiming();
    }
    CountWindow(table, window, roles);
  }
  ReportPerRecord(state, kRecords);
  state.counters["hosts"] = static_cast<double>(table.hosts());
}
BENCHMARK(BM_Update)
    ->ArgNames({"hosts", "zipf", "both_roles", "fresh"})
    ->ArgsProduct({{1'000, 10'000, 100'000, 1'000'000, 10'000'000}, {0, 1}, {0, 1}, {0, 1}})
    ->Unit(benchmark::kMillisecond);

/// With top lists of ten, of peers, destination ports or both: what they cost is the difference to BM_Update.
/// With many hosts the stream's destinations are nearly all different; a host then has few peers with more
/// than a record, the worst case for a list.
void BM_UpdateTop(benchmark::State& state) {
  const auto hosts = static_cast<std::uint32_t>(state.range(0));
  const Window& window = WindowOf(hosts, static_cast<Skew>(state.range(1)));
  HostTableOptions options = OptionsFor(state.range(0));
  options.top = {.peers = static_cast<std::size_t>(state.range(2)),
                 .dst_ports = static_cast<std::size_t>(state.range(3)),
                 .by = TopBy::kFlows};
  const bool is_fresh = state.range(4) != 0;
  HostTable table(options, Campus());
  CountWindow(table, window, Roles::kBoth);
  for (auto _ : state) {
    if (is_fresh) {
      state.PauseTiming();
      table.Clear();
      state.ResumeTiming();
    }
    CountWindow(table, window, Roles::kBoth);
  }
  ReportPerRecord(state, kRecords);
}
BENCHMARK(BM_UpdateTop)
    ->ArgNames({"hosts", "zipf", "peers", "dst_ports", "fresh"})
    ->ArgsProduct({{1'000, 10'000, 100'000, 1'000'000}, {0, 1}, {0, 10}, {0, 10}, {0, 1}})
    ->Unit(benchmark::kMillisecond);

/// The parts of a window's end, for a window of 4 million records. Each leaves the tables as it found them.
void BM_Unite(benchmark::State& state) {
  const Window& window = WindowOf(static_cast<std::uint32_t>(state.range(0)), Skew::kZipf);
  HostTable from(OptionsFor(state.range(0)), Campus());
  HostTable to(OptionsFor(state.range(0)), Campus());
  CountWindow(from, window, Roles::kBoth);
  to.Unite(from);
  const bool is_copy = state.range(1) != 0;
  for (auto _ : state) {
    if (is_copy) {
      state.PauseTiming();
      to.Clear();
      state.ResumeTiming();
    }
    to.Unite(from);
  }
  ReportPerRecord(state, from.hosts());
}
BENCHMARK(BM_Unite)
    ->ArgNames({"hosts", "into_empty"})
    ->ArgsProduct({{100'000, 1'000'000}, {0, 1}})
    ->Unit(benchmark::kMillisecond);

void BM_Sort(benchmark::State& state) {
  HostTable table(OptionsFor(state.range(0)), Campus());
  CountWindow(table, WindowOf(static_cast<std::uint32_t>(state.range(0)), Skew::kZipf), Roles::kBoth);
  for (auto _ : state) table.Sort();
  ReportPerRecord(state, table.hosts());
}
BENCHMARK(BM_Sort)->ArgName("hosts")->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

void BM_ReadAll(benchmark::State& state) {
  HostTable table(OptionsFor(state.range(0)), Campus());
  CountWindow(table, WindowOf(static_cast<std::uint32_t>(state.range(0)), Skew::kZipf), Roles::kBoth);
  table.Sort();
  for (auto _ : state) {
    for (std::size_t i = 0; i < table.hosts(); ++i) benchmark::DoNotOptimize(table.RecordAt(i));
  }
  ReportPerRecord(state, table.hosts());
}
BENCHMARK(BM_ReadAll)->ArgName("hosts")->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

void BM_Clear(benchmark::State& state) {
  HostTable full(OptionsFor(state.range(0)), Campus());
  CountWindow(full, WindowOf(static_cast<std::uint32_t>(state.range(0)), Skew::kZipf), Roles::kBoth);
  HostTable table(OptionsFor(state.range(0)), Campus());
  for (auto _ : state) {
    state.PauseTiming();
    table.Unite(full);
    state.ResumeTiming();
    table.Clear();
  }
  ReportPerRecord(state, full.hosts());
}
BENCHMARK(BM_Clear)->ArgName("hosts")->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hostscope::aggregator
