#include "app/replay/replay.h"

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>

#include "aggregator/merger.h"
#include "aggregator/network_set.h"
#include "aggregator/profile/profiled_window.h"
#include "aggregator/worker_aggregator.h"
#include "app/capture/capture_merge.h"
#include "app/capture/export_datagrams.h"
#include "app/command_line.h"
#include "app/stats.h"
#include "exporter/ndjson_sink.h"
#include "ipfix/decoder.h"

namespace hostscope::app {
namespace {

aggregator::MergerOptions MergerOptionsOf(const ReplayOptions& options) {
  aggregator::MergerOptions merger;
  merger.workers = 1;
  merger.base_length_ns = options.window_lengths_ns.front();
  merger.rollup_lengths_ns.assign(options.window_lengths_ns.begin() + 1, options.window_lengths_ns.end());
  merger.table = options.table;
  // Closed windows are written at once, so that is all there can be: the open window and the next one, and
  // for each longer length the window that it was given and the table that it is to unite that with others
  // in.
  merger.max_tables = 2 * options.window_lengths_ns.size();
  return merger;
}

std::unique_ptr<exporter::Sink> OpenOutput(const ReplayOptions& options) {
  exporter::OpenedSink opened = exporter::OpenNdjsonSink(
      {"-", options.observer, options.schema, options.sketches, options.network_records});
  if (opened.sink == nullptr) throw std::runtime_error(opened.problem);
  return std::move(opened.sink);
}

/// One worker and the merger on one thread.
class Replayer {
 public:
  explicit Replayer(const ReplayOptions& options)
      : options_(options),
        capture_(options.captures),
        decoder_(options.decoder),
        merger_(MergerOptionsOf(options), aggregator::NetworkSet(options.networks)),
        output_(OpenOutput(options)),
        profiles_(options.profiles) {}

  void Run() {
    CapturedPacket packet;
    LinkType link{};
    ipfix::Datagram datagram;
    while (capture_.Next(packet, link)) {
      if (!datagrams_.Take(packet, link, datagram)) continue;
      if (!aggregator_) Open(datagram.received);
      // Before the aggregator learns of the new time: what is in the batch arrived when the window was open,
      // or late, and this did not.
      const aggregator::WindowSpan span = aggregator_->span();
      const bool is_late = datagram.received < span.start;
      if (is_late != was_late_ || datagram.received >= span.end()) decoder_.Flush(*aggregator_);
      was_late_ = is_late;
      if (aggregator_->Due(datagram.received)) CloseWindow(datagram.received);
      decoder_.Decode(datagram, *aggregator_);
    }
    datagrams_.Finish();
    if (aggregator_) CloseLast();
  }

  std::vector<std::string> CaptureErrors() const { return capture_.Errors(); }
  std::string StatsJson() const;

 private:
  void Open(ReceiveTime first) {
    aggregator_.emplace(options_.window_lengths_ns.front(), first, merger_.TakeTable());
  }

  void CloseWindow(ReceiveTime now) {
    if (spare_ == nullptr) spare_ = merger_.TakeTable();
    auto part = aggregator_->Close(now, spare_, Totals());
    // A window that stays open takes what belongs to others, and nothing would ever free a table here.
    if (!part) throw std::logic_error("no host table is free for the next window");
    Write(merger_.Add(0, std::move(*part)));
  }

  /// The end of the captures is the end of time: everything that belongs to the open windows is in them, so
  /// none is partial.
  void CloseLast() {
    decoder_.Flush(*aggregator_);
    ReceiveTime end = aggregator_->span().end();
    for (const std::int64_t length : options_.window_lengths_ns) {
      end = std::max(end, aggregator::WindowAt(aggregator_->span().start, length).end());
    }
    std::vector<aggregator::ClosedWindowPtr> last = merger_.Add(0, aggregator_->Finish(end, Totals()));
    // Before they are written, so that their tables are not cleaned for windows that never come.
    std::vector<aggregator::ClosedWindowPtr> rest = merger_.Finish();
    Write(std::move(last));
    Write(std::move(rest));
  }

