#include "aggregator/table_pool.h"

#include <algorithm>
#include <utility>

namespace hostscope::aggregator {

TablePool::TablePool(std::size_t tables, const HostTableOptions& options, const NetworkSet& networks)
    : options_(options), networks_(networks), all_(tables) {
  free_.reserve(tables);
  for (std::size_t i = 0; i < tables; ++i) free_.push_back(std::make_unique<HostTable>(options, networks));
}

std::unique_ptr<HostTable> TablePool::Take(std::size_t keep, int node) {
  const std::lock_guard lock(mutex_);
  if (free_.size() <= keep) return nullptr;
  // The one used last: its memory has pages already, and some of it may be in a cache.
  auto at = free_.end() - 1;
  if (node != HostTable::kAnyNode) {
    const auto last_of = [&](int wanted) {
      const auto found = std::find_if(free_.rbegin(), free_.rend(),
                                      [&](const auto& table) { return table->node() == wanted; });
      return found == free_.rend() ? free_.end() : found.base() - 1;
    };
    auto near = last_of(node);
    if (near == free_.end()) near = last_of(HostTable::kAnyNode);
    if (near != free_.end()) at = near;
  }
  std::unique_ptr<HostTable> table = std::move(*at);
  free_.erase(at);
  if (table->node() == HostTable::kAnyNode && node != HostTable::kAnyNode) table->SetNode(node);
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
