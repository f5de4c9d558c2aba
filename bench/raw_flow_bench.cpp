// What passing on every flow record costs: the worker, which shows its batches to a tap that copies them into
// a ring, and the thread that makes JSON of them.
//
//     raw_flow_bench
//
// Instructions a record, without the noise of a machine: BM_Worker, run once in each way under callgrind,
// of function DecodeAll. docs/performance.md has the command.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>

#include "bench/export_stream.h"
#include "exporter/raw_flow/raw_flow_encoder.h"
#include "exporter/raw_flow/raw_flow_queue.h"
#include "ipfix/decoder.h"

namespace hostscope::bench {
namespace {

constexpr std::size_t kBurst = 32;
constexpr StreamOptions kStream{.hosts = 100'000, .zipf = 1.0, .both_roles = true, .records = 1'000'000};

class NullConsumer final : public FlowConsumer {
 public:
  void Consume(std::span<const FlowRecord> records) noexcept override {
    benchmark::DoNotOptimize(records.data());
  }
};

// Not inlined, so that a profile has it by its name. `queue` is emptied at each burst, as if its reader kept
// up.
[[gnu::noinline]] void DecodeAll(const ExportStream& stream, ipfix::Decoder& decoder,
                                 exporter::RawFlowQueue& queue) {
  NullConsumer consumer;
  ipfix::Datagram datagram;
  datagram.source = Address::FromIpv4(0x0100c0c0U);
  datagram.source_port = 4739;
  for (std::size_t i = 0; i < stream.size(); ++i) {
    datagram.payload = stream[i];
    benchmark::DoNotOptimize(decoder.Decode(datagram, consumer));
    if (i % kBurst != kBurst - 1) continue;
    decoder.Flush(consumer);
    for (std::size_t count = 0; (count = queue.Front(SIZE_MAX).records.size()) != 0;) queue.Pop(count);
  }
  decoder.Flush(consumer);
}

void Report(benchmark::State& state, std::size_t records) {
  state.counters["records/s"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * static_cast<double>(records), benchmark::Counter::kIsRate);
}

void BM_Worker(benchmark::State& state) {
  const ExportStream& stream = StreamOf(kStream);
  ipfix::Decoder decoder{ipfix::Settings{}};
  exporter::RawFlowQueue queue(65'536);
  if (state.range(0) != 0) decoder.SetTap(&queue);
  for (auto _ : state) DecodeAll(stream, decoder, queue);
  Report(state, stream.records());
  state.counters["records"] = static_cast<double>(stream.records());
}
BENCHMARK(BM_Worker)->ArgName("tap")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void BM_Encode(benchmark::State& state) {
  FlowRecord record{};
  record.source = Address::FromIpv4(0x0403020aU);
  record.destination = Address::FromIpv4(0x500002c0U);
  record.packets = 14;
  record.bytes = 39'700;
  record.source_port = 49'285;
  record.destination_port = 443;
  record.protocol = 6;
  record.tcp_flags = 27;
  std::array<char, exporter::kMaxRawFlow> text;
  std::int64_t time = 1'764'000'000'000;
  for (auto _ : state) {
    ++time;
    benchmark::DoNotOptimize(exporter::EncodeRawFlow(record, {time, time + 250}, text.data()));
    benchmark::ClobberMemory();
  }
  Report(state, 1);
}
BENCHMARK(BM_Encode);

}  // namespace
}  // namespace hostscope::bench
