#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "exporter/store/store.h"
#include "exporter/store/window_id.h"

namespace hostscope::exporter {

/// Which windows there are, and how large. Thread-safe.
class WindowCatalog {
 public:
  void Add(const WindowId& id, std::uint64_t bytes);
  /// Its size, or nothing where it was not there.
  std::optional<std::uint64_t> Remove(const WindowId& id);

  std::vector<std::int64_t> Lengths() const;
  /// Windows of one length that overlap [from, to), in order.
  std::vector<WindowInfo> List(std::int64_t length_ns, ReceiveTime from, ReceiveTime to) const;
  /// The highest part of that window, if there is one.
  std::optional<unsigned> LastPart(const aggregator::WindowSpan& span) const;
  /// The newest window of that length.
  std::optional<WindowId> Newest(std::int64_t length_ns) const;
  /// Size of the newest window of that length; 0 if there is none.
  std::uint64_t NewestBytes(std::int64_t length_ns) const;
  /// The oldest of all lengths for which `is_wanted` says so.
  std::optional<WindowId> Oldest(const std::function<bool(const WindowId&)>& is_wanted) const;
  /// Of each length the windows that its retention does not keep when `newest` is stored.
  std::vector<WindowId> Expired(const WindowId& newest,
                                const std::function<Retention(std::int64_t length_ns)>& retention_of) const;

  std::uint64_t windows() const;
  std::uint64_t bytes() const;

 private:
  using Windows = std::map<WindowId, std::uint64_t>;  // bytes
  struct Level {
    Windows windows;
    std::uint64_t bytes = 0;
  };

  mutable std::mutex mutex_;
  std::map<std::int64_t, Level> levels_;  // by length
};

}  // namespace hostscope::exporter
