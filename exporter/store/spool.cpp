#include "exporter/store/spool.h"

#include <algorithm>
#include <utility>

namespace hostscope::exporter {

Spool::Spool(std::string name, std::string folder, std::uint64_t max_bytes, bool is_fed, FileSystem& fs,
             const LogFunction& log)
    : name_(std::move(name)),
      folder_(std::move(folder)),
      max_bytes_(max_bytes),
      is_fed_(is_fed),
      fs_(fs),
      log_(log) {}

void Spool::Add(Unsent unsent) {
  {
    const std::lock_guard lock(mutex_);
    counts_.bytes += unsent.bytes;
    counts_.rows += unsent.rows;
    if (unsent.in_memory != nullptr) ++in_memory_;
    windows_.emplace(unsent.id, std::move(unsent));
    while (in_memory_ > kMaxInMemory) {
      const auto oldest = OldestIdleAt(true);
      if (oldest == windows_.end()) break;
      DropAt(oldest, "the disk takes no windows and memory holds only a few");
    }
    while (counts_.bytes > max_bytes_) {
      const auto oldest = OldestIdleAt(false);
      // The newest is kept even where it is larger than the cap by itself.
      if (oldest == windows_.end() || std::next(oldest) == windows_.end()) break;
      DropAt(oldest, "its spool is full");
    }
  }
  changed_.notify_all();
}

bool Spool::WaitFor(std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, timeout, [this] { return is_closed_ || !windows_.empty(); });
}

std::optional<Unsent> Spool::Next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return is_closed_ || !windows_.empty(); });
  if (is_closed_) return std::nullopt;
  in_flight_ = windows_.begin()->first;
  return windows_.begin()->second;
}

void Spool::Acknowledge(const WindowId& id) {
  const std::lock_guard lock(mutex_);
  in_flight_.reset();
  ++counts_.acknowledged;
  const auto at = windows_.find(id);
  if (at == windows_.end()) return;
  // Not synced: if the link comes back after a power failure, the sink gets the window again.
  RemoveLink(at->second);
  Take(at, false);
}

void Spool::Release(const WindowId& id) {
  const std::lock_guard lock(mutex_);
  if (in_flight_ == id) in_flight_.reset();
}

void Spool::Close() {
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
  }
  changed_.notify_all();
}

std::optional<WindowId> Spool::OldestIdle() const {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, unsent] : windows_) {
    if (id != in_flight_ && unsent.in_memory == nullptr) return id;
  }
  return std::nullopt;
}

bool Spool::Contains(const WindowId& id) const {
  const std::lock_guard lock(mutex_);
  return windows_.contains(id);
}

void Spool::Drop(const WindowId& id, const std::string& why) {
  const std::lock_guard lock(mutex_);
  const auto at = windows_.find(id);
  if (at != windows_.end() && in_flight_ != id) DropAt(at, why);
}

void Spool::Forget(const WindowId& id) {
  const std::lock_guard lock(mutex_);
  const auto at = windows_.find(id);
  if (in_flight_ == id) in_flight_.reset();
  if (at != windows_.end()) Take(at, true);
}

void Spool::DropInMemory() {
  const std::lock_guard lock(mutex_);
  in_flight_.reset();
  for (auto at = OldestIdleAt(true); at != windows_.end(); at = OldestIdleAt(true))
    DropAt(at, "it was only in memory, and the program ends");
}

std::optional<unsigned> Spool::LastPart(const aggregator::WindowSpan& span) const {
  const std::lock_guard lock(mutex_);
  std::optional<unsigned> last;
  for (auto at = windows_.lower_bound({span, 0}); at != windows_.end() && at->first.span == span; ++at)
    last = at->first.part;
  return last;
}

SpoolStatus Spool::status() const {
  const std::lock_guard lock(mutex_);
  SpoolStatus status = counts_;
  status.windows = windows_.size();
  if (!windows_.empty()) status.oldest_end = windows_.begin()->first.span.end();
  return status;
}

Spool::Windows::iterator Spool::OldestIdleAt(bool only_in_memory) {
  return std::find_if(windows_.begin(), windows_.end(), [&](const auto& entry) {
    return entry.first != in_flight_ && (!only_in_memory || entry.second.in_memory != nullptr);
  });
}

void Spool::Take(Windows::iterator at, bool is_dropped) {
  const Unsent& unsent = at->second;
  counts_.bytes -= unsent.bytes;
  counts_.rows -= unsent.rows;
  if (unsent.in_memory != nullptr) --in_memory_;
  if (is_dropped) {
    ++counts_.dropped_windows;
    counts_.dropped_rows += unsent.rows;
    counts_.dropped_networks += unsent.networks;
    counts_.dropped_events += unsent.events;
  }
  windows_.erase(at);
}

void Spool::DropAt(Windows::iterator at, const std::string& why) {
  log_(name_ + ": " + Describe(at->first) + " was dropped unsent, with " + std::to_string(at->second.rows) +
       " host records: " + why);
  RemoveLink(at->second);
  Take(at, true);
}

void Spool::RemoveLink(const Unsent& unsent) {
  if (unsent.in_memory != nullptr) return;
  const std::error_code error = fs_.Remove(PathOf(unsent.id));
  if (error) log_(PathOf(unsent.id) + ": can't be removed: " + error.message());
}

}  // namespace hostscope::exporter
