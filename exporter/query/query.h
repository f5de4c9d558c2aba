#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "aggregator/sketch.h"
#include "exporter/query/metric.h"
#include "exporter/query/window_source.h"

namespace hostscope::exporter {

/// What one query may cost. Past it there is an error that says how to ask for less, before the work is done.
struct QueryLimits {
  std::size_t windows = 3000;     ///< that are opened; a host's record in one takes about 0.05 ms
  std::size_t rows = 10'000'000;  ///< host and network records that are decoded; about 8 million a second
  unsigned depth = 16;            ///< bits below a tile's prefix: 65,536 cells
  std::size_t records = 1000;     ///< in one answer, of different hosts or networks
};

/// What a query has read.
struct QueryCost {
  std::size_t windows = 0;
  std::size_t rows = 0;
  std::size_t damaged = 0;  ///< windows that were left out because their file is damaged
};

enum class QueryFault : std::uint8_t {
  kWrongRequest,  ///< what was asked for makes no sense
  kNotFound,      ///< there is no such window
  kTooMuch,       ///< it would cost more than QueryLimits
  kDamaged,       ///< the window's file is not what was written
};

/// Why a query has no answer, in words for whoever asked.
class QueryError : public std::runtime_error {
 public:
  QueryError(QueryFault fault, const std::string& message) : std::runtime_error(message), fault_(fault) {}
  QueryFault fault() const noexcept { return fault_; }

 private:
  QueryFault fault_;
};

/// Windows of one length that overlap [from, to).
struct WindowRange {
  std::int64_t length_ns = 0;
  ReceiveTime from;
  ReceiveTime to;
};

/// The cells of a prefix that had traffic: its sub-prefixes that are `depth` bits longer. A cell's number is
/// these bits, so cells in order of their numbers are in address order; where the length of the prefix is
/// even that is also Z-order over a square.
struct Tile {
  std::vector<std::uint32_t> cells;  ///< ascending
  std::vector<Totals> totals;        ///< of each
};

struct TopHost {
  aggregator::WindowSpan span;
  bool is_partial = false;
  aggregator::HostRecord record;
};
struct TopNetwork {
  aggregator::WindowSpan span;
  bool is_partial = false;
  aggregator::NetworkRecord record;
};

struct FoundAnomaly {
  aggregator::WindowSpan span;  ///< of the newest record of it
  aggregator::ProfileEvent event;
};

/// Which anomalies: all that it says.
struct AnomalyChoice {
  std::optional<Prefix> within;
  std::optional<aggregator::DeviationKind> kind;
  std::optional<bool> is_open;  ///< whether its newest record does not close it
};

/// Which network records: of one level, or of the monitored networks.
struct NetworkChoice {
  std::optional<unsigned> level;  ///< length as written, of both families
  std::optional<Prefix> within;   ///< only those inside it
};

/// One question to the windows. Everything that it reads counts against its limits, and is in cost(). Methods
/// throw QueryError. A window that is gone by the time it is read is left out: retention and readers do not
/// wait for each other. So is a damaged one where one record of each is read; sums with one fail. One thread,
/// which has others help where one record of each of many windows is read.
class Query {
 public:
  Query(WindowSource& source, const QueryLimits& limits) : source_(source), limits_(limits) {}

  /// The newest window of that length, or what is stored of it if in parts.
  WindowRange Newest(std::int64_t length_ns) const;

  using WindowVisitor = std::function<void(const StoredWindow& window)>;
  /// Opens each window of a range, in order.
  void ForEachWindow(const WindowRange& range, const WindowVisitor& visit);

  /// Is shown every window of the range, with the host's record in it or null.
  using HostVisitor = std::function<void(const StoredWindow& window, const aggregator::HostRecord* record)>;
  void ForHost(const WindowRange& range, const Address& host, const HostVisitor& visit);

  /// The same for a prefix that is a monitored network or a configured level.
  using NetworkVisitor =
      std::function<void(const StoredWindow& window, const aggregator::NetworkRecord* record)>;
  void ForNetwork(const WindowRange& range, const Prefix& prefix, const NetworkVisitor& visit);

  /// The same for any prefix, from its hosts: sums, and of distinct counts the largest of one host. Of a
  /// window without any of them: null.
  void ForPrefix(const WindowRange& range, const Prefix& prefix, const NetworkVisitor& visit);

  Tile ReadTile(const WindowRange& range, const Prefix& prefix, unsigned depth, aggregator::Role role);

  /// The hosts of a prefix with most of a metric in one role, most first, of equal ones by address; those
  /// without a flow in it are left out. A window in parts has a record of each.
  /// Without a prefix: of all.
  std::vector<TopHost> TopHosts(const WindowRange& range, const std::optional<Prefix>& prefix, Metric metric,
                                aggregator::Role role, std::size_t count);
  std::vector<TopNetwork> TopNetworks(const WindowRange& range, const NetworkChoice& choice, Metric metric,
                                      aggregator::Role role, std::size_t count);

  /// Anomalies of which there is a record in the range, each with its newest, newest first, of equal ones the
  /// highest score first. Cheap: windows are opened, and no host is read.
  std::vector<FoundAnomaly> Anomalies(const WindowRange& range, const AnomalyChoice& choice,
                                      std::size_t count);

  const QueryCost& cost() const noexcept { return cost_; }

 private:
  std::vector<WindowInfo> WindowsOf(const WindowRange& range) const;
  template <typename Record>
  void ForOneRecord(const WindowRange& range,
                    const std::function<ReadResult(const StoredWindow&, Record&)>& read,
                    const std::function<void(const StoredWindow& window, const Record* record)>& visit);
  void TakeRows(std::size_t rows);
  void Scan(const StoredWindow& window, const std::optional<Prefix>& prefix,
            const std::function<void(const aggregator::HostRecord&)>& visit);
  void SumUp(const StoredWindow& window, const Prefix& prefix, unsigned length,
             const std::function<void(const PrefixTotals&)>& visit);

  WindowSource& source_;
  QueryLimits limits_;
  QueryCost cost_;
};

inline const aggregator::RoleFigures& RoleOf(const aggregator::HostRecord& record,
                                             aggregator::Role role) noexcept {
  return role == aggregator::Role::kSent ? record.sent : record.received;
}
inline const aggregator::RoleFigures& RoleOf(const aggregator::NetworkRecord& record,
                                             aggregator::Role role) noexcept {
  return role == aggregator::Role::kSent ? record.sent : record.received;
}

}  // namespace hostscope::exporter
