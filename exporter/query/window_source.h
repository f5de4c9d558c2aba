#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "exporter/store/store.h"

namespace hostscope::exporter {

/// Closed windows that can be read: those of a store, or the last ones in memory (memory_windows.h).
/// Thread-safe.
class WindowSource {
 public:
  virtual ~WindowSource() = default;
  /// Lengths of which there are windows, shortest first; nanoseconds.
  virtual std::vector<std::int64_t> Lengths() const = 0;
  /// Windows of one length that overlap [from, to), in order.
  virtual std::vector<WindowInfo> List(std::int64_t length_ns, ReceiveTime from, ReceiveTime to) const = 0;
  /// The newest window of that length, of one in parts the last.
  virtual std::optional<WindowId> Newest(std::int64_t length_ns) const = 0;
  /// Null where it is gone.
  virtual std::shared_ptr<const StoredWindow> Read(const WindowId& id) = 0;
};

/// Of a store, which must live longer.
class StoreSource final : public WindowSource {
 public:
  explicit StoreSource(Store& store) : store_(store) {}
  std::vector<std::int64_t> Lengths() const override { return store_.Lengths(); }
  std::vector<WindowInfo> List(std::int64_t length_ns, ReceiveTime from, ReceiveTime to) const override {
    return store_.List(length_ns, from, to);
  }
  std::optional<WindowId> Newest(std::int64_t length_ns) const override { return store_.Newest(length_ns); }
  std::shared_ptr<const StoredWindow> Read(const WindowId& id) override { return store_.Read(id); }

 private:
  Store& store_;
};

}  // namespace hostscope::exporter
