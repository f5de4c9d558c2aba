// What it costs to keep profiles of so many hosts, one core: a window in which all have traffic (Present),
// and the end of one in which two of three have none (Silent). Memory is touched in an order that has nothing
// to do with that in which profiles lie.
//
//     profile_bench
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "aggregator/profile/profile_store.h"

namespace hostscope::aggregator {
namespace {

constexpr std::int64_t kStart = 1'795'392'000 * kNanosecondsPerSecond;
constexpr std::size_t kAhead = 8;

HostRecord RecordOf(std::uint32_t host) {
  HostRecord record;
  record.host = Address::FromIpv4(__builtin_bswap32(10U << 24 | host));
  for (RoleFigures* role : {&record.sent, &record.received}) {
    role->flows = role->tcp = 20 + host % 97;
    role->packets = 10 * role->flows;
    role->bytes = 5000 * role->flows;
    role->peers = role->src_ports = role->dst_ports = 3 + host % 17;
    role->tcp_flags[1] = role->tcp_flags[4] = role->flows;
  }
  return record;
}

struct Hosts {
  explicit Hosts(std::uint32_t count) {
    ProfileOptions options;
    options.max_hosts = count;
    store = std::make_unique<ProfileStore>(options);
    // 2^19 + 1 has no factor in common with the counts below.
    for (std::uint64_t i = 0; i < count; ++i) {
      order.push_back(RecordOf(static_cast<std::uint32_t>(i * 524'289 % count)));
    }
    Begin();
    for (std::uint32_t i = 0; i < count; ++i) store->Add(RecordOf(i));
    store->End();
    // So that hosts are out of their warm-up.
    window += 8 * kNanosecondsPerDay / store->options().window_ns;
  }
  void Begin() {
    const std::int64_t length = store->options().window_ns;
    store->Begin({{kStart + window++ * length}, length});
  }
  std::unique_ptr<ProfileStore> store;
  std::vector<HostRecord> order;
  std::int64_t window = 0;
};

Hosts& HostsOf(std::int64_t count) {
  static std::unique_ptr<Hosts> hosts;
  if (hosts == nullptr || hosts->order.size() != static_cast<std::size_t>(count)) {
    hosts.reset();
    hosts = std::make_unique<Hosts>(static_cast<std::uint32_t>(count));
  }
  return *hosts;
}

void Present(benchmark::State& state) {
  Hosts& hosts = HostsOf(state.range(0));
  for (auto _ : state) {
    hosts.Begin();
    for (std::size_t i = 0; i < hosts.order.size(); ++i) {
      if (i + kAhead < hosts.order.size()) hosts.store->Prefetch(hosts.order[i + kAhead].host);
      benchmark::DoNotOptimize(hosts.store->Add(hosts.order[i]));
    }
    hosts.store->End();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["hosts"] = static_cast<double>(hosts.store->size());
}

void Silent(benchmark::State& state) {
  Hosts& hosts = HostsOf(state.range(0));
  std::size_t first = 0;
  for (auto _ : state) {
    hosts.Begin();
    // One in three is there: of under a quarter, nobody would be called silent.
    state.PauseTiming();
    for (std::size_t i = first++ % 3; i < hosts.order.size(); i += 3) hosts.store->Add(hosts.order[i]);
    state.ResumeTiming();
    hosts.store->End();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK(Present)->Arg(10'000)->Arg(1'000'000)->Unit(benchmark::kMillisecond);
// So few windows because the hosts of each must come first.
BENCHMARK(Silent)->Arg(10'000)->Arg(1'000'000)->Iterations(5)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hostscope::aggregator
