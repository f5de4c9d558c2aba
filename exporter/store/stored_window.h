#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "aggregator/closed_window.h"
#include "exporter/store/prefix_totals.h"
#include "exporter/store/sketch_block.h"
#include "exporter/store/window_format.h"

namespace hostscope::exporter {

class StoredWindow;

struct OpenedWindow {
  std::shared_ptr<const StoredWindow> window;
  std::string problem;      ///< empty if there is a window
  bool is_damaged = false;  ///< what is wrong is in the file itself, not with reading it
};

enum class ReadResult : std::uint8_t { kFound, kNone, kDamaged };

/// A window file (window_format.h) that is read where it is asked for: header and tail at opening, a block
/// when a record of it is wanted. Any number of threads. The file may lose its name meanwhile.
///
/// Read with pread(2), not mapped: a bad sector or a file that somebody cut is then an error of one read and
/// not a SIGBUS that ends the program, and a block is copied once for 2,048 records.
///
/// Cost, where the file is in the page cache: see docs/store.md. At() from front to back decodes each block
/// once; from several threads at different places each may decode anew, so a thread of its own opens its own.
class StoredWindow final : public aggregator::ClosedWindow {
 public:
  static OpenedWindow Open(const std::string& path);
  /// Of an open file, which becomes the window's.
  static OpenedWindow OpenDescriptor(int fd);
  ~StoredWindow() override;
  StoredWindow(const StoredWindow&) = delete;
  StoredWindow& operator=(const StoredWindow&) = delete;

  aggregator::WindowSpan span() const noexcept override { return span_; }
  bool partial() const noexcept override { return is_partial_; }
  const aggregator::WindowSummary& summary() const noexcept override { return tail_.summary; }
  std::size_t size() const noexcept override { return tail_.rows(); }
  /// Where the block can't be read: an empty record, and is_damaged() from then on.
  aggregator::HostRecord At(std::size_t i) const noexcept override;
  /// Where sketches were not stored, there are none. A block that can't be read is as with At().
  std::size_t WriteSketch(std::size_t i, aggregator::Role role, aggregator::DistinctFigure figure,
                          std::uint8_t* out) const noexcept override;
  /// Those that were stored: of `levels`, the ones that were known when the window was written. Reads them
  /// block by block, and ends with is_damaged() where one can't be read.
  void ForEachNetwork(const aggregator::NetworkLevels& levels,
                      const aggregator::NetworkVisitor& visit) const override;
  std::uint64_t CountNetworks(const aggregator::NetworkLevels& levels) const noexcept override {
    return tail_.network_counts.Wanted(levels);
  }
  /// As ForEachNetwork().
  std::vector<aggregator::ProfileEvent> Events() const override;
  std::uint64_t CountEvents() const noexcept override { return RowsOf(tail_.event_blocks); }
  const NetworkCounts& network_counts() const noexcept { return tail_.network_counts; }

  std::uint64_t file_bytes() const noexcept { return file_bytes_; }
  /// Something that was read did not have its checksum.
  bool is_damaged() const noexcept { return is_damaged_.load(std::memory_order_relaxed); }

  /// Reads every block and compares its checksum. What is wrong, or an empty string.
  std::string Verify() const;

  /// One host: a binary search in the index, one part of a block.
  ReadResult Find(const Address& host, aggregator::HostRecord& record) const;

  /// Every host of a prefix in address order: a binary search in the index, then the blocks that hold any.
  ReadResult Scan(const Prefix& prefix,
                  const std::function<void(const aggregator::HostRecord&)>& visit) const;
  /// Every host, in address order.
  ReadResult ScanAll(const std::function<void(const aggregator::HostRecord&)>& visit) const;
  /// How many rows Scan() decodes at most: those of all blocks that may hold a host of the prefix.
  std::size_t RowsToScan(const Prefix& prefix) const;

  /// What the hosts of a prefix had, in address order and in pieces of which each lies within one prefix of
  /// `length` bits, of 128 and not fewer than the prefix has: entries of the shortest level of the overview
  /// that is long enough, or, where none is, hosts.
  ReadResult SumUp(const Prefix& prefix, unsigned length,
                   const std::function<void(const PrefixTotals&)>& visit) const;
  /// How many entries or rows SumUp() decodes at most.
  std::size_t RowsToSumUp(const Prefix& prefix, unsigned length) const;

  /// The network record of one prefix, if one was stored: a binary search, a block for each step.
  ReadResult FindNetwork(const Prefix& prefix, aggregator::NetworkRecord& record) const;

 private:
  explicit StoredWindow(int fd) : fd_(fd) {}
  std::string ReadFrame();
  bool ReadBlock(const BlockEntry& block, std::string& bytes) const;
  bool ReadColumns(const BlockEntry& block, std::string& columns) const;
  bool ReadRange(const BlockEntry& block, const Address& first, const Address& last,
                 const std::function<void(const aggregator::HostRecord&)>& visit) const;
  bool ReadAll(const BlockEntry& block, std::vector<aggregator::HostRecord>& records) const;
  bool ReadNetworks(const BlockEntry& block, std::vector<aggregator::NetworkRecord>& records) const;
  bool ReadSketches(const BlockEntry& block) const;
  std::span<const BlockEntry> HostBlocks() const;
  const OverviewLevel* LevelFor(const Prefix& prefix, unsigned length) const;
  bool NoteDamage() const noexcept;

  int fd_;
  std::uint64_t file_bytes_ = 0;
  aggregator::WindowSpan span_;
  bool is_partial_ = false;
  WindowTail tail_;
  mutable std::atomic<bool> is_damaged_{false};

  // Guards what follows: the blocks that At() and WriteSketch() read last, and their first rows.
  mutable std::mutex mutex_;
  mutable std::size_t first_row_ = 0;
  mutable std::vector<aggregator::HostRecord> records_;
  mutable std::size_t first_sketched_row_ = 0;
  mutable SketchBlock sketches_;
};

}  // namespace hostscope::exporter
