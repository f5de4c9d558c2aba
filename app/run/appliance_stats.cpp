#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "app/run/appliance.h"

namespace hostscope::app {
namespace {

void AddFragments(StatsGroup& group, const dataplane::FragmentCounters& fragments) {
  group.Add("received", fragments.fragments.Get());
  group.Add("joined", fragments.joined.Get());
  group.Add("waiting", fragments.Waiting());
  StatsGroup& dropped = group.Group("dropped");
  for (std::size_t i = 0; i < ipfix::CounterArray<dataplane::FragmentDrop>::kSize; ++i) {
    const auto reason = static_cast<dataplane::FragmentDrop>(i);
    dropped.Add(NameOf(reason).name, fragments.dropped_fragments.Get(reason));
  }
  group.Add("datagrams", fragments.datagrams.Total());
}

void AddPort(StatsGroup& group, const dataplane::PortStatus& port) {
  StatsGroup& frames = group.Group("frames");
  for (std::size_t i = 0; i < dataplane::FrameCounters::kSize; ++i) {
    const auto outcome = static_cast<dataplane::FrameOutcome>(i);
    frames.Add(NameOf(outcome).name, port.frames.Get(outcome));
  }
  AddFragments(group.Group("fragments"), port.fragments);
  StatsGroup& nic = group.Group("nic");
  nic.Add("missed", port.nic.missed);
  nic.Add("errors", port.nic.errors);
  nic.Add("no_buffer", port.nic.no_buffer);
  group.Add("replies", port.replies);
  group.Add("replies_failed", port.replies_failed);
  group.Add("replies_limited", port.replies_limited);
  group.Add("announcements", port.announcements);
  group.Add("scattered", port.scattered);
  group.Add("link_up", std::uint64_t{port.link.is_up});
  group.Add("link_changes", port.link_changes);
}

void AddState(StatsGroup& group, const StateCounters& state) {
  group.Add("templates_read", state.templates_read.Get());
  group.Add("rates_read", state.rates_read.Get());
  group.Add("written", state.written.Get());
  group.Add("failed", state.failed.Get());
  group.Add("damaged", state.damaged.Get());
}

void AddSpread(StatsGroup& group, const dataplane::SpreadCounters& spread) {
  group.Add("handed_out", spread.handed_out.Get());
  group.Add("kept", spread.kept.Get());
  group.Add("done", spread.done.Get());
  group.Add("window_waits", spread.window_waits.Get());
  group.Add("window_waits_given_up", spread.window_waits_given_up.Get());
}

void AddProfiler(Stats& stats, const ProfilerStatus& status) {
  stats.AddProfiles(status.profiles, status.open_events, status.counts);
  StatsGroup& group = stats.Group("profiles");
  group.Group("windows").Add("passed_on", status.passed_on);
  StatsGroup& file = group.Group("file");
  file.Add("written", status.saved);
  file.Add("failed", status.save_failures);
  file.Add("damaged", status.damaged);
}

void AddWorkers(StatsGroup& group, const std::vector<dataplane::WorkerStatus>& workers) {
  for (std::size_t i = 0; i < workers.size(); ++i) {
    StatsGroup& worker = group.Group(std::to_string(i));
    worker.Add("cpu", workers[i].cpu);
    worker.SetReal("busy_ratio", workers[i].busy_share);
    worker.SetReal("longest_loop_seconds", static_cast<double>(workers[i].longest_loop_ns) / 1e9);
    worker.SetReal("longest_loop_ever_seconds", static_cast<double>(workers[i].longest_loop_ever_ns) / 1e9);
    worker.Add("exporters", workers[i].exporters);
  }
}

/// What the kernel has given this process, hugepages left out, where it says so.
std::uint64_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

void AddMemory(StatsGroup& group, const dataplane::MemoryStatus& memory) {
  group.Add("resident", ResidentBytes());
  StatsGroup& dpdk = group.Group("dpdk");
  dpdk.Add("in_hugepages", std::uint64_t{memory.is_in_hugepages});
  dpdk.Add("reserved", memory.reserved_bytes);
  dpdk.Add("used", memory.used_bytes);
  for (const dataplane::BufferPoolStatus& port : memory.pools) {
    StatsGroup& pool = group.Group("pools").Group(port.device);
    pool.Add("buffers", port.buffers);
    pool.Add("in_use", port.in_use);
    pool.Add("bytes", port.bytes);
  }
}

void AddRawFlows(StatsGroup& group, const exporter::RawFlowStatus& status) {
  group.Add("seen", status.seen);
  group.Add("delivered", status.delivered);
  group.Add("rejected", status.rejected);
  StatsGroup& dropped = group.Group("dropped");
  dropped.Add("queue_full", status.queue_full);
  dropped.Add("lost", status.lost);
  group.Add("waiting", status.waiting);
  StatsGroup& details = group.Group("details");
  for (const exporter::SinkNumber& number : status.numbers) details.Add(number.name, number.value);
}

}  // namespace

Stats Appliance::stats() const {
  const dataplane::DataplaneStatus status = dataplane_.status();
  const dataplane::DatagramBooks books = dataplane::BooksOf(status);
  Stats stats;
  stats.AddReceived(books.received);
  stats.AddDecoded(books.decoded);
  for (const dataplane::DatagramBooks::Drop& drop : books.dropped) stats.AddDropped(drop.reason, drop.count);
  std::uint64_t exporters = 0;
  for (const dataplane::WorkerStatus& worker : status.workers) {
    stats.AddRecords(*worker.accounting, *worker.aggregator);
    exporters += worker.exporters;
    if (worker.spread != nullptr) AddSpread(stats.Group("spread"), *worker.spread);
  }
  stats.AddMerger(merger_.counters());
  stats.AddHosts(hosts_.Get());
  stats.Group("exporters").Add("active", exporters);
  AddWorkers(stats.Group("workers"), status.workers);
  AddMemory(stats.Group("memory"), dataplane_.memory());
  AddTables(stats.Group("memory"));
  stats.AddRules(status.rules);
  for (const dataplane::PortStatus& port : status.ports)
    AddPort(stats.Group("ports").Group(port.device), port);
  delivery_.AddTo(stats);
  if (raw_flows_ != nullptr) AddRawFlows(stats.Group("raw_flows"), raw_flows_->status());
  stats.Group("clock").Add("steps_forward", status.clock.forward);
  stats.Group("clock").Add("steps_backward", status.clock.backward);
  if (profiler_ != nullptr) AddProfiler(stats, profiler_->status());
  if (state_.is_on()) AddState(stats.Group("state"), state_.counters());
  return stats;
}

void Appliance::AddTables(StatsGroup& group) const {
  const aggregator::TableCounts counts = merger_.tables();
  StatsGroup& tables = group.Group("tables");
  tables.Add("all", counts.all);
  tables.Add("free", counts.free);
  tables.Add("hosts_of_each", merger_options_.table.max_hosts);
  tables.Add("hosts_of_last_window", hosts_of_last_window());
  tables.Add("most_bytes", max_table_bytes());
  StatsGroup& sketches = group.Group("sketches");
  sketches.Add("bytes_of_each_table", merger_options_.table.sketch_bytes);
  sketches.Add("used_in_last_window", merger_.counters().last_sketch_bytes.load(std::memory_order_relaxed));
}

}  // namespace hostscope::app
