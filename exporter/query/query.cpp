#include "exporter/query/query.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <map>
#include <utility>

#include "exporter/encoding/address_text.h"
#include "exporter/store/columns.h"

namespace hostscope::exporter {
namespace {

using aggregator::HostRecord;
using aggregator::NetworkRecord;
using aggregator::Role;

constexpr unsigned kAddressBits = 128;

std::string Counted(std::size_t count, const char* what) {
  return std::to_string(count) + " " + what;
}

/// The n best of many, without keeping the others.
template <typename Record>
class Best {
 public:
  struct Entry {
    double value = 0;
    Record record;
  };
  explicit Best(std::size_t count) : count_(count) {}

  /// `make` makes the record, if it is among the best so far.
  template <typename Make>
  void Offer(double value, const Address& address, Make make) {
    if (entries_.size() == count_) {
      if (count_ == 0 || !IsBetter(value, address, entries_.front())) return;
      std::pop_heap(entries_.begin(), entries_.end(), Compare);
      entries_.pop_back();
    }
    entries_.push_back({value, make()});
    std::push_heap(entries_.begin(), entries_.end(), Compare);
  }

  std::vector<Record> Take() {
    std::sort_heap(entries_.begin(), entries_.end(), Compare);
    std::vector<Record> records;
    records.reserve(entries_.size());
    for (Entry& entry : entries_) records.push_back(std::move(entry.record));
    return records;
  }

 private:
  static bool IsBetter(double value, const Address& address, const Entry& than) {
    return value != than.value ? value > than.value : address < AddressIn(than.record);
  }
  // As "less" it puts the worst on top of the heap, and the best first when sorted.
  static bool Compare(const Entry& a, const Entry& b) { return IsBetter(a.value, AddressIn(a.record), b); }
  static const Address& AddressIn(const TopHost& top) { return top.record.host; }
  static const Address& AddressIn(const TopNetwork& top) { return top.record.prefix.network; }

