// What a window's edge costs: the worker that swaps its table, and the thread beside it that merges the
// window and writes it out.
//
//     window_edge_bench --benchmark_min_time=40
//
// The worker decodes and counts at full load on the last core the program may use; a second thread, on the
// first, merges each closed window and encodes its host records as JSON into memory. Both as in the
// appliance, with the same handover between them. Times of work are CPU time of its thread, so that other
// programs on the core don't count; a swap and a delay are wall-clock time.
//
// Edge: windows come in pairs, an iteration each. While the worker counts the first, the other thread is
// idle; while it counts the second, the other thread is at the first. The worker's throughput beside it is
// that of the bursts during which it was at work, over that of the very same bursts of the windows without: a
// window's early bursts, full of new hosts, are slower than its late ones. The second window is then written
// out while the worker waits. Swap: many short windows, an iteration each, for the spread of a swap. Merge:
// one window out of one or two workers' tables, with no other thread at work.
#include <benchmark/benchmark.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "aggregator/merger.h"
#include "aggregator/worker_aggregator.h"
#include "bench/export_stream.h"
#include "dataplane/handover.h"
#include "exporter/encoding/json_encoder.h"
#include "ipfix/decoder.h"

namespace hostscope::bench {
namespace {

using aggregator::ClosedWindowPtr;
using aggregator::HostTable;
using aggregator::Merger;
using aggregator::MergerOptions;
using aggregator::NetworkSet;
using aggregator::WorkerAggregator;

constexpr std::size_t kBurst = 32;
constexpr std::int64_t kWindowNs = 10 * kNanosecondsPerSecond;
constexpr ReceiveTime kStart{1'767'225'600 * kNanosecondsPerSecond};
// Enough drawn that a million of them come up in a window.
constexpr StreamOptions kStream{.hosts = 1'200'000, .zipf = 1.0, .both_roles = true, .records = 10'000'000};
constexpr int kPairsToWarm = 2;  // until each table's memory has been touched
constexpr auto kNap = std::chrono::microseconds(200);

std::int64_t Now(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return time.tv_sec * kNanosecondsPerSecond + time.tv_nsec;
}
std::int64_t WallNs() {
  return Now(CLOCK_MONOTONIC);
}
std::int64_t CpuNs() {
  return Now(CLOCK_THREAD_CPUTIME_ID);
}

/// The first core of those that the program started with, or the last.
int CoreAt(bool is_last) {
  static const cpu_set_t kAllowed = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof(set), &set);
    return set;
  }();
  int core = -1;
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(static_cast<std::size_t>(i), &kAllowed) && (core < 0 || is_last)) core = i;
  }
  return core;
}

void PinTo(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<std::size_t>(core), &set);
  pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

double Quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1) + 0.5)];
}

NetworkSet Campus() {
  return NetworkSet(std::vector{Prefix::Ipv4(10, 8)});
}

MergerOptions OptionsFor(std::size_t workers, std::size_t tables) {
  MergerOptions options;
  options.workers = workers;
  options.base_length_ns = kWindowNs;
  options.max_tables = tables;
  options.table = {.max_hosts = kStream.hosts, .sketch_bytes = std::size_t{2} << 30, .hash_key = 42};
  return options;
}

/// Encodes a window as a sink of NDJSON does, but for writing the text to a file.
class Writer {
 public:
  Writer() : encoder_("bench", exporter::Schema::kHostscope), buffer_(kBytes + encoder_.max_record_size()) {}

  void Write(const aggregator::ClosedWindow& window) {
    encoder_.SetWindow(window.span(), window.partial());
    std::size_t used = 0;
    for (std::size_t i = 0; i < window.size(); ++i) {
      used = Used(encoder_.EncodeHost(window.At(i), &buffer_[used], {window, i}));
      if (used >= kBytes) used = 0;
    }
    benchmark::DoNotOptimize(encoder_.EncodeWindow(window.summary(), &buffer_[used]));
  }

 private:
  static constexpr std::size_t kBytes = std::size_t{1} << 20;
  std::size_t Used(const char* end) const { return static_cast<std::size_t>(end - buffer_.data()); }

  exporter::JsonEncoder encoder_;
  std::vector<char> buffer_;
};

