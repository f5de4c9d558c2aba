#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "aggregator/host_table.h"
#include "aggregator/merger.h"

namespace hostscope::aggregator {

/// All tables of a merger. Tables go out clean and come back used, on whatever thread the last reader of a
/// window lets go; that thread cleans them. Shared by the merger and by the closed windows that may outlive
/// it.
class TablePool {
 public:
  TablePool(std::size_t tables, const HostTableOptions& options, const NetworkSet& networks);

  /// A clean table, or null when no more than `keep` are free: of this NUMA node if one is free that is, or
  /// can be. Any thread.
  std::unique_ptr<HostTable> Take(std::size_t keep, int node = HostTable::kAnyNode);
  /// Any thread.
  void Return(std::unique_ptr<HostTable> table);
  /// A table beyond the pool's number. It is destroyed when one comes back.
  std::unique_ptr<HostTable> MakeExtra();
  /// Any thread.
  TableCounts counts() const;
  /// Nobody takes tables any more: those that come back from now on are not cleaned but destroyed.
  void Close();

 private:
  const HostTableOptions options_;
  const NetworkSet networks_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<HostTable>> free_;
  std::size_t all_;
  std::size_t extra_ = 0;
  bool is_closed_ = false;
};

/// A sorted table that closed windows show. The merging thread holds it while a longer window still needs it,
/// and may take it back for that when no window shows it any more.
class SharedTable {
 public:
  SharedTable(std::unique_ptr<HostTable> table, std::shared_ptr<TablePool> pool)
      : table_(std::move(table)), pool_(std::move(pool)) {}
  ~SharedTable() {
    if (table_ != nullptr) pool_->Return(std::move(table_));
  }
  SharedTable(const SharedTable&) = delete;
  SharedTable& operator=(const SharedTable&) = delete;

  const HostTable& table() const noexcept { return *table_; }

  /// Readers are closed windows. Only the merging thread adds them.
  void AddReader() noexcept { readers_.fetch_add(1, std::memory_order_relaxed); }
  void RemoveReader() noexcept { readers_.fetch_sub(1, std::memory_order_release); }
  bool HasReaders() const noexcept { return readers_.load(std::memory_order_acquire) != 0; }

  /// Merging thread, sole owner, no readers.
  std::unique_ptr<HostTable> TakeBack() noexcept { return std::move(table_); }

 private:
  std::unique_ptr<HostTable> table_;
  std::shared_ptr<TablePool> pool_;
  std::atomic<int> readers_{0};
};

}  // namespace hostscope::aggregator