  void Write(std::vector<aggregator::ClosedWindowPtr> windows) {
    for (aggregator::ClosedWindowPtr& window : windows) {
      if (window->span().length_ns == options_.window_lengths_ns.front()) hosts_ += window->summary().hosts;
      if (profiles_ && window->span().length_ns == profiles_->options().window_ns) {
        window = aggregator::CompareWithProfiles(*profiles_, std::move(window));
      }
      if (const std::string problem = output_->Write(*window); !problem.empty())
        throw std::runtime_error(problem);
      window.reset();  // its table is free for the next one
    }
  }

  aggregator::SideTotals Totals() {
    const ipfix::Accounting& books = decoder_.accounting();
    aggregator::SideTotals totals;
    totals.exporters = decoder_.TakeActiveExporters();
    totals.dropped = books.outcomes.Total() - books.outcomes.Get(ipfix::DatagramOutcome::kDecoded) +
                     datagrams_.counters().drops.Total();
    totals.sequence_expected = books.sequence_expected.Get();
    totals.sequence_lost = books.sequence_lost.Get();
    return totals;
  }

  const ReplayOptions& options_;
  CaptureMerge capture_;
  ExportDatagrams datagrams_;
  ipfix::Decoder decoder_;
  aggregator::Merger merger_;
  std::unique_ptr<exporter::Sink> output_;
  std::optional<aggregator::ProfileStore> profiles_;
  std::optional<aggregator::WorkerAggregator> aggregator_;  // from the first datagram on: it sets the clock
  std::unique_ptr<aggregator::HostTable> spare_;
  std::uint64_t hosts_ = 0;
  bool was_late_ = false;  // the last datagram's time was before the open window
};

std::string Replayer::StatsJson() const {
  Stats stats;
  const CaptureCounters& counters = datagrams_.counters();
  for (std::size_t i = 0; i < ipfix::CounterArray<CaptureDrop>::kSize; ++i) {
    const auto reason = static_cast<CaptureDrop>(i);
    stats.AddDropped(NameOf(reason).name, counters.drops.Get(reason));
  }
  stats.AddReceived(counters.drops.Total());
  stats.AddOutcomes(decoder_.accounting());
  static const aggregator::AggregatorCounters kNothing;
  stats.AddRecords(decoder_.accounting(), aggregator_ ? aggregator_->counters() : kNothing);
  stats.AddMerger(merger_.counters());
  stats.AddHosts(hosts_);
  if (profiles_) stats.AddProfiles(profiles_->size(), profiles_->open_events(), profiles_->counters());
  StatsGroup& packets = stats.Group("packets");
  packets.Add("read", counters.outcomes.Total());
  for (std::size_t i = 0; i < ipfix::CounterArray<PacketOutcome>::kSize; ++i) {
    const auto outcome = static_cast<PacketOutcome>(i);
    packets.Add(NameOf(outcome).name, counters.outcomes.Get(outcome));
  }
  packets.Add("reassembled", counters.reassembled.Get());
  stats.Group("exporters").Add("active", decoder_.exporter_count());
  std::vector<ipfix::RuleStatus> rules;
  AddTo(rules, decoder_.policy());
  stats.AddRules(rules);
  return stats.ToJson();
}

}  // namespace

int Replay(const ReplayOptions& options) {
  Replayer replayer(options);
  replayer.Run();
  const std::vector<std::string> errors = replayer.CaptureErrors();
  for (const std::string& error : errors) std::cerr << "hostscope replay: " << error << '\n';
  if (!options.stats_path.empty()) WriteWholeFile(options.stats_path, replayer.StatsJson());
  return errors.empty() ? kExitSuccess : kExitFailure;
}

}  // namespace hostscope::app
