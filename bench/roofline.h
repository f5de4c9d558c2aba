#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "aggregator/host_table.h"
#include "aggregator/mapped_memory.h"
#include "aggregator/network_set.h"
#include "bench/export_stream.h"

namespace hostscope::bench {

/// The least that counting a stream can cost: a loop that touches the cache lines that the host table
/// touches, in the same order and prefetched in the same blocks, adds one to each, and does nothing else. No
/// decoding, no hashing, no look-up, no comparison: which lines is a list made beforehand. The list takes the
/// place of the datagrams, of which it has the length within a few bytes.
///
/// Sketches are those at the window's end; early in a window the real ones are smaller.
class Roofline {
 public:
  Roofline(const ExportStream& stream, const aggregator::HostTableOptions& options,
           const aggregator::NetworkSet& networks);

  /// One pass over the stream. Returns something that depends on it.
  std::uint64_t TouchAll() noexcept;

  /// Of index, slots and sketches.
  double lines_per_record() const noexcept;

 private:
  static constexpr std::size_t kSketches = 3;
  static constexpr std::uint32_t kNone = 0xffffffffU;
  /// What one record touches for one of its two hosts: numbers of cache lines.
  struct Touch {
    std::uint32_t index = kNone;  ///< kNone: this host is not monitored
    std::uint32_t slot = 0;       ///< this one and the next
    std::array<std::uint32_t, kSketches> sketches{kNone, kNone, kNone};
  };
  struct alignas(64) Line {
    std::uint64_t words[8];
  };
  class Builder;

  void TouchBatch(const Touch* touches, std::size_t count) noexcept;

  std::vector<Touch> touches_;  ///< two for each record
  aggregator::MappedArray<Line> index_;
  aggregator::MappedArray<Line> slots_;
  aggregator::MappedArray<Line> sketches_;
};

}  // namespace hostscope::bench
