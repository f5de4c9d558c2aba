#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "aggregator/host_record.h"
#include "aggregator/host_tops.h"
#include "aggregator/network_record.h"
#include "aggregator/network_set.h"
#include "aggregator/sketch.h"
#include "ipfix/flow_record.h"

namespace hostscope::aggregator {

struct HostTableOptions {
  std::size_t max_hosts = 1'000'000;      ///< beyond it, further hosts go to their network's `other` record
  std::size_t sketch_bytes = 256u << 20;  ///< pool for distinct counts that outgrow a host's slot
  std::uint64_t hash_key = 0;             ///< random per start, the same for all tables that are ever merged
  TopOptions top;                         ///< the same for all tables that are ever merged
};

/// The distinct counts of a host record from elsewhere; nothing: only the figure is known.
struct RoleSketches {
  std::optional<Sketch> peers;
  std::optional<Sketch> src_ports;
  std::optional<Sketch> dst_ports;
};
struct RecordSketches {
  RoleSketches sent;
  RoleSketches received;
};

/// What became of a host record from elsewhere.
enum class RecordFate : std::uint8_t {
  kAdded,
  kOverflowed,   ///< the table was full: it is in its network's `other` record
  kRepeated,     ///< there is one of that host already, which stays as it is
  kUnmonitored,  ///< the host is in no monitored network, or that of the `other` record is not monitored
};

class NetworkTotals;
/// Is shown the totals of each finished prefix, which hold until it returns; false ends it.
using TotalsVisitor = std::function<bool(const NetworkTotals&)>;

/// The hosts of one window, on one worker or merged. One thread at a time; nothing is allocated after
/// construction, and memory is reserved for max_hosts but touched only as hosts come.
class HostTable {
 public:
  /// Throws std::system_error where memory can't be reserved.
  HostTable(const HostTableOptions& options, const NetworkSet& networks);
  ~HostTable();
  HostTable(const HostTable&) = delete;
  HostTable& operator=(const HostTable&) = delete;

  static constexpr int kAnyNode = -1;
  /// NUMA node of the worker that fills it: the kernel takes pages from where they are touched first. It is a
  /// mark for who hands tables out; kAnyNode: nobody's yet.
  void SetNode(int node) noexcept;
  int node() const noexcept;

  struct UpdateResult {
    std::uint64_t flows = 0;    ///< records with at least one monitored address
    std::uint64_t packets = 0;  ///< of these
    std::uint64_t bytes = 0;
    std::uint64_t scaled = 0;
    std::uint64_t unmonitored = 0;  ///< records with none
  };
  /// Counts the records for every host of theirs that is monitored. Any number of records; they are worked
  /// off in chunks whose memory is prefetched together, so many at a time are cheaper than one.
  UpdateResult Update(std::span<const FlowRecord> records) noexcept;

  /// Adds all that `from` holds, which must have the same networks, hash key and top lists: sums add,
  /// sketches and top lists unite.
  void Unite(const HostTable& from) noexcept;
  /// Adds a host's record that was counted elsewhere, of the same window. Its network is what this table's
  /// networks say. No figure of a role is larger than its `flows`, but packets, bytes, durations and
  /// distinct counts. An `other` record adds to what is there; whoever can have it twice must know. Allocates
  /// once, some 512 KiB for all tables.
  RecordFate Add(const HostRecord& record, const RecordSketches& sketches);
  /// As new, but keeps its memory. Costs what was used, not what was reserved.
  void Clear() noexcept;

  std::size_t hosts() const noexcept;
  std::size_t other_hosts() const noexcept;  ///< networks with an `other` record
  bool empty() const noexcept { return hosts() + other_hosts() == 0; }
  /// Times that a flow record, or in Unite() a host, went to an `other` record, since the last Clear().
  std::uint64_t overflows() const noexcept;
  /// Distinct counts that stopped growing because the sketch pool was exhausted, since the last Clear().
  std::uint64_t saturated() const noexcept;

  /// Of the sketch pool, since the last Clear().
  std::size_t sketch_bytes() const noexcept;

  /// Brings the records in order: hosts by address, then `other` records by prefix. No Update() or Unite()
  /// until the next Clear() unless Sort() is called again before the next RecordAt().
  void Sort();
  /// The i-th record in that order, i < hosts() + other_hosts(). Any number of threads, once sorted.
  HostRecord RecordAt(std::size_t i) const noexcept;
  /// One of its distinct counts.
  Sketch SketchAt(std::size_t i, Role role, DistinctFigure figure) const;
  /// The same as bytes, in the form of sketch_bytes.h: at most kMaxSketchBytes to `out`. Returns how many; 0
  /// where the pool had no memory for it and only a number is left.
  std::size_t WriteSketchAt(std::size_t i, Role role, DistinctFigure figure,
                            std::uint8_t* out) const noexcept;

  /// Rolls the hosts up into networks; order and cost as ClosedWindow::ForEachNetwork(). Any number of
  /// threads, once sorted.
  void ForEachNetwork(const NetworkLevels& levels, const TotalsVisitor& visit) const;
  std::uint64_t CountNetworks(const NetworkLevels& levels) const;

  /// What a table of these options takes at most, in bytes: every host with both roles busy and IPv6
  /// peers in its top lists, and the sketch pool full. What a host usually takes is said in host_slot.h.
  static std::size_t MaxMemory(const HostTableOptions& options, const NetworkSet& networks) noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hostscope::aggregator