  std::size_t count_;
  std::vector<Entry> entries_;
};

void CheckCount(std::size_t count, const QueryLimits& limits) {
  if (count <= limits.records) return;
  throw QueryError(QueryFault::kTooMuch, Counted(count, "records are more than the ") +
                                             Counted(limits.records, "that one answer may have"));
}

// A host's day is 1,440 files, most of them not in memory: what counts is how many reads the disk has to do
// at once.
constexpr std::size_t kReaders = 16;
constexpr std::size_t kWindowsAtATime = 128;  // so many are open together
constexpr std::size_t kFewWindows = 16;       // for which threads are not worth starting

/// Calls work(i) for each i < count, on several threads; an exception of any of them ends it.
void RunTogether(std::size_t count, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  const auto take = [&] {
    for (std::size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::future<void>> others;
  if (count > kFewWindows) {
    for (std::size_t i = 1; i < kReaders; ++i) others.push_back(std::async(std::launch::async, take));
  }
  take();
  for (std::future<void>& other : others) other.get();
}

void CheckWhole(const StoredWindow& window, ReadResult result) {
  if (result != ReadResult::kDamaged) return;
  throw QueryError(QueryFault::kDamaged,
                   "the file of " + Describe({window.span(), 0}) + " is damaged, and can't be summed up");
}

}  // namespace

WindowRange Query::Newest(std::int64_t length_ns) const {
  const auto newest = source_.Newest(length_ns);
  if (!newest) throw QueryError(QueryFault::kNotFound, "there is no window of that length yet");
  return {length_ns, newest->span.start, newest->span.end()};
}

std::vector<WindowInfo> Query::WindowsOf(const WindowRange& range) const {
  if (!(range.from < range.to))
    throw QueryError(QueryFault::kWrongRequest, "the range of time ends before it begins");
  std::vector<WindowInfo> windows = source_.List(range.length_ns, range.from, range.to);
  if (windows.size() + cost_.windows > limits_.windows) {
    throw QueryError(QueryFault::kTooMuch, "that range has " +
                                               Counted(windows.size(), "windows, and one query reads ") +
                                               std::to_string(limits_.windows) +
                                               " at most; ask for longer windows or a shorter range");
  }
  return windows;
}

void Query::ForEachWindow(const WindowRange& range, const WindowVisitor& visit) {
  for (const WindowInfo& info : WindowsOf(range)) {
    const std::shared_ptr<const StoredWindow> window = source_.Read(info.id);
    if (window == nullptr) continue;
    ++cost_.windows;
    visit(*window);
  }
}

template <typename Record>
void Query::ForOneRecord(const WindowRange& range,
                         const std::function<ReadResult(const StoredWindow&, Record&)>& read,
                         const std::function<void(const StoredWindow& window, const Record* record)>& visit) {
  struct Slot {
    std::shared_ptr<const StoredWindow> window;
    ReadResult result = ReadResult::kNone;
    Record record;
  };
  const std::vector<WindowInfo> windows = WindowsOf(range);
  for (std::size_t first = 0; first < windows.size(); first += kWindowsAtATime) {
    std::vector<Slot> slots(std::min(kWindowsAtATime, windows.size() - first));
    RunTogether(slots.size(), [&](std::size_t i) {
      Slot& slot = slots[i];
      slot.window = source_.Read(windows[first + i].id);
      if (slot.window != nullptr) slot.result = read(*slot.window, slot.record);
    });
    for (const Slot& slot : slots) {
      if (slot.window == nullptr) continue;
      ++cost_.windows;
      TakeRows(1);
      if (slot.result == ReadResult::kDamaged) {
        ++cost_.damaged;
      } else {
        visit(*slot.window, slot.result == ReadResult::kFound ? &slot.record : nullptr);
      }
    }
  }
}

void Query::TakeRows(std::size_t rows) {
  cost_.rows += rows;
  if (cost_.rows <= limits_.rows) return;
  throw QueryError(QueryFault::kTooMuch,
                   "more than " + Counted(limits_.rows,
                                          "records would have to be read; ask for a smaller "
                                          "prefix or fewer windows"));
}

void Query::Scan(const StoredWindow& window, const std::optional<Prefix>& prefix,
                 const std::function<void(const HostRecord&)>& visit) {
  TakeRows(prefix ? window.RowsToScan(*prefix) : window.summary().hosts);
  CheckWhole(window, prefix ? window.Scan(*prefix, visit) : window.ScanAll(visit));
}

void Query::SumUp(const StoredWindow& window, const Prefix& prefix, unsigned length,
                  const std::function<void(const PrefixTotals&)>& visit) {
  TakeRows(window.RowsToSumUp(prefix, length));
  CheckWhole(window, window.SumUp(prefix, length, visit));
}

void Query::ForHost(const WindowRange& range, const Address& host, const HostVisitor& visit) {
  ForOneRecord<HostRecord>(
      range, [&host](const StoredWindow& window, HostRecord& record) { return window.Find(host, record); },
      visit);
}

void Query::ForNetwork(const WindowRange& range, const Prefix& prefix, const NetworkVisitor& visit) {
  ForOneRecord<NetworkRecord>(
      range,
      [&prefix](const StoredWindow& window, NetworkRecord& record) {
        return window.FindNetwork(prefix, record);
      },
      visit);
}

void Query::ForPrefix(const WindowRange& range, const Prefix& prefix, const NetworkVisitor& visit) {
  ForEachWindow(range, [&](const StoredWindow& window) {
    PrefixTotals sum;
    SumUp(window, prefix, prefix.length, [&sum](const PrefixTotals& each) { sum.Add(each); });
    NetworkRecord record;
    record.prefix = prefix;
    record.hosts = sum.hosts;
    record.sent = sum.sent;
    record.received = sum.received;
    visit(window, sum.hosts == 0 ? nullptr : &record);
  });
}

Tile Query::ReadTile(const WindowRange& range, const Prefix& prefix, unsigned depth, Role role) {
  if (prefix.length + depth > kAddressBits)
    throw QueryError(QueryFault::kWrongRequest, "a prefix has no cells beyond the length of an address");
  if (depth > limits_.depth) {
    throw QueryError(QueryFault::kTooMuch, "a tile has at most " + std::to_string(limits_.depth) +
                                               " bits below its prefix, not " + std::to_string(depth));
  }
  constexpr std::uint32_t kNone = UINT32_MAX;
  const unsigned shift = kAddressBits - prefix.length - depth;
  const std::uint32_t mask = static_cast<std::uint32_t>((std::uint64_t{1} << depth) - 1);
  std::vector<std::uint32_t> places(std::size_t{1} << depth, kNone);
  std::vector<Totals> totals;
  ForEachWindow(range, [&](const StoredWindow& window) {
    SumUp(window, prefix, prefix.length + depth, [&](const PrefixTotals& each) {
      const bool is_sent = role == Role::kSent;
      const Totals more{is_sent ? each.sent_hosts : each.received_hosts, is_sent ? each.sent : each.received,
                        each.deviation};
      if (more.hosts == 0) return;
      std::uint32_t& place = places[static_cast<std::uint32_t>(NumberOf(each.first) >> shift) & mask];
      if (place == kNone) {
        place = static_cast<std::uint32_t>(totals.size());
        totals.emplace_back();
      }
      totals[place].Add(more);
    });
  });
  Tile tile;
  for (std::uint32_t cell = 0; cell < places.size(); ++cell) {
    if (places[cell] == kNone) continue;
    tile.cells.push_back(cell);
    tile.totals.push_back(totals[places[cell]]);
  }
  return tile;
}

std::vector<TopHost> Query::TopHosts(const WindowRange& range, const std::optional<Prefix>& prefix,
                                     Metric metric, Role role, std::size_t count) {
  CheckCount(count, limits_);
  Best<TopHost> best(count);
  ForEachWindow(range, [&](const StoredWindow& window) {
    Scan(window, prefix, [&](const HostRecord& record) {
      Totals totals;
      totals.Add(RoleOf(record, role));
      totals.deviation = record.deviation;
      if (totals.hosts == 0) return;
      best.Offer(ValueOf(metric, totals), record.host, [&] {
        return TopHost{window.span(), window.partial(), record};
      });
    });
  });
  return best.Take();
}

std::vector<TopNetwork> Query::TopNetworks(const WindowRange& range, const NetworkChoice& choice,
                                           Metric metric, Role role, std::size_t count) {
  CheckCount(count, limits_);
  aggregator::NetworkLevels levels{{}, {}};
  if (choice.level) {
    levels.ipv4.push_back(static_cast<std::uint8_t>(*choice.level));
    levels.ipv6.push_back(static_cast<std::uint8_t>(*choice.level));
  }
  Best<TopNetwork> best(count);
  ForEachWindow(range, [&](const StoredWindow& window) {
    TakeRows(window.network_counts().all());
    window.ForEachNetwork(levels, [&](const NetworkRecord& record) {
      if (choice.within && !choice.within->Contains(record.prefix)) return true;
      if (choice.level ? record.prefix.written_length() != *choice.level : !record.is_monitored) return true;
      const Totals totals{record.hosts, RoleOf(record, role)};
      if (totals.figures.flows == 0) return true;
      best.Offer(ValueOf(metric, totals), record.prefix.network, [&] {
        return TopNetwork{window.span(), window.partial(), record};
      });
      return true;
    });
    if (window.is_damaged()) throw QueryError(QueryFault::kDamaged, "a window's file is damaged");
  });
  return best.Take();
}

std::vector<FoundAnomaly> Query::Anomalies(const WindowRange& range, const AnomalyChoice& choice,
                                           std::size_t count) {
  CheckCount(count, limits_);
  std::map<std::pair<Address, std::int64_t>, FoundAnomaly> newest;
  ForEachWindow(range, [&](const StoredWindow& window) {
    if (window.CountEvents() == 0) return;
    TakeRows(window.CountEvents());
    for (aggregator::ProfileEvent& event : window.Events()) {
      if (choice.within && !choice.within->Contains(event.host)) continue;
      newest.insert_or_assign({event.host, event.since.ns}, FoundAnomaly{window.span(), event});
    }
    if (window.is_damaged()) ++cost_.damaged;
  });
  std::vector<FoundAnomaly> found;
  for (const auto& [key, anomaly] : newest) {
    const aggregator::ProfileEvent& event = anomaly.event;
    if (choice.kind && event.kind != *choice.kind) continue;
    if (choice.is_open && *choice.is_open != (event.state != aggregator::EventState::kClose)) continue;
    found.push_back(anomaly);
  }
  std::stable_sort(found.begin(), found.end(), [](const FoundAnomaly& a, const FoundAnomaly& b) {
    return a.span.start != b.span.start ? b.span.start < a.span.start : b.event.score < a.event.score;
  });
  if (found.size() > count) found.resize(count);
  return found;
}

}  // namespace hostscope::exporter