/// What became of one window on the merging thread. Times in nanoseconds.
struct Written {
  std::int64_t merge_cpu = 0;
  std::int64_t encode_cpu = 0;
  std::int64_t done_at = 0;  ///< wall clock: its last record was encoded
  std::uint64_t hosts = 0;
};

Written WriteOut(Merger& merger, Writer& writer, aggregator::WindowPart part, std::size_t worker = 0) {
  Written written;
  const std::int64_t begin = CpuNs();
  const std::vector<ClosedWindowPtr> windows = merger.Add(worker, std::move(part));
  const std::int64_t merged = CpuNs();
  for (const ClosedWindowPtr& window : windows) {
    writer.Write(*window);
    written.hosts += window->summary().hosts;
  }
  written.merge_cpu = merged - begin;
  written.encode_cpu = CpuNs() - merged;
  written.done_at = WallNs();
  return written;
}

/// The thread beside the worker. It takes a part when it may.
class MergingThread {
 public:
  MergingThread(Merger& merger, dataplane::Handover& handover)
      : merger_(merger), handover_(handover), thread_([this] { Run(); }) {}
  ~MergingThread() {
    is_over_.store(true);
    thread_.join();
  }
  MergingThread(const MergingThread&) = delete;
  MergingThread& operator=(const MergingThread&) = delete;

  void Allow(int windows) { allowed_.fetch_add(windows); }
  bool is_busy() const noexcept { return is_busy_.load(std::memory_order_relaxed); }
  void AwaitDone(int windows) const {
    while (done_.load() < windows) std::this_thread::sleep_for(kNap);
  }
  /// Once they are done.
  const std::vector<Written>& written() const { return written_; }

 private:
  void Run() {
    PinTo(CoreAt(false));
    while (!is_over_.load()) {
      if (handover_.NeedsTable()) {
        if (auto table = merger_.TakeTable()) handover_.GiveTable(std::move(table));
      }
      if (done_.load() == allowed_.load() || !TakeOne()) std::this_thread::sleep_for(kNap);
    }
  }
  bool TakeOne() {
    auto part = handover_.Receive();
    if (!part) return false;
    is_busy_.store(true);
    written_.push_back(WriteOut(merger_, writer_, std::move(*part)));
    is_busy_.store(false);
    done_.fetch_add(1);
    return true;
  }

  Merger& merger_;
  dataplane::Handover& handover_;
  Writer writer_;
  std::vector<Written> written_;
  std::atomic<int> allowed_{0};
  std::atomic<int> done_{0};
  std::atomic<bool> is_busy_{false};
  std::atomic<bool> is_over_{false};
  std::thread thread_;  // last: it uses all the others
};

/// A worker without its NIC.
class Worker {
 public:
  Worker(Merger& merger, dataplane::Handover& handover)
      : handover_(handover), aggregator_(kWindowNs, now_, merger.TakeTable()) {}

  /// Counts the datagrams from `first` to `last`. For each burst its CPU time and whether `beside`, where
  /// there is one, was at work all the while.
  struct Burst {
    std::int64_t cpu_ns = 0;
    bool is_beside = false;
  };
  std::vector<Burst> Count(const ExportStream& stream, std::size_t first, std::size_t last,
                           const MergingThread* beside) {
    std::vector<Burst> bursts((last - first) / kBurst + 1);
    ipfix::Datagram datagram;
    datagram.source = Address::FromIpv4(0x0100c0c0U);
    datagram.source_port = 4739;
    datagram.received = now_;
    std::int64_t begin = CpuNs();
    std::size_t at = first;
    for (Burst& burst : bursts) {
      const bool was_busy = beside != nullptr && beside->is_busy();
      for (const std::size_t end = std::min(at + kBurst, last); at < end; ++at) {
        datagram.payload = stream[at];
        benchmark::DoNotOptimize(decoder_.Decode(datagram, aggregator_));
      }
      decoder_.Flush(aggregator_);
      const std::int64_t end = CpuNs();
      burst = {std::exchange(begin, end), was_busy && beside->is_busy()};
      burst.cpu_ns = end - burst.cpu_ns;
    }
    return bursts;
  }

