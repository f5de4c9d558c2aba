// What a flow record costs from the datagram in memory to the host table, all figures of a host record
// counted; and beside it what the memory alone costs.
//
//     pipeline_bench --benchmark_filter=hosts:1000000
//
// Each iteration is one window: it starts with a cleared table, whose memory is already there, and counts
// every record of the stream. Roofline reads the same datagrams and touches the same cache lines of the
// index, the slots and the sketches in the same order, as far ahead prefetched, and does nothing else.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "aggregator/host_table.h"
#include "bench/export_stream.h"
#include "bench/roofline.h"
#include "ipfix/decoder.h"

namespace hostscope::bench {
namespace {

constexpr std::size_t kBurst = 32;

aggregator::NetworkSet Campus() {
  return aggregator::NetworkSet(std::vector{Prefix::Ipv4(10, 8)});
}

StreamOptions StreamOf(const benchmark::State& state) {
  return {.hosts = static_cast<std::uint64_t>(state.range(0)),
          .zipf = static_cast<double>(state.range(1)),
          .both_roles = state.range(2) != 0};
}

aggregator::HostTableOptions TableFor(const StreamOptions& options) {
  return {.max_hosts = options.hosts, .sketch_bytes = std::size_t{3} << 30, .hash_key = 42};
}

void Report(benchmark::State& state, const ExportStream& stream) {
  const auto records = static_cast<double>(state.iterations()) * static_cast<double>(stream.records());
  state.counters["records/s"] = benchmark::Counter(records, benchmark::Counter::kIsRate);
  state.counters["ns/record"] =
      benchmark::Counter(records * 1e-9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

/// What the worker's aggregator does with a batch.
class TableConsumer final : public FlowConsumer {
 public:
  explicit TableConsumer(aggregator::HostTable& table) : table_(table) {}
  void Consume(std::span<const FlowRecord> records) noexcept override {
    flows_ += table_.Update(records).flows;
  }
  std::uint64_t flows() const noexcept { return flows_; }

 private:
  aggregator::HostTable& table_;
  std::uint64_t flows_ = 0;
};

/// Takes records and forgets them.
class NullConsumer final : public FlowConsumer {
 public:
  void Consume(std::span<const FlowRecord> records) noexcept override {
    benchmark::DoNotOptimize(records.data());
  }
};

void DecodeAll(const ExportStream& stream, ipfix::Decoder& decoder, FlowConsumer& consumer) {
  ipfix::Datagram datagram;
  datagram.source = Address::FromIpv4(0x0100c0c0U);
  datagram.source_port = 4739;
  for (std::size_t i = 0; i < stream.size(); ++i) {
    datagram.payload = stream[i];
    benchmark::DoNotOptimize(decoder.Decode(datagram, consumer));
    if (i % kBurst == kBurst - 1) decoder.Flush(consumer);
  }
  decoder.Flush(consumer);
}

void BM_Decode(benchmark::State& state) {
  const ExportStream& stream = bench::StreamOf(StreamOf(state));
  ipfix::Decoder decoder{ipfix::Settings{}};
  NullConsumer consumer;
  for (auto _ : state) DecodeAll(stream, decoder, consumer);
  Report(state, stream);
}

void BM_DecodeAndCount(benchmark::State& state) {
  const StreamOptions options = StreamOf(state);
  const ExportStream& stream = bench::StreamOf(options);
  aggregator::HostTable table(TableFor(options), Campus());
  TableConsumer consumer(table);
  ipfix::Decoder decoder{ipfix::Settings{}};
  DecodeAll(stream, decoder, consumer);
  for (auto _ : state) {
    state.PauseTiming();
    table.Clear();
    state.ResumeTiming();
    DecodeAll(stream, decoder, consumer);
  }
  Report(state, stream);
  state.counters["hosts"] = static_cast<double>(table.hosts());
  state.counters["saturated"] = static_cast<double>(table.saturated());
}

void BM_Roofline(benchmark::State& state) {
  const StreamOptions options = StreamOf(state);
  const ExportStream& stream = bench::StreamOf(options);
  Roofline roofline(stream, TableFor(options), Campus());
  benchmark::DoNotOptimize(roofline.TouchAll());  // Its memory is there from then on, as the table's is.
  for (auto _ : state) benchmark::DoNotOptimize(roofline.TouchAll());
  Report(state, stream);
  state.counters["lines/record"] = roofline.lines_per_record();
}

void Case(benchmark::internal::Benchmark* benchmark, std::int64_t hosts, int zipf, int both_roles) {
  benchmark->ArgNames({"hosts", "zipf", "both_roles"})
      ->Args({hosts, zipf, both_roles})
      ->Unit(benchmark::kMillisecond);
}

/// The two of a case one after the other: they share its stream, and what the machine is like at that moment.
const bool kRegistered = [] {
  Case(benchmark::RegisterBenchmark("BM_Decode", BM_Decode), 1'000'000, 1, 1);
  for (const int both_roles : {0, 1}) {
    for (const int zipf : {1, 0}) {
      for (const std::int64_t hosts : {1'000, 10'000, 100'000, 1'000'000, 10'000'000}) {
        Case(benchmark::RegisterBenchmark("BM_DecodeAndCount", BM_DecodeAndCount), hosts, zipf, both_roles);
        Case(benchmark::RegisterBenchmark("BM_Roofline", BM_Roofline), hosts, zipf, both_roles);
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace hostscope::bench
