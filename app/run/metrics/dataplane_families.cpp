#include <numeric>

#include "app/run/metrics/families.h"

namespace hostscope::app {
namespace {

using dataplane::DataplaneSnapshot;
using dataplane::FrameCounters;
using dataplane::FrameOutcome;
using exporter::MetricsText;
using exporter::MetricType;
using ipfix::Accounting;

/// A counter of each worker's books that is told as the sum.
template <typename Books>
struct SumRow {
  std::string_view name;
  Counter Books::*counter;
  std::string_view help;
};

constexpr std::array kRecordSums{
    SumRow<Accounting>{"records_options", &Accounting::options_records,
                       "Options data records that were read; they are no flow records."},
    SumRow<Accounting>{"records_scaled", &Accounting::scaled_records,
                       "Counted flow records that were multiplied by a sampling rate."},
    SumRow<Accounting>{"records_without_counters", &Accounting::without_counters,
                       "Counted flow records that carried neither packets nor bytes."},
    SumRow<Accounting>{"records_substitute_counters", &Accounting::substitute_counters,
                       "Counted flow records whose figures are total or initiator and responder counters."},
    SumRow<Accounting>{"records_malformed_times", &Accounting::malformed_times,
                       "Counted flow records whose duration was below zero and is in no mean."},
    SumRow<Accounting>{"samplers_refused", &Accounting::samplers_refused,
                       "Announced sampling rates beyond the number that is remembered."},
    SumRow<Accounting>{"sequence_resets", &Accounting::sequence_resets,
                       "Jumps of a sequence number that were taken as a restart of its exporter."},
};

using aggregator::AggregatorCounters;
constexpr std::array kWindowSums{
    SumRow<AggregatorCounters>{"windows_late_flows", &AggregatorCounters::late_flows,
                               "Flow records that arrived before the window that they are counted into."},
    SumRow<AggregatorCounters>{"windows_overruns", &AggregatorCounters::overruns,
                               "Windows that a worker had to keep open beyond their end."},
    SumRow<AggregatorCounters>{
        "windows_overrun_flows", &AggregatorCounters::overrun_flows,
        "Flow records that arrived after the end of the window they are counted into."},
    SumRow<AggregatorCounters>{"windows_overflows", &AggregatorCounters::overflows,
                               "Times that a host had no place in a worker's table and went to its network's "
                               "other record."},
    SumRow<AggregatorCounters>{
        "windows_saturated", &AggregatorCounters::saturated,
        "Distinct counts of a worker's table that stopped growing for want of memory."},
};

using dataplane::SpreadCounters;
constexpr std::array kSpreadRows{
    SumRow<SpreadCounters>{"spread_handed_out", &SpreadCounters::handed_out,
                           "Datagrams whose data sets this worker gave to another one."},
    SumRow<SpreadCounters>{"spread_kept", &SpreadCounters::kept,
                           "Datagrams of a loaded queue that no other worker had room for."},
    SumRow<SpreadCounters>{"spread_done", &SpreadCounters::done, "Jobs that this worker did for others."},
    SumRow<SpreadCounters>{"spread_window_waits", &SpreadCounters::window_waits,
                           "Windows that waited for jobs that might still come."},
    SumRow<SpreadCounters>{"spread_window_waits_given_up", &SpreadCounters::window_waits_given_up,
                           "Windows that were closed while such jobs might still come."},
};

std::uint64_t SumOf(const DataplaneSnapshot& snapshot, Counter Accounting::*counter) {
  std::uint64_t sum = 0;
  for (const auto& worker : snapshot.status.workers) sum += (worker.accounting->*counter).Get();
  return sum;
}

std::uint64_t SumOf(const DataplaneSnapshot& snapshot, Counter AggregatorCounters::*counter) {
  std::uint64_t sum = 0;
  for (const auto& worker : snapshot.status.workers) sum += (worker.aggregator->*counter).Get();
  return sum;
}

template <typename Enum>
std::uint64_t SumOf(const DataplaneSnapshot& snapshot, ipfix::CounterArray<Enum> Accounting::*counters,
                    Enum which) {
  std::uint64_t sum = 0;
  for (const auto& worker : snapshot.status.workers) sum += (worker.accounting->*counters).Get(which);
  return sum;
}

template <typename Enum>
void AddByValue(MetricsText& text, std::string_view name, std::string_view help, std::string_view label,
                const DataplaneSnapshot& snapshot, ipfix::CounterArray<Enum> Accounting::*counters) {
  text.Family(name, MetricType::kCounter, HelpByValue<Enum>(help));
  for (std::size_t i = 0; i < ipfix::CounterArray<Enum>::kSize; ++i) {
    const auto which = static_cast<Enum>(i);
    text.Sample(SumOf(snapshot, counters, which), {{label, NameOf(which).name}});
  }
}

void AddFrames(MetricsText& text, const DataplaneSnapshot& snapshot) {
  text.Family(
      "frames", MetricType::kCounter,
      HelpByValue<FrameOutcome>("Frames that were taken from a receive queue, by what became of them."));
  for (const dataplane::QueueStatus& queue : snapshot.queues) {
    const std::string number = std::to_string(queue.queue);
    for (std::size_t i = 0; i < FrameCounters::kSize; ++i) {
      const auto outcome = static_cast<FrameOutcome>(i);
      text.Sample(queue.counters.frames.Get(outcome), {{"port", snapshot.status.ports[queue.port].device},
                                                       {"queue", number},
                                                       {"outcome", NameOf(outcome).name}});
    }
  }
}

void AddOfQueues(MetricsText& text, const DataplaneSnapshot& snapshot, std::string_view name,
                 std::string_view help, Counter dataplane::QueueCounters::*counter) {
  text.Family(name, MetricType::kCounter, help);
  for (const dataplane::QueueStatus& queue : snapshot.queues) {
    text.Sample((queue.counters.*counter).Get(),
                {{"port", snapshot.status.ports[queue.port].device}, {"queue", std::to_string(queue.queue)}});
  }
}

}  // namespace

void AddDatagrams(MetricsText& text, const DataplaneSnapshot& snapshot) {
  const dataplane::DatagramBooks books = dataplane::BooksOf(snapshot.status);
  std::uint64_t received = books.decoded;
  std::string help = "Export datagrams that were dropped, by reason.";
  for (const dataplane::DatagramBooks::Drop& drop : books.dropped) {
    received += drop.count;
    help += " " + drop.reason + ": " + drop.help;
  }
  text.Counter("datagrams_received", "Export datagrams, each of which was decoded or dropped.", received);
  text.Counter("datagrams_decoded", "Export datagrams whose header was accepted.", books.decoded);
  text.Family("datagrams_dropped", MetricType::kCounter, help);
  for (const dataplane::DatagramBooks::Drop& drop : books.dropped)
    text.Sample(drop.count, {{"reason", drop.reason}});
}

void AddRecords(MetricsText& text, const DataplaneSnapshot& snapshot) {
  // Counted by whoever put them into a table, and not taken from what the decoders have seen: a worker that
  // helps another one is a moment ahead of the other's books, and a counter must not fall.
  const std::uint64_t counted = SumOf(snapshot, &AggregatorCounters::flows);
  const std::uint64_t unmonitored = SumOf(snapshot, &AggregatorCounters::unmonitored_flows);
  std::array<std::uint64_t, ipfix::CounterArray<ipfix::RecordSkip>::kSize> skipped{};
  for (std::size_t i = 0; i < skipped.size(); ++i)
    skipped[i] = SumOf(snapshot, &Accounting::skipped, static_cast<ipfix::RecordSkip>(i));
  skipped[static_cast<std::size_t>(ipfix::RecordSkip::kUnmonitored)] += unmonitored;

  text.Counter("records_seen", "Flow records, each of which was counted or skipped.",
               std::accumulate(skipped.begin(), skipped.end(), counted));
  text.Counter("records_counted", "Flow records that are in the record of a host.", counted);
  text.Family("records_skipped", MetricType::kCounter,
              HelpByValue<ipfix::RecordSkip>("Flow records that are in no record of a host, by reason."));
  for (std::size_t i = 0; i < skipped.size(); ++i)
    text.Sample(skipped[i], {{"reason", NameOf(static_cast<ipfix::RecordSkip>(i)).name}});
  for (const auto& row : kRecordSums) text.Counter(row.name, row.help, SumOf(snapshot, row.counter));
  text.Family(
      "sequence_expected", MetricType::kGauge,
      "Records (IPFIX), datagrams (v9) and flows (v5) that exporters sent, by their sequence numbers. An "
      "estimate, which falls a little when datagrams come late.");
  text.Sample(static_cast<std::int64_t>(SumOf(snapshot, &Accounting::sequence_expected)));
  text.Family("sequence_lost", MetricType::kGauge,
              "Of these, those that never came. Falls when they come after all.");
  text.Sample(static_cast<std::int64_t>(SumOf(snapshot, &Accounting::sequence_lost)));
  AddByValue(text, "templates", "What happened to templates.", "event", snapshot, &Accounting::templates);
  AddByValue(text, "templates_refused", "Templates that were not taken, by reason.", "reason", snapshot,
             &Accounting::refusals);
  AddByValue(text, "sets_skipped", "Sets that were not read, or not to their end, by reason.", "reason",
             snapshot, &Accounting::sets_skipped);
  AddByValue(text, "sets_early",
             "Data sets that came before their template, where such are held, and what became of them.",
             "event", snapshot, &Accounting::early_sets);
  std::uint64_t held = 0;
  for (const auto& worker : snapshot.status.workers) held += worker.accounting->HeldSets();
  text.Gauge("sets_held", "Data sets that wait for their template.", held);
  for (const auto& row : kWindowSums) text.Counter(row.name, row.help, SumOf(snapshot, row.counter));
}

void AddFragments(MetricsText& text, const DataplaneSnapshot& snapshot) {
  using dataplane::FragmentCounters;
  using dataplane::FragmentDrop;
  const auto add = [&](std::string_view name, MetricType type, std::string_view help, const auto& value_of) {
    text.Family(name, type, help);
    for (const dataplane::PortStatus& port : snapshot.status.ports)
      text.Sample(value_of(port.fragments), {{"port", port.device}});
  };
  add("fragments_joined", MetricType::kCounter, "Fragments that became parts of whole datagrams.",
      [](const FragmentCounters& fragments) { return fragments.joined.Get(); });
  add("fragments_waiting", MetricType::kGauge, "Fragments that wait for the rest of their datagram.",
      [](const FragmentCounters& fragments) { return fragments.Waiting(); });
  text.Family("fragments_dropped", MetricType::kCounter,
              HelpByValue<FragmentDrop>("Fragments whose datagram was not put together, by reason."));
  for (const dataplane::PortStatus& port : snapshot.status.ports) {
    for (std::size_t i = 0; i < ipfix::CounterArray<FragmentDrop>::kSize; ++i) {
      const auto reason = static_cast<FragmentDrop>(i);
      text.Sample(port.fragments.dropped_fragments.Get(reason),
                  {{"port", port.device}, {"reason", NameOf(reason).name}});
    }
  }
}

void AddPorts(MetricsText& text, const DataplaneSnapshot& snapshot) {
  AddFrames(text, snapshot);
  AddOfQueues(text, snapshot, "frames_scattered", "Frames that came in several buffers.",
              &dataplane::QueueCounters::scattered);
  AddOfQueues(text, snapshot, "replies",
              "Answers to ARP, neighbour solicitations and pings that the NIC took.",
              &dataplane::QueueCounters::replies);
  AddOfQueues(text, snapshot, "replies_failed", "Answers that could not be sent.",
              &dataplane::QueueCounters::replies_failed);
  AddOfQueues(text, snapshot, "replies_limited",
              "Answers that were not given, since more than 1000 a second were asked for.",
              &dataplane::QueueCounters::replies_limited);
  AddOfQueues(text, snapshot, "announcements",
              "Frames that told of the port's addresses, or asked whether another station has them.",
              &dataplane::QueueCounters::announcements);
  AddFragments(text, snapshot);
  text.Family("nic_dropped", MetricType::kCounter,
              "Frames that were lost before a worker saw them, by reason. missed: a receive ring was full. "
              "errors: the NIC refused them. no_buffer: no packet buffer was free.");
  for (const dataplane::PortStatus& port : snapshot.status.ports) {
    text.Sample(port.nic.missed, {{"port", port.device}, {"reason", "missed"}});
    text.Sample(port.nic.errors, {{"port", port.device}, {"reason", "errors"}});
    text.Sample(port.nic.no_buffer, {{"port", port.device}, {"reason", "no_buffer"}});
  }
  text.Family("port_link_up", MetricType::kGauge, "1 where the port has a link.");
  for (const dataplane::PortStatus& port : snapshot.status.ports)
    text.Sample(std::uint64_t{port.link.is_up}, {{"port", port.device}, {"driver", port.driver}});
  text.Family("port_link_changes", MetricType::kCounter, "Times that the port's link went up or down.");
  for (const dataplane::PortStatus& port : snapshot.status.ports)
    text.Sample(port.link_changes, {{"port", port.device}});
}

void AddClock(MetricsText& text, const dataplane::ClockStatus& clock) {
  text.Family(
      "clock_steps", MetricType::kCounter,
      "Times that the system's clock was set by 0.1 s or more while the appliance ran, by direction.");
  text.Sample(clock.forward, {{"direction", "forward"}});
  text.Sample(clock.backward, {{"direction", "backward"}});
  text.Family("clock_last_step_seconds", MetricType::kGauge, "By how much it was set the last time.");
  text.Sample(static_cast<double>(clock.last_step_ns) / 1e9);
}

void AddWorkers(MetricsText& text, const DataplaneSnapshot& snapshot) {
  const auto& workers = snapshot.status.workers;
  const auto add = [&](std::string_view name, std::string_view help, const auto& value_of) {
    text.Family(name, MetricType::kGauge, help);
    for (std::size_t i = 0; i < workers.size(); ++i)
      text.Sample(value_of(workers[i]),
                  {{"worker", std::to_string(i)}, {"cpu", std::to_string(workers[i].cpu)}});
  };
  using Worker = dataplane::WorkerStatus;
  add("worker_busy_ratio", "Share of the last second that the worker spent in loops that found work.",
      [](const Worker& worker) { return worker.busy_share; });
  add("worker_longest_loop_seconds", "The longest loop of the last second.",
      [](const Worker& worker) { return static_cast<double>(worker.longest_loop_ns) / 1e9; });
  add("worker_longest_loop_ever_seconds", "The longest loop since the start.",
      [](const Worker& worker) { return static_cast<double>(worker.longest_loop_ever_ns) / 1e9; });
  add("worker_exporters", "Exporters (address, port and observation domain) that the worker knows.",
      [](const Worker& worker) { return std::uint64_t{worker.exporters}; });
  text.Family("worker_books_time_seconds", MetricType::kGauge,
              "When the worker wrote down the figures that are told here, since 1970.");
  for (std::size_t i = 0; i < snapshot.workers.size(); ++i)
    text.Sample(static_cast<double>(snapshot.workers[i]->taken.ns) / 1e9,
                {{"worker", std::to_string(i)}, {"cpu", std::to_string(workers[i].cpu)}});
  for (const auto& row : kSpreadRows) {
    text.Family(row.name, MetricType::kCounter, row.help);
    for (std::size_t i = 0; i < workers.size(); ++i) {
      if (workers[i].spread != nullptr)
        text.Sample((workers[i].spread->*row.counter).Get(), {{"worker", std::to_string(i)}});
    }
  }
}

}  // namespace hostscope::app
