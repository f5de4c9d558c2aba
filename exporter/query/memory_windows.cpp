#include "exporter/query/memory_windows.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <string_view>
#include <system_error>
#include <utility>

#include "ipfix/counter.h"

namespace hostscope::exporter {
namespace {

std::error_code WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return {errno, std::generic_category()};
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

class MemorySink final : public Sink {
 public:
  explicit MemorySink(MemoryWindows& windows) : windows_(windows) {}

  std::string_view name() const noexcept override { return "history in memory"; }
  std::string Write(const aggregator::ClosedWindow& window) override {
    std::string problem;
    try {
      problem = windows_.Put(window);
    } catch (const std::exception& error) {  // no memory, mostly
      problem = error.what();
    }
    (problem.empty() ? delivered_ : dropped_).Add(RecordsIn(window));
    if (problem.empty()) count_.Add(1);
    return problem;
  }
  std::string Flush(int) override { return {}; }
  void Cancel() noexcept override {}  // memory never makes anyone wait
  std::uint64_t RecordsIn(const aggregator::ClosedWindow& window) const noexcept override {
    return window.size() + 1;
  }
  SinkStatus status() const noexcept override {
    return {.delivered = delivered_.Get(), .dropped = dropped_.Get(), .windows = count_.Get()};
  }

 private:
  MemoryWindows& windows_;
  Counter delivered_;
  Counter dropped_;
  Counter count_;
};

}  // namespace

std::string MemoryWindows::Put(const aggregator::ClosedWindow& window) {
  const int fd = memfd_create("hostscope-window", MFD_CLOEXEC);
  if (fd < 0) return "no memory for a window: " + std::generic_category().message(errno);
  const WrittenWindow written = WriteWindow(
      window, [fd](std::string_view bytes) { return WriteAll(fd, bytes); }, options_.content);
  if (written.error) {
    close(fd);
    return "a window does not go into memory: " + written.error.message();
  }
  OpenedWindow opened = StoredWindow::OpenDescriptor(fd);
  if (opened.window == nullptr) return "a window in memory can't be read: " + opened.problem;
  Keep(std::move(opened.window));
  return {};
}

void MemoryWindows::Keep(std::shared_ptr<const StoredWindow> window) {
  const std::lock_guard lock(mutex_);
  const aggregator::WindowSpan span = window->span();
  Level& level = levels_[span.length_ns];
  unsigned part = 0;
  for (const Entry& entry : level.windows) {
    if (entry.info.id.span == span) part = entry.info.id.part + 1;
  }
  const WindowInfo info{{span, part}, window->file_bytes()};
  const auto at = std::upper_bound(level.windows.begin(), level.windows.end(), info.id,
                                   [](const WindowId& id, const Entry& entry) { return id < entry.info.id; });
  level.windows.insert(at, {info, std::move(window)});
  level.bytes += info.bytes;
  while (level.windows.size() > 1 &&
         (level.bytes > options_.bytes_per_length || level.windows.size() > options_.windows_per_length)) {
    level.bytes -= level.windows.front().info.bytes;
    level.windows.pop_front();
  }
}

std::vector<std::int64_t> MemoryWindows::Lengths() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::int64_t> lengths;
  for (const auto& [length, level] : levels_) lengths.push_back(length);
  return lengths;
}

std::vector<WindowInfo> MemoryWindows::List(std::int64_t length_ns, ReceiveTime from, ReceiveTime to) const {
  const std::lock_guard lock(mutex_);
  std::vector<WindowInfo> list;
  const auto level = levels_.find(length_ns);
  if (level == levels_.end()) return list;
  for (const Entry& entry : level->second.windows) {
    if (entry.info.id.span.end() > from && entry.info.id.span.start < to) list.push_back(entry.info);
  }
  return list;
}

std::optional<WindowId> MemoryWindows::Newest(std::int64_t length_ns) const {
  const std::lock_guard lock(mutex_);
  const auto level = levels_.find(length_ns);
  if (level == levels_.end() || level->second.windows.empty()) return std::nullopt;
  return level->second.windows.back().info.id;
}

std::shared_ptr<const StoredWindow> MemoryWindows::Read(const WindowId& id) {
  const std::lock_guard lock(mutex_);
  const auto level = levels_.find(id.span.length_ns);
  if (level == levels_.end()) return nullptr;
  for (const Entry& entry : level->second.windows) {
    if (entry.info.id == id) return entry.window;
  }
  return nullptr;
}

std::unique_ptr<Sink> MakeMemorySink(MemoryWindows& windows) {
  return std::make_unique<MemorySink>(windows);
}

}  // namespace hostscope::exporter
