// What a host record costs on its way to text, by schema and by how much there is to say of the host.
//
//     json_encoder_bench --benchmark_min_time=2
//
// A quiet host has one role and a flow record or two, as most hosts of a Zipf window have; a busy one has
// both roles and figures of three to seven digits. A tenth of each have IPv6 addresses. Reading the record
// out of the host table is host_table_bench's ReadAll; writing the text to a file is not here.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <random>
#include <vector>

#include "exporter/encoding/json_encoder.h"

namespace hostscope::exporter {
namespace {

using aggregator::HostRecord;
using aggregator::RoleFigures;

constexpr std::size_t kHosts = 4096;  // more than branch predictors learn by heart, and no strain on caches

enum class Hosts : std::int64_t { kQuiet, kBusy };

std::uint64_t Below(std::mt19937_64& random, std::uint64_t bound) {
  return random() % bound;
}

RoleFigures QuietRole(std::mt19937_64& random) {
  RoleFigures role;
  role.flows = 1 + Below(random, 2);
  role.packets = role.flows * (1 + Below(random, 9));
  role.bytes = role.packets * (40 + Below(random, 1460));
  role.duration_count = role.flows;
  role.duration_sum_us = Below(random, 10'000'000);
  role.peers = role.src_ports = role.dst_ports = role.flows;
  role.tcp = role.flows;
  role.tcp_flags = {role.flows, role.flows, 0, role.flows, role.flows, 0, 0, 0};
  return role;
}

RoleFigures BusyRole(std::mt19937_64& random) {
  RoleFigures role;
  role.tcp = 100 + Below(random, 100'000);
  role.udp = Below(random, 10'000);
  role.icmp = Below(random, 100);
  role.flows = role.tcp + role.udp + role.icmp;
  role.packets = role.flows * 20;
  role.bytes = role.packets * (40 + Below(random, 1460));
  role.duration_count = role.flows;
  role.duration_sum_us = role.flows * Below(random, 10'000'000);
  role.peers = 1 + Below(random, role.flows);
  role.src_ports = 1 + Below(random, 50'000);
  role.dst_ports = 1 + Below(random, 1'000);
  for (std::uint64_t& flag : role.tcp_flags) flag = Below(random, role.tcp);
  return role;
}

std::vector<HostRecord> Records(Hosts hosts) {
  std::mt19937_64 random(1);
  std::vector<HostRecord> records(kHosts);
  for (HostRecord& record : records) {
    const auto bits = static_cast<std::uint32_t>(random());
    record.host = Address::FromIpv4(bits);
    record.network = Prefix::AllIpv4();
    if (Below(random, 10) == 0) {
      const std::array<std::uint8_t, 16> octets{
          0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, static_cast<std::uint8_t>(bits), 1};
      record.host = Address::FromIpv6(octets.data());
      record.network = Prefix::AllIpv6();
    }
    if (hosts == Hosts::kBusy) {
      record.sent = BusyRole(random);
      record.received = BusyRole(random);
    } else {
      (Below(random, 2) == 0 ? record.sent : record.received) = QuietRole(random);
    }
  }
  return records;
}

void BM_EncodeHost(benchmark::State& state) {
  const auto schema = static_cast<Schema>(state.range(0));
  const std::vector<HostRecord> records = Records(static_cast<Hosts>(state.range(1)));
  JsonEncoder encoder("mon1", schema);
  encoder.SetWindow({ReceiveTime{1'795'467'610 * kNanosecondsPerSecond}, 10 * kNanosecondsPerSecond}, false);
  std::vector<char> text(encoder.max_record_size());
  std::uint64_t written = 0;
  std::uint64_t bytes = 0;
  for (auto _ : state) {
    for (const HostRecord& record : records) {
      const char* end = encoder.EncodeHost(record, text.data());
      benchmark::ClobberMemory();
      if (end != text.data()) ++written;
      bytes += static_cast<std::uint64_t>(end - text.data());
    }
  }
  state.counters["records"] = benchmark::Counter(static_cast<double>(written), benchmark::Counter::kIsRate);
  state.counters["bytes/record"] = static_cast<double>(bytes) / static_cast<double>(written);
}
BENCHMARK(BM_EncodeHost)
    ->ArgNames({"stream4flow", "busy"})
    ->ArgsProduct({{static_cast<std::int64_t>(Schema::kHostscope),
                    static_cast<std::int64_t>(Schema::kStream4Flow)},
                   {static_cast<std::int64_t>(Hosts::kQuiet), static_cast<std::int64_t>(Hosts::kBusy)}});

}  // namespace
}  // namespace hostscope::exporter