  /// As dataplane::Worker does it. Returns the nanoseconds that it took; waits for a table before.
  std::int64_t CloseWindow() {
    while (!handover_.CanSend()) std::this_thread::sleep_for(kNap);
    std::unique_ptr<HostTable> table;
    while ((table = handover_.TakeTable()) == nullptr) std::this_thread::sleep_for(kNap);
    now_.ns += kWindowNs;
    const std::int64_t begin = WallNs();
    if (aggregator_.Due(now_)) {
      if (auto part = aggregator_.Close(now_, table, {})) handover_.Send(std::move(*part));
    }
    closed_at_ = WallNs();
    return closed_at_ - begin;
  }
  std::int64_t closed_at() const { return closed_at_; }

 private:
  dataplane::Handover& handover_;
  ReceiveTime now_ = kStart;
  std::int64_t closed_at_ = 0;
  ipfix::Decoder decoder_{ipfix::Settings{}};
  WorkerAggregator aggregator_;
};

/// Sums over the pairs of windows.
struct EdgeFigures {
  std::vector<double> swaps_us;
  std::vector<double> delays_s;        ///< from the swap to the last record encoded, beside the worker
  std::vector<double> write_beside_s;  ///< CPU time of merging and encoding
  std::vector<double> write_alone_s;   ///< the same while the worker waits
  std::vector<double> ratios;          ///< throughput beside / idle, one for each pair
  double records_beside = 0;
  double seconds_beside = 0;
  double seconds_idle = 0;  ///< of the same bursts
};

double Seconds(std::int64_t ns) {
  return static_cast<double>(ns) * 1e-9;
}

void RunPair(const ExportStream& stream, Worker& worker, MergingThread& merging, int pair,
             EdgeFigures& figures) {
  const auto idle = worker.Count(stream, 0, stream.size(), nullptr);
  figures.swaps_us.push_back(static_cast<double>(worker.CloseWindow()) / 1e3);
  const std::int64_t closed_at = worker.closed_at();
  merging.Allow(1);
  const auto beside = worker.Count(stream, 0, stream.size(), &merging);
  figures.swaps_us.push_back(static_cast<double>(worker.CloseWindow()) / 1e3);
  merging.AwaitDone(2 * pair + 1);
  merging.Allow(1);
  merging.AwaitDone(2 * pair + 2);

  const auto records_per_datagram =
      static_cast<double>(stream.records()) / static_cast<double>(stream.size());
  double records = 0;
  double with = 0;
  double without = 0;
  for (std::size_t i = 0; i + 1 < beside.size(); ++i) {
    if (!beside[i].is_beside) continue;
    records += kBurst * records_per_datagram;
    with += Seconds(beside[i].cpu_ns);
    without += Seconds(idle[i].cpu_ns);
  }
  figures.records_beside += records;
  figures.seconds_beside += with;
  figures.seconds_idle += without;
  if (with > 0) figures.ratios.push_back(without / with);
  const Written& first = merging.written()[static_cast<std::size_t>(2 * pair)];
  const Written& second = merging.written()[static_cast<std::size_t>(2 * pair + 1)];
  figures.delays_s.push_back(Seconds(first.done_at - closed_at));
  figures.write_beside_s.push_back(Seconds(first.merge_cpu + first.encode_cpu));
  figures.write_alone_s.push_back(Seconds(second.merge_cpu + second.encode_cpu));
}

void BM_Edge(benchmark::State& state) {
  const ExportStream& stream = StreamOf(kStream);
  PinTo(CoreAt(true));
  Merger merger(OptionsFor(1, 3), Campus());
  dataplane::Handover handover;
  Worker worker(merger, handover);
  MergingThread merging(merger, handover);
  int pair = 0;
  for (EdgeFigures unused; pair < kPairsToWarm; ++pair) RunPair(stream, worker, merging, pair, unused);
  EdgeFigures figures;
  for (auto _ : state) RunPair(stream, worker, merging, pair++, figures);
  const Written& last = merging.written().back();
  auto& counters = state.counters;
  counters["hosts"] = static_cast<double>(last.hosts);
  counters["records/s idle"] = figures.records_beside / figures.seconds_idle;
  counters["records/s beside"] = figures.records_beside / figures.seconds_beside;
  counters["beside/idle"] = figures.seconds_idle / figures.seconds_beside;
  counters["beside/idle median"] = Quantile(figures.ratios, 0.5);
  counters["write_s beside"] = Quantile(figures.write_beside_s, 0.5);
  counters["write_s alone"] = Quantile(figures.write_alone_s, 0.5);
  counters["delay_s p50"] = Quantile(figures.delays_s, 0.5);
  counters["delay_s p99"] = Quantile(figures.delays_s, 0.99);
  counters["swap_us max"] = Quantile(figures.swaps_us, 1);
}

