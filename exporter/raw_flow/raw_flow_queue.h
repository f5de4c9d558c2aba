#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ipfix/counter.h"
#include "ipfix/flow_tap.h"

namespace hostscope::exporter {

/// The way of copied flow records from one worker to the thread that publishes them: a ring with one producer
/// and one consumer, all of it taken at construction. What finds no room is dropped and counted; the worker
/// never waits.
///
/// Records lie in the ring themselves and not in blocks that a ring of pointers hands over: a batch is copied
/// once, made known by one store, and however small it is it takes no more room than its records.
class RawFlowQueue final : public FlowTap {
 public:
  /// `capacity` records, rounded up to a power of two; 80 bytes each.
  explicit RawFlowQueue(std::size_t capacity);

  /// The worker's side.
  void Take(std::span<const FlowRecord> records, std::span<const FlowTimes> times) noexcept override;

  /// Records that follow each other in the queue and in memory.
  struct Piece {
    std::span<const FlowRecord> records;
    std::span<const FlowTimes> times;
  };

  // The publisher's side.

  /// The oldest, up to `max` of them; empty where there are none. They stay as they are until Pop().
  Piece Front(std::size_t max) noexcept;
  /// Gives the oldest `count` of Front() back.
  void Pop(std::size_t count) noexcept;

  // Any thread.

  std::uint64_t taken() const noexcept { return taken_.Get(); }
  std::uint64_t dropped() const noexcept { return dropped_.Get(); }
  std::size_t waiting() const noexcept;
  std::size_t capacity() const noexcept { return records_.size(); }

 private:
  void CopyIn(std::span<const FlowRecord> records, std::span<const FlowTimes> times) noexcept;
  std::size_t PlaceOf(std::uint64_t index) const noexcept { return index & (records_.size() - 1); }

  std::vector<FlowRecord> records_;
  std::vector<FlowTimes> times_;
  // Indices only grow. What one side writes is in lines that the other does not write.
  alignas(64) std::uint64_t written_ = 0;  ///< worker
  std::uint64_t read_seen_ = 0;            ///< worker: read_published_ when it last looked
  Counter taken_;
  Counter dropped_;
  alignas(64) std::atomic<std::uint64_t> written_published_{0};
  alignas(64) std::uint64_t read_ = 0;  ///< publisher
  std::uint64_t written_seen_ = 0;      ///< publisher: written_published_ when it last looked
  alignas(64) std::atomic<std::uint64_t> read_published_{0};
};

}  // namespace hostscope::exporter
