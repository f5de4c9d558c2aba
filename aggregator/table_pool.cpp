#include "aggregator/table_pool.h"

#include <utility>

namespace hostscope::aggregator {

TablePool::TablePool(std::size_t tables, const HostTableOptions& options, const NetworkSet& networks)
    : options_(options), networks_(networks), all_(tables) {
  free_.reserve(tables);
  for (std::size_t i = 0; i < tables; ++i) free_.push_back(std::make_unique<HostTable>(options, networks));
}

std::unique_ptr<HostTable> TablePool::Take(std::size_t keep) {
  const std::lock_guard lock(mutex_);
  if (free_.size() <= keep) return nullptr;
  // The one used last: its memory has pages already, and some of it may be in a cache.
  std::unique_ptr<HostTable> table = std::move(free_.back());
  free_.pop_back();
  return table;
}

void TablePool::Return(std::unique_ptr<HostTable> table) {
  {
    const std::lock_guard lock(mutex_);
    if (is_closed_) return;
  }
  table->Clear();
  const std::lock_guard lock(mutex_);
  if (extra_ > 0) {
    --extra_;
  } else {
    free_.push_back(std::move(table));
  }
}

std::unique_ptr<HostTable> TablePool::MakeExtra() {
  auto table = std::make_unique<HostTable>(options_, networks_);
  const std::lock_guard lock(mutex_);
  ++extra_;
  return table;
}

TableCounts TablePool::counts() const {
  const std::lock_guard lock(mutex_);
  return {all_ + extra_, free_.size()};
}

void TablePool::Close() {
  const std::lock_guard lock(mutex_);
  is_closed_ = true;
}

}  // namespace hostscope::aggregator
