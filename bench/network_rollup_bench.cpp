// What the network records of a window cost: a million hosts of 10.0.0.0/8, all of its 65,536 /24s, each host
// with so many flow records a role.
//
//     network_rollup_bench
//
// RollUp makes every record of /8, /16 and /24 with all its figures; ReadAll, to compare, every host record.
// "levels" 0: only the record of the monitored network.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "aggregator/host_table.h"
#include "aggregator/network_totals.h"

namespace hostscope::aggregator {
namespace {

constexpr std::uint32_t kHosts = 1'000'000;
constexpr std::int64_t kBatch = 128;
constexpr std::array<std::uint16_t, 8> kServices{443, 80, 53, 22, 123, 25, 993, 8080};

/// Number 0 is in the first /24, 1 in the second, and so on.
Address HostAddress(std::uint32_t n) {
  return Address::FromIpv4(__builtin_bswap32(10U << 24 | (n & 0xffffU) << 8 | n >> 16));
}

FlowRecord RandomRecord(std::mt19937_64& random) {
  const std::uint64_t bits = random();
  FlowRecord record{};
  record.source = HostAddress(static_cast<std::uint32_t>(random() % kHosts));
  record.destination = HostAddress(static_cast<std::uint32_t>(random() % kHosts));
  record.packets = 1 + (bits & 63);
  record.bytes = record.packets * 700;
  record.duration_us = bits >> 40;
  record.source_port = static_cast<std::uint16_t>(32768 + (bits >> 8) % 28232);
  record.destination_port = kServices[bits >> 24 & 7];
  record.protocol = (bits & 1) != 0 ? 6 : 17;
  record.tcp_flags = static_cast<std::uint8_t>(bits >> 32);
  record.traits = FlowRecord::kHasDuration | FlowRecord::kHasPorts;
  return record;
}

/// Only the last one is kept.
const HostTable& TableOf(std::int64_t flows_per_role) {
  static std::int64_t flows = 0;
  static std::unique_ptr<HostTable> table;
  if (flows == flows_per_role) return *table;
  table.reset();
  table = std::make_unique<HostTable>(
      HostTableOptions{.max_hosts = kHosts, .sketch_bytes = std::size_t{4} << 30, .hash_key = 42},
      NetworkSet(std::vector{Prefix::Ipv4(10, 8)}));
  flows = flows_per_role;
  std::mt19937_64 random(1);
  std::array<FlowRecord, kBatch> batch{};
  for (std::int64_t done = 0; done < flows * kHosts; done += kBatch) {
    for (FlowRecord& record : batch) record = RandomRecord(random);
    table->Update(batch);
  }
  table->Sort();
  return *table;
}

NetworkLevels LevelsOf(std::int64_t has_levels) {
  return has_levels != 0 ? NetworkLevels{} : NetworkLevels{{}, {}};
}

void BM_RollUp(benchmark::State& state) {
  const HostTable& table = TableOf(state.range(0));
  std::uint64_t networks = 0;
  for (auto _ : state) {
    networks = 0;
    table.ForEachNetwork(LevelsOf(state.range(1)), [&networks](const NetworkTotals& totals) {
      benchmark::DoNotOptimize(totals.record());
      ++networks;
      return true;
    });
  }
  state.counters["networks"] = static_cast<double>(networks);
}
BENCHMARK(BM_RollUp)
    ->ArgNames({"flows", "levels"})
    ->ArgsProduct({{4, 16, 64}, {0, 1}})
    ->Unit(benchmark::kMillisecond);

void BM_Count(benchmark::State& state) {
  const HostTable& table = TableOf(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(table.CountNetworks({}));
}
BENCHMARK(BM_Count)->ArgName("flows")->Arg(64)->Unit(benchmark::kMillisecond);

void BM_ReadAll(benchmark::State& state) {
  const HostTable& table = TableOf(state.range(0));
  for (auto _ : state) {
    for (std::size_t i = 0; i < table.hosts(); ++i) benchmark::DoNotOptimize(table.RecordAt(i));
  }
}
BENCHMARK(BM_ReadAll)->ArgName("flows")->Arg(64)->Arg(4)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hostscope::aggregator
