#include "exporter/store/window_catalog.h"

#include <iterator>
#include <set>

namespace hostscope::exporter {

void WindowCatalog::Add(const WindowId& id, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  Level& level = levels_[id.span.length_ns];
  level.windows.emplace(id, bytes);
  level.bytes += bytes;
}

std::optional<std::uint64_t> WindowCatalog::Remove(const WindowId& id) {
  const std::lock_guard lock(mutex_);
  Level& level = levels_[id.span.length_ns];
  const auto at = level.windows.find(id);
  if (at == level.windows.end()) return std::nullopt;
  const std::uint64_t bytes = at->second;
  level.windows.erase(at);
  level.bytes -= bytes;
  return bytes;
}

std::vector<std::int64_t> WindowCatalog::Lengths() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::int64_t> lengths;
  for (const auto& [length, level] : levels_) {
    if (!level.windows.empty()) lengths.push_back(length);
  }
  return lengths;
}

std::vector<WindowInfo> WindowCatalog::List(std::int64_t length_ns, ReceiveTime from, ReceiveTime to) const {
  const std::lock_guard lock(mutex_);
  std::vector<WindowInfo> list;
  const auto level = levels_.find(length_ns);
  if (level == levels_.end()) return list;
  const Windows& windows = level->second.windows;
  // Of one length, order by end is order by start.
  const WindowId first{{ReceiveTime{from.ns - length_ns + 1}, length_ns}, 0};
  for (auto at = windows.lower_bound(first); at != windows.end() && at->first.span.start < to; ++at)
    list.push_back({at->first, at->second});
  return list;
}

std::optional<unsigned> WindowCatalog::LastPart(const aggregator::WindowSpan& span) const {
  const std::lock_guard lock(mutex_);
  std::optional<unsigned> last;
  const auto level = levels_.find(span.length_ns);
  if (level == levels_.end()) return last;
  const Windows& windows = level->second.windows;
  for (auto at = windows.lower_bound({span, 0}); at != windows.end() && at->first.span == span; ++at)
    last = at->first.part;
  return last;
}

std::optional<WindowId> WindowCatalog::Newest(std::int64_t length_ns) const {
  const std::lock_guard lock(mutex_);
  const auto level = levels_.find(length_ns);
  if (level == levels_.end() || level->second.windows.empty()) return std::nullopt;
  return level->second.windows.rbegin()->first;
}

std::uint64_t WindowCatalog::NewestBytes(std::int64_t length_ns) const {
  const std::lock_guard lock(mutex_);
  const auto level = levels_.find(length_ns);
  if (level == levels_.end() || level->second.windows.empty()) return 0;
  return level->second.windows.rbegin()->second;
}

std::optional<WindowId> WindowCatalog::Oldest(const std::function<bool(const WindowId&)>& is_wanted) const {
  std::set<WindowId> ids;  // asked without the lock
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [length, level] : levels_) {
      for (const auto& [id, bytes] : level.windows) ids.insert(id);
    }
  }
  for (const WindowId& id : ids) {
    if (is_wanted(id)) return id;
  }
  return std::nullopt;
}

std::vector<WindowId> WindowCatalog::Expired(
    const WindowId& newest, const std::function<Retention(std::int64_t)>& retention_of) const {
  const std::lock_guard lock(mutex_);
  std::vector<WindowId> expired;
  for (const auto& [length, level] : levels_) {
    const Retention retention = retention_of(length);
    std::uint64_t bytes = level.bytes;
    for (auto at = level.windows.begin(); at != level.windows.end(); ++at) {
      const bool is_old =
          retention.max_age_ns != 0 && at->first.span.end().ns < newest.span.end().ns - retention.max_age_ns;
      const bool is_much = bytes > retention.max_bytes && std::next(at) != level.windows.end();
      if (!is_old && !is_much) break;
      expired.push_back(at->first);
      bytes -= at->second;
    }
  }
  return expired;
}

std::uint64_t WindowCatalog::windows() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t windows = 0;
  for (const auto& [length, level] : levels_) windows += level.windows.size();
  return windows;
}

std::uint64_t WindowCatalog::bytes() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t bytes = 0;
  for (const auto& [length, level] : levels_) bytes += level.bytes;
  return bytes;
}

}  // namespace hostscope::exporter
