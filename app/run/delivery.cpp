#include "app/run/delivery.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

#include "exporter/query/memory_windows.h"
#include "exporter/store/store_sink.h"

namespace hostscope::app {
namespace {

using namespace std::chrono_literals;

bool WantsSketches(const SinksConfig& sinks) {
  return std::any_of(sinks.ndjson.begin(), sinks.ndjson.end(),
                     [](const NdjsonConfig& sink) { return sink.sketches; }) ||
         std::any_of(sinks.kafka.begin(), sinks.kafka.end(),
                     [](const KafkaConfig& sink) { return sink.options.sketches; });
}

std::map<std::int64_t, exporter::Retention> RetentionOf(const StoreConfig& store) {
  std::map<std::int64_t, exporter::Retention> retention;
  for (const RetentionConfig& rule : store.retention) retention.emplace(rule.window_ns, rule.retention);
  return retention;
}

std::unique_ptr<exporter::Store> OpenStore(const Config& config, const std::vector<NamedSink>& sinks,
                                           exporter::FileSystem& fs) {
  exporter::StoreOptions options;
  options.path = config.store.path;
  options.retention = RetentionOf(config.store);
  options.content = {config.network_records.Wanted(), WantsSketches(config.sinks)};
  for (const NamedSink& sink : sinks) options.sinks.push_back(sink.key);
  options.spool_bytes = config.store.spool_bytes;
  options.new_sinks_get_everything = config.store.new_sinks_get_everything;
  exporter::OpenedStore opened = exporter::Store::Open(
      options, [](std::string_view message) { spdlog::warn("store: {}", message); }, fs);
  if (opened.store == nullptr) throw std::runtime_error(opened.problem);
  return std::move(opened.store);
}

exporter::LogFunction LogFor(const std::string& name) {
  return [name](std::string_view message) { spdlog::warn("{}: {}", name, message); };
}

// Whole milliseconds, rounded up.
std::uint64_t CeilMs(std::int64_t ns) {
  return static_cast<std::uint64_t>((ns + kNanosecondsPerMillisecond - 1) / kNanosecondsPerMillisecond);
}

void AddDelay(StatsGroup& group, const exporter::DelayHistogram& histogram) {
  StatsGroup& delay = group.Group("delay");
  delay.Add("count", histogram.Count());
  delay.Add("p50_ms", CeilMs(histogram.QuantileNs(0.5)));
  delay.Add("p99_ms", CeilMs(histogram.QuantileNs(0.99)));
  delay.Add("max_ms", CeilMs(histogram.MaxNs()));
}

void AddLag(StatsGroup& group, std::uint64_t windows, ReceiveTime oldest_end) {
  const std::int64_t age_ns = windows == 0 ? 0 : exporter::WallClock().ns - oldest_end.ns;
  StatsGroup& lag = group.Group("lag");
  lag.Add("seconds", static_cast<std::uint64_t>(std::max<std::int64_t>(age_ns, 0) / kNanosecondsPerSecond));
  lag.Add("windows", windows);
}

void AddSink(StatsGroup& group, const exporter::SinkRunnerStatus& status) {
  StatsGroup& windows = group.Group("windows");
  windows.Add("pushed", status.pushed);
  windows.Add("written", status.written);
  windows.Add("failed", status.failed);
  windows.Add("dropped", status.dropped_windows);
  windows.Add("waiting", status.waiting + status.writing);
  AddLag(group, status.waiting + status.writing, status.oldest_end);
  AddDelay(group, status.delay);
}

void AddSink(StatsGroup& group, const exporter::SinkFeederStatus& status) {
  StatsGroup& windows = group.Group("windows");
  windows.Add("written", status.spool.acknowledged);
  windows.Add("failed", status.failed);
  windows.Add("dropped", status.spool.dropped_windows);
  windows.Add("waiting", status.spool.windows);
  AddLag(group, status.spool.windows, status.spool.oldest_end);
  group.Group("lag").Add("bytes", status.spool.bytes);
  AddDelay(group, status.delay);
}

void AddRecords(StatsGroup& group, const exporter::SinkStatus& status) {
  StatsGroup& records = group.Group("records");
  records.Add("delivered", status.delivered);
  records.Add("retried", status.retried);
  records.Add("rejected", status.rejected);
  records.Add("dropped", status.dropped);
  if (status.numbers.empty()) return;
  StatsGroup& numbers = group.Group("details");
  for (const exporter::SinkNumber& number : status.numbers) numbers.Add(number.name, number.value);
}

void AddStore(StatsGroup& group, const exporter::StoreStatus& status,
              const exporter::SinkRunnerStatus& runner) {
  StatsGroup& windows = group.Group("windows");
  windows.Add("stored", status.windows);
  windows.Add("pushed", runner.pushed);
  windows.Add("written", status.written_windows);
  windows.Add("in_memory", status.in_memory);
  windows.Add("lost", runner.failed + runner.dropped_windows);
  windows.Add("waiting", runner.waiting + runner.writing);
  windows.Add("expired", status.expired);
  windows.Add("removed_for_room", status.removed_for_room);
  StatsGroup& records = group.Group("records");
  records.Add("written", status.written_rows);
  records.Add("lost", runner.sink.dropped);
  StatsGroup& bytes = group.Group("bytes");
  bytes.Add("stored", status.bytes);
  bytes.Add("written", status.written_bytes);
  StatsGroup& files = group.Group("files");
  files.Add("refused_by_disk", status.failures);
  files.Add("damaged", status.damaged);
  files.Add("torn", status.torn);
  files.Add("finished", status.finished);
}

}  // namespace

Delivery::Delivery(const Config& config, exporter::FileSystem& fs, const exporter::ContextSource* context) {
  std::vector<NamedSink> sinks = OpenSinks(config, context);
  if (!config.store.path.empty()) store_ = OpenStore(config, sinks, fs);
  const std::int64_t base_ns =
      *std::min_element(config.window_lengths_ns.begin(), config.window_lengths_ns.end());
  const exporter::SinkRunnerOptions queue{kWindowsWaiting, base_ns};
  exporter::SinkFeederOptions feeding;
  feeding.delay_of_ns = base_ns;
  for (std::size_t i = 0; i < sinks.size(); ++i) {
    RunningSink& sink = sinks_.emplace_back();
    sink.name = sinks[i].sink->name();
    if (store_ != nullptr) {
      sink.feeder = std::make_unique<exporter::SinkFeeder>(std::move(sinks[i].sink), *store_,
                                                           store_->spool(i), feeding, LogFor(sink.name));
    } else {
      sink.runner =
          std::make_unique<exporter::SinkRunner>(std::move(sinks[i].sink), queue, LogFor(sink.name));
    }
  }
  OpenHistory(config, queue);
}

void Delivery::OpenHistory(const Config& config, const exporter::SinkRunnerOptions& queue) {
  const auto announcing = [this](std::unique_ptr<exporter::Sink> sink) {
    return exporter::MakeAnnouncingSink(std::move(sink),
                                        [listener = listener_](const aggregator::ClosedWindow& window) {
                                          if (*listener) (*listener)(window);
                                        });
  };
  if (store_ != nullptr) {
    history_ = std::make_unique<exporter::StoreSource>(*store_);
    store_runner_ = std::make_unique<exporter::SinkRunner>(announcing(exporter::MakeStoreSink(*store_)),
                                                           queue, LogFor("store"));
  } else if (config.http.is_enabled) {
    exporter::MemoryWindowsOptions options;
    options.bytes_per_length = config.store.memory_bytes;
    options.content.networks = config.network_records.Wanted();
    auto memory = std::make_unique<exporter::MemoryWindows>(options);
    memory_runner_ = std::make_unique<exporter::SinkRunner>(announcing(exporter::MakeMemorySink(*memory)),
                                                            queue, LogFor("history"));
    history_ = std::move(memory);
  }
}

void Delivery::Push(const aggregator::ClosedWindowPtr& window) {
  if (memory_runner_ != nullptr) memory_runner_->Push(window);
  if (store_runner_ != nullptr) {
    store_runner_->Push(window);
    return;
  }
  for (const RunningSink& sink : sinks_) sink.runner->Push(window);
}

void Delivery::Stop(std::chrono::milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  const auto left = [end] {
    const auto rest = end - std::chrono::steady_clock::now();
    return std::max(std::chrono::duration_cast<std::chrono::milliseconds>(rest), 0ms);
  };
  // First the store, which the sinks read from.
  if (store_runner_ != nullptr && !store_runner_->Stop(left())) spdlog::warn("store: did not finish in time");
  if (memory_runner_ != nullptr) memory_runner_->Stop(0ms);
  for (const RunningSink& sink : sinks_) {
    if (sink.feeder != nullptr) {
      sink.feeder->Stop(left());
    } else if (!sink.runner->Stop(left())) {
      spdlog::warn("{}: did not finish in time", sink.name);
    }
  }
}

bool Delivery::is_storing() const {
  if (store_runner_ == nullptr) return false;
  const exporter::SinkRunnerStatus status = store_runner_->status();
  return status.waiting + status.writing != 0;
}

void Delivery::SetRetention(const StoreConfig& store) {
  if (store_ != nullptr) store_->SetRetention(RetentionOf(store));
}

std::uint64_t Delivery::undelivered() const {
  std::uint64_t records = 0;
  for (const RunningSink& sink : sinks_) {
    const exporter::SinkStatus status = sink.status();
    records += status.dropped + status.rejected;
  }
  if (store_runner_ != nullptr) records += store_runner_->status().sink.dropped * sinks_.size();
  return records;
}

void Delivery::AddTo(Stats& stats) const {
  if (store_ != nullptr) AddStore(stats.Group("store"), store_->status(), store_runner_->status());
  for (const RunningSink& sink : sinks_) {
    StatsGroup& group = stats.Group("sinks").Group(sink.name);
    if (sink.feeder != nullptr) {
      AddSink(group, sink.feeder->status());
    } else {
      AddSink(group, sink.runner->status());
    }
    AddRecords(group, sink.status());
  }
}

}  // namespace hostscope::app