void BM_Swap(benchmark::State& state) {
  constexpr std::size_t kDatagrams = 16 * kBurst;  // a window
  const ExportStream& stream = StreamOf(kStream);
  PinTo(CoreAt(true));
  Merger merger(OptionsFor(1, 3), Campus());
  dataplane::Handover handover;
  Worker worker(merger, handover);
  MergingThread merging(merger, handover);
  std::vector<double> swaps_us;
  worker.Count(stream, 0, 1, nullptr);  // the template
  std::size_t first = 0;
  for (auto _ : state) {
    worker.Count(stream, first, first + kDatagrams, nullptr);
    first = (first + kDatagrams) % (stream.size() - kDatagrams);
    merging.Allow(1);
    swaps_us.push_back(static_cast<double>(worker.CloseWindow()) / 1e3);
  }
  state.counters["windows"] = static_cast<double>(swaps_us.size());
  state.counters["swap_us p50"] = Quantile(swaps_us, 0.5);
  state.counters["swap_us p99"] = Quantile(swaps_us, 0.99);
  state.counters["swap_us max"] = Quantile(swaps_us, 1);
}

/// Parts of one window from `workers` workers that each counted every so manieth burst.
std::vector<aggregator::WindowPart> PartsOf(const ExportStream& stream, Merger& merger, std::size_t workers,
                                            ReceiveTime now) {
  std::vector<aggregator::WindowPart> parts;
  for (std::size_t worker = 0; worker < workers; ++worker) {
    WorkerAggregator aggregator(kWindowNs, now, merger.TakeTable());
    ipfix::Decoder decoder{ipfix::Settings{}};
    ipfix::Datagram datagram;
    datagram.source = Address::FromIpv4(0x0100c0c0U);
    datagram.received = now;
    for (std::size_t i = 0; i < stream.size(); ++i) {
      if (i != 0 && i / kBurst % workers != worker) continue;  // the first has the template
      datagram.payload = stream[i];
      benchmark::DoNotOptimize(decoder.Decode(datagram, aggregator));
    }
    decoder.Flush(aggregator);
    parts.push_back(aggregator.Finish(ReceiveTime{now.ns + kWindowNs}, {}));
  }
  return parts;
}

void BM_Merge(benchmark::State& state) {
  const ExportStream& stream = StreamOf(kStream);
  const auto workers = static_cast<std::size_t>(state.range(0));
  Merger merger(OptionsFor(workers, workers + 2), Campus());
  Writer writer;
  ReceiveTime now = kStart;
  Written sum;
  const auto run = [&] {
    Written window;
    std::vector<aggregator::WindowPart> parts = PartsOf(stream, merger, workers, now);
    now.ns += kWindowNs;
    for (std::size_t i = 0; i < workers; ++i) {
      const Written written = WriteOut(merger, writer, std::move(parts[i]), i);
      window.merge_cpu += written.merge_cpu;
      window.encode_cpu += written.encode_cpu;
      window.hosts = written.hosts;  // the last part completes it
    }
    return window;
  };
  run();  // touches all memory
  for (auto _ : state) {
    const Written window = run();
    state.SetIterationTime(Seconds(window.merge_cpu + window.encode_cpu));
    sum.merge_cpu += window.merge_cpu;
    sum.encode_cpu += window.encode_cpu;
    sum.hosts = window.hosts;
  }
  const auto windows = static_cast<double>(state.iterations());
  state.counters["hosts"] = static_cast<double>(sum.hosts);
  state.counters["merge_s"] = Seconds(sum.merge_cpu) / windows;
  state.counters["encode_s"] = Seconds(sum.encode_cpu) / windows;
}

BENCHMARK(BM_Edge)->UseRealTime()->Unit(benchmark::kSecond);
BENCHMARK(BM_Swap)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Merge)->ArgName("workers")->Arg(1)->Arg(2)->UseManualTime()->Unit(benchmark::kSecond);

}  // namespace
}  // namespace hostscope::bench
