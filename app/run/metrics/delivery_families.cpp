#include <algorithm>
#include <map>
#include <optional>

#include "app/run/metrics/families.h"

namespace hostscope::app {
namespace {

using exporter::MetricsText;
using exporter::MetricType;
using exporter::StoreStatus;

struct StoreRow {
  std::string_view name;
  MetricType type;
  std::uint64_t StoreStatus::*value;
  std::string_view help;
};

constexpr std::array kStoreRows{
    StoreRow{"store_windows", MetricType::kGauge, &StoreStatus::windows, "Windows that are stored now."},
    StoreRow{"store_bytes", MetricType::kGauge, &StoreStatus::bytes, "What they take on disk."},
    StoreRow{"store_windows_written", MetricType::kCounter, &StoreStatus::written_windows,
             "Windows that were written to the store."},
    StoreRow{"store_windows_in_memory", MetricType::kCounter, &StoreStatus::in_memory,
             "Windows that went to the sinks without being stored, because the disk took none."},
    StoreRow{"store_windows_expired", MetricType::kCounter, &StoreStatus::expired,
             "Windows that were removed because of their age or the store's size."},
    StoreRow{"store_windows_removed_for_room", MetricType::kCounter, &StoreStatus::removed_for_room,
             "Windows that were removed because the disk was full."},
    StoreRow{"store_records_written", MetricType::kCounter, &StoreStatus::written_rows,
             "Host records that were written to the store."},
    StoreRow{"store_written_bytes", MetricType::kCounter, &StoreStatus::written_bytes,
             "Bytes that were written to the store."},
    StoreRow{"store_files_refused_by_disk", MetricType::kCounter, &StoreStatus::failures,
             "Attempts to write a window that the disk refused."},
    StoreRow{"store_files_damaged", MetricType::kCounter, &StoreStatus::damaged,
             "Files that were not what had been written, and were set aside."},
    StoreRow{"store_files_torn", MetricType::kCounter, &StoreStatus::torn,
             "Unfinished files that the start removed."},
    StoreRow{"store_files_finished", MetricType::kCounter, &StoreStatus::finished,
             "Finished files that the start brought to their place."},
};

/// A sink's figures, from whichever way its windows come.
struct SinkFigures {
  std::string name;
  exporter::SinkStatus records;
  std::uint64_t written = 0;
  std::uint64_t failed = 0;
  std::uint64_t dropped = 0;
  std::uint64_t waiting = 0;
  ReceiveTime oldest_end;
  std::optional<std::uint64_t> spool_bytes;  // none without a store
  exporter::DelayHistogram delay;
};

SinkFigures FiguresOf(const RunningSink& sink) {
  if (sink.feeder != nullptr) {
    const exporter::SinkFeederStatus status = sink.feeder->status();
    const exporter::SpoolStatus& spool = status.spool;
    return {sink.name,     status.sink,      spool.acknowledged, status.failed, spool.dropped_windows,
            spool.windows, spool.oldest_end, spool.bytes,        status.delay};
  }
  const exporter::SinkRunnerStatus status = sink.runner->status();
  return {sink.name,
          status.sink,
          status.written,
          status.failed,
          status.dropped_windows,
          status.waiting + status.writing,
          status.oldest_end,
          std::nullopt,
          status.delay};
}

/// Each name once, as a metric's labels must be: two sinks may lead to the same place.
std::vector<SinkFigures> FiguresOf(const Delivery& delivery) {
  std::vector<SinkFigures> all;
  std::map<std::string, int> times;
  for (const RunningSink& sink : delivery.sinks()) {
    SinkFigures& figures = all.emplace_back(FiguresOf(sink));
    if (const int time = ++times[figures.name]; time > 1)
      figures.name.append(" ").append(std::to_string(time));
  }
  return all;
}

template <typename ValueOf>
void Add(MetricsText& text, const std::vector<SinkFigures>& sinks, std::string_view name, MetricType type,
         std::string_view help, ValueOf value_of) {
  text.Family(name, type, help);
  for (const SinkFigures& sink : sinks) text.Sample(value_of(sink), {{"sink", sink.name}});
}

void AddLag(MetricsText& text, const std::vector<SinkFigures>& sinks) {
  const ReceiveTime now = exporter::WallClock();
  text.Family("sink_lag_seconds", MetricType::kGauge,
              "Since the end of the oldest window that the sink has not had; 0: it has had all.");
  for (const SinkFigures& sink : sinks) {
    const std::int64_t lag_ns =
        sink.waiting == 0 ? 0 : std::max<std::int64_t>(now.ns - sink.oldest_end.ns, 0);
    text.Sample(static_cast<double>(lag_ns) / 1e9, {{"sink", sink.name}});
  }
  text.Family("sink_lag_bytes", MetricType::kGauge, "Bytes of stored windows that the sink has not had.");
  for (const SinkFigures& sink : sinks) {
    if (sink.spool_bytes) text.Sample(*sink.spool_bytes, {{"sink", sink.name}});
  }
  text.Family("sink_detail", MetricType::kGauge,
              "What only one kind of sink has, by name; as under details in the accounting.");
  for (const SinkFigures& sink : sinks) {
    for (const exporter::SinkNumber& number : sink.records.numbers)
      text.Sample(number.value, {{"sink", sink.name}, {"detail", number.name}});
  }
}

}  // namespace

void AddStore(MetricsText& text, const Delivery& delivery) {
  std::optional<StoreStatus> store;
  exporter::SinkRunnerStatus queue;
  if (delivery.store() != nullptr) {
    store = delivery.store()->status();
    queue = delivery.store_runner()->status();
  }
  const auto add = [&](std::string_view name, MetricType type, std::string_view help, std::uint64_t value) {
    text.Family(name, type, help);
    if (store) text.Sample(value);
  };
  for (const StoreRow& row : kStoreRows) add(row.name, row.type, row.help, store ? (*store).*row.value : 0);
  add("store_windows_pushed", MetricType::kCounter, "Closed windows that were given to the store.",
      queue.pushed);
  add("store_windows_lost", MetricType::kCounter, "Windows that could be kept nowhere.",
      queue.failed + queue.dropped_windows);
  add("store_windows_waiting", MetricType::kGauge, "Windows that wait for the store.",
      queue.waiting + queue.writing);
  add("store_records_lost", MetricType::kCounter, "Records of lost windows.", queue.sink.dropped);
}

void AddSinks(MetricsText& text, const Delivery& delivery) {
  const std::vector<SinkFigures> sinks = FiguresOf(delivery);
  const auto add = [&](std::string_view name, MetricType type, std::string_view help, auto value_of) {
    Add(text, sinks, name, type, help, value_of);
  };
  add("sink_records_delivered", MetricType::kCounter, "Records that the other side acknowledged.",
      [](const SinkFigures& sink) { return sink.records.delivered; });
  add("sink_records_retried", MetricType::kCounter, "Times that a record was sent again.",
      [](const SinkFigures& sink) { return sink.records.retried; });
  add("sink_records_rejected", MetricType::kCounter, "Records that the other side refused for good.",
      [](const SinkFigures& sink) { return sink.records.rejected; });
  add("sink_records_dropped", MetricType::kCounter, "Records that were given up.",
      [](const SinkFigures& sink) { return sink.records.dropped; });
  add("sink_windows_written", MetricType::kCounter, "Windows that the sink has had.",
      [](const SinkFigures& sink) { return sink.written; });
  add("sink_windows_failed", MetricType::kCounter,
      "Attempts to write a window that failed; with a store they are repeated.",
      [](const SinkFigures& sink) { return sink.failed; });
  add("sink_windows_dropped", MetricType::kCounter, "Windows that were dropped because too much waited.",
      [](const SinkFigures& sink) { return sink.dropped; });
  add("sink_windows_waiting", MetricType::kGauge, "Windows that wait for the sink, or are being written.",
      [](const SinkFigures& sink) { return sink.waiting; });
  AddLag(text, sinks);
  add("sink_window_delay_seconds", MetricType::kHistogram,
      "From the end of a base window to its last record written.",
      [](const SinkFigures& sink) { return sink.delay; });
}

void AddRawFlows(MetricsText& text, const exporter::RawFlowPublisher* raw_flows) {
  const bool is_on = raw_flows != nullptr;
  const exporter::RawFlowStatus status = is_on ? raw_flows->status() : exporter::RawFlowStatus{};
  const auto add = [&](std::string_view name, MetricType type, std::string_view help, std::uint64_t value) {
    text.Family(name, type, help);
    if (is_on) text.Sample(value);
  };
  add("raw_flows_seen", MetricType::kCounter, "Flow records that were to be sent one by one.", status.seen);
  add("raw_flows_delivered", MetricType::kCounter, "Of these, those that the broker acknowledged.",
      status.delivered);
  add("raw_flows_rejected", MetricType::kCounter, "Of these, those that the broker refused for good.",
      status.rejected);
  text.Family(
      "raw_flows_dropped", MetricType::kCounter,
      "Of these, those that were dropped, by reason. queue_full: the publisher or the broker did not keep "
      "up. lost: given up with a producer that was replaced, or at the end.");
  if (is_on) {
    text.Sample(status.queue_full, {{"reason", "queue_full"}});
    text.Sample(status.lost, {{"reason", "lost"}});
  }
  add("raw_flows_waiting", MetricType::kGauge, "Of these, those that wait in the workers' queues.",
      status.waiting);
  text.Family("raw_flows_detail", MetricType::kGauge,
              "What the Kafka client says of itself, by name; as under details in the accounting.");
  for (const exporter::SinkNumber& number : status.numbers)
    text.Sample(number.value, {{"detail", number.name}});
}

}  // namespace hostscope::app
