// What an exporter's own worker still has to do for a datagram whose data sets another one reads: it bounds
// how many workers one exporter can use. BM_Control splits and takes back, BM_Data reads what was split off,
// BM_InPlace does both at once; nothing is counted for hosts.
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "bench/export_stream.h"
#include "ipfix/decoder.h"
#include "ipfix/job_reader.h"

namespace hostscope::bench {
namespace {

class NullConsumer final : public FlowConsumer {
 public:
  void Consume(std::span<const FlowRecord> records) noexcept override {
    benchmark::DoNotOptimize(records.data());
  }
};

const ExportStream& Stream() {
  return bench::StreamOf({.hosts = 100'000, .zipf = 1, .both_roles = true, .records = 310'000});
}

ipfix::Datagram DatagramOf(const ExportStream& stream, std::size_t i) {
  ipfix::Datagram datagram;
  datagram.payload = stream[i];
  datagram.source = Address::FromIpv4(0x0100c0c0U);
  return datagram;
}

void Report(benchmark::State& state) {
  state.counters["ns/record"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * static_cast<double>(Stream().records()) * 1e-9,
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void BM_InPlace(benchmark::State& state) {
  ipfix::Decoder decoder{ipfix::Settings{}};
  NullConsumer consumer;
  for (auto _ : state) {
    for (std::size_t i = 0; i < Stream().size(); ++i) decoder.Decode(DatagramOf(Stream(), i), consumer);
  }
  decoder.Flush(consumer);
  Report(state);
}
BENCHMARK(BM_InPlace);

void BM_Control(benchmark::State& state) {
  ipfix::Decoder decoder{ipfix::Settings{}};
  NullConsumer consumer;
  auto job = std::make_unique<ipfix::DataJob>();
  for (auto _ : state) {
    for (std::size_t i = 0; i < Stream().size(); ++i) {
      decoder.Split(DatagramOf(Stream(), i), consumer, *job);
      decoder.Finish(*job);
    }
  }
  Report(state);
}
BENCHMARK(BM_Control);

void BM_Data(benchmark::State& state) {
  ipfix::Decoder decoder{ipfix::Settings{}};
  NullConsumer consumer;
  std::vector<ipfix::DataJob> jobs(Stream().size());
  for (std::size_t i = 0; i < jobs.size(); ++i) decoder.Split(DatagramOf(Stream(), i), consumer, jobs[i]);
  ipfix::JobReader reader;
  for (auto _ : state) {
    for (ipfix::DataJob& job : jobs) reader.Read(job, consumer);
  }
  reader.Flush(consumer);
  Report(state);
}
BENCHMARK(BM_Data);

}  // namespace
}  // namespace hostscope::bench
