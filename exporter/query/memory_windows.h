#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "exporter/query/window_source.h"
#include "exporter/sink.h"
#include "exporter/store/window_writer.h"

namespace hostscope::exporter {

struct MemoryWindowsOptions {
  std::uint64_t bytes_per_length = std::uint64_t{64} << 20;  ///< of the windows of one length together
  std::size_t windows_per_length = 60;                       ///< each keeps a file descriptor
  WindowContent content;
};

/// The newest windows of each length, in memory: history where there is no store. Each is what its file would
/// be, in a file without a name (memfd_create(2)), so that everything is read as from a store; a host takes
/// about 25 bytes. The newest window of a length stays, however large.
class MemoryWindows final : public WindowSource {
 public:
  explicit MemoryWindows(const MemoryWindowsOptions& options) : options_(options) {}

  /// Returns an empty string, or what failed: then it is not there.
  std::string Put(const aggregator::ClosedWindow& window);

  std::vector<std::int64_t> Lengths() const override;
  std::vector<WindowInfo> List(std::int64_t length_ns, ReceiveTime from, ReceiveTime to) const override;
  std::optional<WindowId> Newest(std::int64_t length_ns) const override;
  std::shared_ptr<const StoredWindow> Read(const WindowId& id) override;

 private:
  struct Entry {
    WindowInfo info;
    std::shared_ptr<const StoredWindow> window;
  };
  struct Level {
    std::deque<Entry> windows;  // in order of their start
    std::uint64_t bytes = 0;
  };
  void Keep(std::shared_ptr<const StoredWindow> window);

  MemoryWindowsOptions options_;
  mutable std::mutex mutex_;
  std::map<std::int64_t, Level> levels_;  // by length
};

/// Puts each window it is given. `windows` must live longer.
std::unique_ptr<Sink> MakeMemorySink(MemoryWindows& windows);

}  // namespace hostscope::exporter
