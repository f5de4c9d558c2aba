#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/merger.h"
#include "aggregator/profile/profile_store.h"
#include "aggregator/worker_aggregator.h"
#include "ipfix/accounting.h"
#include "ipfix/exporter_policy.h"

namespace hostscope::app {

/// Named counts in named groups, in the order in which they were added: what `--stats` writes.
class StatsGroup {
 public:
  /// Adds to the count of that name, which is made with 0 where there is none.
  void Add(std::string_view name, std::uint64_t count);
  void Set(std::string_view name, std::uint64_t count) { EntryOf(name, false).count = count; }
  /// What is no count, to six digits behind the point.
  void SetReal(std::string_view name, double value) { EntryOf(name, false).real = value; }
  /// The group of that name, made where there is none. Valid until another group is added to this one.
  StatsGroup& Group(std::string_view name);
  std::string ToJson() const;

 private:
  struct Entry {
    std::string name;
    bool is_group = false;
    std::uint64_t count = 0;
    std::optional<double> real;  ///< instead of the count
    std::size_t group = 0;
  };
  Entry& EntryOf(std::string_view name, bool is_group);

  std::vector<Entry> entries_;
  std::vector<StatsGroup> groups_;
};

/// The accounting in the shape that `--stats` promises. Each Add…() may be called for several workers; counts
/// add up.
class Stats {
 public:
  Stats();

  /// Export datagrams: received = decoded + the sum of dropped.
  void AddReceived(std::uint64_t count) { root_.Group("datagrams").Add("received", count); }
  void AddDecoded(std::uint64_t count) { root_.Group("datagrams").Add("decoded", count); }
  void AddDropped(std::string_view reason, std::uint64_t count) {
    root_.Group("datagrams").Group("dropped").Add(reason, count);
  }
  /// All three as a decoder's books have them.
  void AddOutcomes(const ipfix::Accounting& accounting);
  /// What is in the datagrams: a decoder's books, and what its aggregator makes of the flow records.
  void AddRecords(const ipfix::Accounting& accounting, const aggregator::AggregatorCounters& aggregator);
  void AddMerger(const aggregator::MergerCounters& merger);
  /// What became of the datagrams of the exporters of each rule, by the rule's name, else its prefix. What is
  /// dropped before its exporter is known is in none of them.
  void AddRules(const std::vector<ipfix::RuleStatus>& rules);
  /// Profiles that are held, events that are open, and what came of windows and events since the start.
  void AddProfiles(std::uint64_t held, std::uint64_t open_events, const aggregator::ProfileCounters& counts);
  /// Host records of base windows.
  void AddHosts(std::uint64_t hosts) { root_.Add("hosts", hosts); }
  /// For what only one command has: its packets, its sinks.
  StatsGroup& Group(std::string_view name) { return root_.Group(name); }

  std::string ToJson() const { return root_.ToJson() + "\n"; }

 private:
  void AddFlowRecords(const ipfix::Accounting& accounting, std::uint64_t unmonitored);

  StatsGroup root_;
  std::uint64_t counted_ = 0;
  std::uint64_t unmonitored_ = 0;
};

/// Replaces `path` as a whole, so that a reader sees the old text or the new one. Throws std::runtime_error.
void WriteWholeFile(const std::string& path, std::string_view text);

}  // namespace hostscope::app
