// How many flow records of one single exporter, on one receive queue, a number of workers can take.
//
//     spread_bench WORKERS SECONDS [never]
//
// The whole data plane, from the driver to the host tables. The driver is DPDK's net_pcap, which gives frames
// that it holds in memory again and again; what it costs the receiving worker is one copy of a frame.
// "never": the others don't help. Besides the wall clock it reads the workers' own CPU time, which is what
// counts on a machine that has other things to do.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "aggregator/merger.h"
#include "bench/export_stream.h"
#include "dataplane/dataplane.h"
#include "tests/dataplane/capture_file.h"

namespace hostscope::bench {
namespace {

using namespace std::chrono_literals;
using dataplane::testing::ParseAddress;

constexpr std::uint64_t kHosts = 100'000;
constexpr std::uint64_t kRecords = 120'000;  // in memory, some 3900 frames
constexpr std::int64_t kWindow = kNanosecondsPerSecond;

/// CPU time of all threads that DPDK named workers.
double WorkerCpuSeconds() {
  double seconds = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::ifstream(task.path() / "comm") >> name;
    if (!name.starts_with("rte-worker")) continue;
    double ns = 0;
    std::ifstream(task.path() / "schedstat") >> ns;
    seconds += ns * 1e-9;
  }
  return seconds;
}

void WriteFrames(const std::filesystem::path& path) {
  const ExportStream stream({.hosts = kHosts, .zipf = 1, .both_roles = true, .records = kRecords});
  std::vector<dataplane::testing::Bytes> frames;
  for (std::size_t i = 0; i < stream.size(); ++i) {
    dataplane::testing::UdpFrame frame;
    frame.source = ParseAddress("10.0.0.7");
    frame.destination = ParseAddress("10.0.0.1");
    frame.payload.assign(stream[i].begin(), stream[i].end());
    frames.push_back(Build(frame));
  }
  dataplane::testing::WriteCapture(path, frames);
}

dataplane::DataplaneConfig ConfigFor(unsigned workers, bool never, const std::filesystem::path& capture) {
  dataplane::DataplaneConfig config;
  dataplane::PortConfig& port = config.ports.emplace_back();
  port.device = "net_pcap0,infinite_rx=1,rx_pcap=" + capture.string();
  port.addresses = {ParseAddress("10.0.0.1")};
  port.buffers = 16384;
  port.verify_udp_checksum = false;  // a NIC does that
  config.eal.hugepages = dataplane::Hugepages::kNever;
  config.worker_cpus.resize(workers);
  for (unsigned i = 0; i < workers; ++i) config.worker_cpus[i] = workers - 1 - i;
  if (never) config.spread = dataplane::Spread::kNever;
  config.base_window_ns = kWindow;
  return config;
}

struct Totals {
  std::uint64_t records = 0;
  std::uint64_t datagrams = 0;
  std::uint64_t handed_out = 0;
  std::uint64_t kept = 0;
  double cpu_s = 0;
};

Totals TotalsOf(const dataplane::Dataplane& dataplane) {
  Totals totals;
  totals.cpu_s = WorkerCpuSeconds();
  for (const dataplane::WorkerStatus& worker : dataplane.status().workers) {
    totals.records += worker.accounting->records_counted.Get();
    totals.datagrams += worker.accounting->datagrams.Get();
    if (worker.spread == nullptr) continue;
    totals.handed_out += worker.spread->handed_out.Get();
    totals.kept += worker.spread->kept.Get();
  }
  return totals;
}

void Merge(dataplane::Dataplane& dataplane, aggregator::Merger& merger) {
  while (auto part = dataplane.TakePart()) {
    merger.Add(part->worker, std::move(part->part));
    dataplane.SupplyTables(merger);
  }
  dataplane.SupplyTables(merger);
}

void Measure(unsigned workers, double seconds, bool never, const std::filesystem::path& capture) {
  dataplane::Dataplane dataplane(ConfigFor(workers, never, capture));
  aggregator::MergerOptions options;
  options.workers = dataplane.worker_count();
  options.base_length_ns = kWindow;
  options.table = {.max_hosts = kHosts, .sketch_bytes = std::size_t{256} << 20, .hash_key = 42};
  aggregator::Merger merger(options, aggregator::NetworkSet(std::vector{Prefix::Ipv4(10, 8)}));
  dataplane.Start(merger);
  using Clock = std::chrono::steady_clock;
  const auto run_until = [&](Clock::time_point end) {
    while (Clock::now() < end) {
      Merge(dataplane, merger);
      std::this_thread::sleep_for(5ms);
    }
  };
  run_until(Clock::now() + 1s);  // tables get their memory
  const Totals before = TotalsOf(dataplane);
  const auto begin = Clock::now();
  run_until(begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds)));
  const double elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
  const Totals after = TotalsOf(dataplane);
  dataplane.Stop();
  Merge(dataplane, merger);
  merger.Finish();
  const auto records = static_cast<double>(after.records - before.records);
  const double cpu_s = after.cpu_s - before.cpu_s;
  const auto datagrams = static_cast<double>(std::max<std::uint64_t>(after.datagrams - before.datagrams, 1));
  std::printf(
      "%zu workers: %.2f M records/s; %.2f CPU seconds a second; %.2f M records a CPU second; %.0f %% handed "
      "out, "
      "%.0f %% kept\n",
      dataplane.worker_count(), records / elapsed * 1e-6, cpu_s / elapsed, records / cpu_s * 1e-6,
      100 * static_cast<double>(after.handed_out - before.handed_out) / datagrams,
      100 * static_cast<double>(after.kept - before.kept) / datagrams);
}

}  // namespace
}  // namespace hostscope::bench

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: spread_bench WORKERS SECONDS [never]\n");
    return 2;
  }
  const std::filesystem::path capture =
      std::filesystem::temp_directory_path() / ("spread-bench-" + std::to_string(getpid()) + ".pcap");
  int status = 0;
  try {
    hostscope::bench::WriteFrames(capture);
    const bool never = argc > 3 && std::strcmp(argv[3], "never") == 0;
    hostscope::bench::Measure(static_cast<unsigned>(std::max(1, std::atoi(argv[1]))), std::atof(argv[2]),
                              never, capture);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "spread_bench: %s\n", error.what());
    status = 1;
  }
  std::filesystem::remove(capture);
  return status;
}
