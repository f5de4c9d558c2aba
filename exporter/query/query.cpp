#include "exporter/query/query.h"

#include <algorithm>
#include <utility>

#include "exporter/address_text.h"
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

bool IsInside(const Prefix& inner, const Prefix& outer) {
  return inner.length >= outer.length && outer.Contains(inner.network);
}

}  // namespace

WindowRange Query::Newest(std::int64_t length_ns) const {
  const auto newest = source_.Newest(length_ns);
  if (!newest) throw QueryError(QueryFault::kNotFound, "there is no window of that length yet");
  return {length_ns, newest->span.start, newest->span.end()};
}

void Query::ForEachWindow(const WindowRange& range, const WindowVisitor& visit) {
  if (!(range.from < range.to))
    throw QueryError(QueryFault::kWrongRequest, "the range of time ends before it begins");
  const std::vector<WindowInfo> windows = source_.List(range.length_ns, range.from, range.to);
  if (windows.size() + cost_.windows > limits_.windows) {
    throw QueryError(QueryFault::kTooMuch, "that range has " +
                                               Counted(windows.size(), "windows, and one query reads ") +
                                               std::to_string(limits_.windows) +
                                               " at most; ask for longer windows or a shorter range");
  }
  for (const WindowInfo& info : windows) {
    const std::shared_ptr<const StoredWindow> window = source_.Read(info.id);
    if (window == nullptr) continue;
    ++cost_.windows;
    visit(*window);
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
  const ReadResult result = prefix ? window.Scan(*prefix, visit) : window.ScanAll(visit);
  if (result == ReadResult::kDamaged) {
    throw QueryError(QueryFault::kDamaged,
                     "the file of " + Describe({window.span(), 0}) + " is damaged, and can't be summed up");
  }
}

void Query::ForHost(const WindowRange& range, const Address& host, const HostVisitor& visit) {
  ForEachWindow(range, [&](const StoredWindow& window) {
    HostRecord record;
    TakeRows(1);
    const ReadResult result = window.Find(host, record);
    if (result == ReadResult::kDamaged) {
      ++cost_.damaged;
    } else {
      visit(window, result == ReadResult::kFound ? &record : nullptr);
    }
  });
}

void Query::ForNetwork(const WindowRange& range, const Prefix& prefix, const NetworkVisitor& visit) {
  ForEachWindow(range, [&](const StoredWindow& window) {
    NetworkRecord record;
    TakeRows(1);
    const ReadResult result = window.FindNetwork(prefix, record);
    if (result == ReadResult::kDamaged) {
      ++cost_.damaged;
    } else {
      visit(window, result == ReadResult::kFound ? &record : nullptr);
    }
  });
}

void Query::ForPrefix(const WindowRange& range, const Prefix& prefix, const NetworkVisitor& visit) {
  ForEachWindow(range, [&](const StoredWindow& window) {
    NetworkRecord sum;
    sum.prefix = prefix;
    Totals sent;
    Totals received;
    Scan(window, prefix, [&](const HostRecord& record) {
      ++sum.hosts;
      sent.Add(record.sent);
      received.Add(record.received);
    });
    sum.sent = sent.figures;
    sum.received = received.figures;
    visit(window, sum.hosts == 0 ? nullptr : &sum);
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
    Scan(window, prefix, [&](const HostRecord& record) {
      const aggregator::RoleFigures& figures = RoleOf(record, role);
      if (figures.flows == 0) return;
      std::uint32_t& place = places[static_cast<std::uint32_t>(NumberOf(record.host) >> shift) & mask];
      if (place == kNone) {
        place = static_cast<std::uint32_t>(totals.size());
        totals.emplace_back();
      }
      totals[place].Add(figures);
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
      if (choice.within && !IsInside(record.prefix, *choice.within)) return true;
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

}  // namespace hostscope::exporter
