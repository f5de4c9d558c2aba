#include "app/stats.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "aggregator/profile/profile_event.h"
#include "exporter/encoding/address_text.h"
#include "exporter/encoding/json_text.h"

namespace hostscope::app {
namespace {

using ipfix::DatagramOutcome;
using ipfix::RecordSkip;
using ipfix::TemplateEvent;

template <typename Enum>
void AddAll(StatsGroup& group, const ipfix::CounterArray<Enum>& counters) {
  for (std::size_t i = 0; i < ipfix::CounterArray<Enum>::kSize; ++i) {
    const auto which = static_cast<Enum>(i);
    group.Add(NameOf(which).name, counters.Get(which));
  }
}

}  // namespace

StatsGroup::Entry& StatsGroup::EntryOf(std::string_view name, bool is_group) {
  for (Entry& entry : entries_) {
    if (entry.name == name) return entry;
  }
  Entry& entry = entries_.emplace_back();
  entry.name = name;
  entry.is_group = is_group;
  if (is_group) {
    entry.group = groups_.size();
    groups_.emplace_back();
  }
  return entry;
}

void StatsGroup::Add(std::string_view name, std::uint64_t count) {
  EntryOf(name, false).count += count;
}

StatsGroup& StatsGroup::Group(std::string_view name) {
  return groups_[EntryOf(name, true).group];
}

std::string StatsGroup::ToJson() const {
  std::string json = "{";
  for (const Entry& entry : entries_) {
    if (json.size() > 1) json += ',';
    json += exporter::JsonString(entry.name) + ":";
    if (entry.is_group) {
      json += groups_[entry.group].ToJson();
    } else if (entry.real) {
      json += fmt::format("{:.6f}", *entry.real);
    } else {
      json += std::to_string(entry.count);
    }
  }
  return json + '}';
}

Stats::Stats() {
  // The promised shape in its order; what is not counted by a command is 0 there.
  StatsGroup& datagrams = root_.Group("datagrams");
  datagrams.Add("received", 0);
  datagrams.Add("decoded", 0);
  datagrams.Group("dropped");
  StatsGroup& records = root_.Group("records");
  records.Add("seen", 0);
  records.Add("counted", 0);
  records.Group("skipped");
  records.Add("options", 0);
  StatsGroup& templates = root_.Group("templates");
  for (const TemplateEvent event :
       {TemplateEvent::kLearned, TemplateEvent::kWithdrawn, TemplateEvent::kRefused}) {
    templates.Add(NameOf(event).name, 0);
  }
  root_.Add("sequence_gaps", 0);
  root_.Add("hosts", 0);
}

void Stats::AddOutcomes(const ipfix::Accounting& accounting) {
  AddReceived(accounting.outcomes.Total());
  for (std::size_t i = 0; i < ipfix::CounterArray<DatagramOutcome>::kSize; ++i) {
    const auto outcome = static_cast<DatagramOutcome>(i);
    const std::uint64_t count = accounting.outcomes.Get(outcome);
    if (outcome == DatagramOutcome::kDecoded) {
      AddDecoded(count);
    } else {
      AddDropped(NameOf(outcome).name, count);
    }
  }
}

void Stats::AddRecords(const ipfix::Accounting& accounting,
                       const aggregator::AggregatorCounters& aggregator) {
  AddFlowRecords(accounting, aggregator.unmonitored_flows.Get());
  AddAll(root_.Group("templates"), accounting.templates);
  AddAll(root_.Group("templates_refused"), accounting.refusals);
  root_.Add("sequence_gaps", accounting.sequence_lost.Get());

  AddAll(root_.Group("sets").Group("skipped"), accounting.sets_skipped);
  AddAll(root_.Group("sets").Group("early"), accounting.early_sets);
  root_.Group("sets").Group("early").Add("held", accounting.HeldSets());
  StatsGroup& sequence = root_.Group("sequence");
  sequence.Add("expected", accounting.sequence_expected.Get());
  sequence.Add("lost", accounting.sequence_lost.Get());
  sequence.Add("gaps", accounting.sequence_gaps.Get());
  sequence.Add("resets", accounting.sequence_resets.Get());
  root_.Group("samplers").Add("refused", accounting.samplers_refused.Get());

  StatsGroup& windows = root_.Group("windows");
  windows.Add("late_flows", aggregator.late_flows.Get());
  windows.Add("overruns", aggregator.overruns.Get());
  windows.Add("overrun_flows", aggregator.overrun_flows.Get());
  windows.Add("overflows", aggregator.overflows.Get());
  windows.Add("saturated", aggregator.saturated.Get());
}

void Stats::AddFlowRecords(const ipfix::Accounting& accounting, std::uint64_t unmonitored) {
  StatsGroup& records = root_.Group("records");
  records.Add("seen", accounting.records_seen.Get());
  // A worker that helps another one counts what the other has not booked yet.
  counted_ += accounting.records_counted.Get();
  unmonitored_ += unmonitored;
  records.Set("counted", counted_ - std::min(counted_, unmonitored_));
  AddAll(records.Group("skipped"), accounting.skipped);
  records.Group("skipped").Add(NameOf(RecordSkip::kUnmonitored).name, unmonitored);
  records.Add("options", accounting.options_records.Get());
  records.Add("scaled", accounting.scaled_records.Get());
  records.Add("without_counters", accounting.without_counters.Get());
  records.Add("substitute_counters", accounting.substitute_counters.Get());
  records.Add("malformed_times", accounting.malformed_times.Get());
}

void Stats::AddRules(const std::vector<ipfix::RuleStatus>& rules) {
  StatsGroup& groups = root_.Group("exporters").Group("rules");
  for (const ipfix::RuleStatus& rule : rules) {
    const std::string prefix = rule.is_for_others ? "others" : exporter::ToText(rule.prefix);
    StatsGroup& group = groups.Group(rule.name.empty() ? prefix : rule.name);
    group.Add("received", rule.outcomes.Total());
    group.Add(NameOf(DatagramOutcome::kDecoded).name, rule.outcomes.Get(DatagramOutcome::kDecoded));
    StatsGroup& dropped = group.Group("dropped");
    for (const DatagramOutcome outcome : ipfix::kRuleDrops) {
      dropped.Add(NameOf(outcome).name, rule.outcomes.Get(outcome));
    }
  }
}

void Stats::AddMerger(const aggregator::MergerCounters& merger) {
  StatsGroup& windows = root_.Group("windows");
  windows.Add("closed", merger.windows.Get());
  windows.Add("merge_overflows", merger.overflows.Get());
  windows.Add("merge_saturated", merger.saturated.Get());
  windows.Add("tables_missing", merger.tables_missing.Get());
}

void Stats::AddProfiles(std::uint64_t held, std::uint64_t open_events,
                        const aggregator::ProfileCounters& counts) {
  StatsGroup& group = root_.Group("profiles");
  group.Add("held", held);
  group.Add("refused", counts.refused);
  group.Add("forgotten", counts.forgotten);
  StatsGroup& windows = group.Group("windows");
  windows.Add("compared", counts.windows);
  windows.Add("skipped", counts.skipped_windows);
  windows.Add("blind", counts.blind_windows);
  StatsGroup& events = group.Group("events");
  events.Add("open", open_events);
  for (std::size_t i = 0; i < counts.opened.size(); ++i)
    events.Add(NameOf(static_cast<aggregator::DeviationKind>(i)), counts.opened[i]);
}

void WriteWholeFile(const std::string& path, std::string_view text) {
  const std::string unfinished = path + ".new";
  std::ofstream file(unfinished, std::ios::binary);
  file << text;
  file.close();
  if (!file || std::rename(unfinished.c_str(), path.c_str()) != 0) {
    const int error = errno;
    std::remove(unfinished.c_str());
    throw std::runtime_error(fmt::format("{}: {}", path, std::strerror(error)));
  }
}

}  // namespace hostscope::app
