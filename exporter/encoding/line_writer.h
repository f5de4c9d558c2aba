#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>

namespace hostscope::exporter {

/// Writes whole lines to a file descriptor of any kind; see ndjson_sink.h for what it promises. One thread.
class LineWriter {
 public:
  /// `fd` stays the caller's. `cancelled` may be set by any thread and ends waiting for a full pipe within
  /// 200 ms.
  LineWriter(int fd, const std::atomic<bool>& cancelled);

  /// Writes `lines`, which ends with '\n'. Returns how many bytes of it were written as whole lines; if that
  /// is not all, `problem` says why.
  std::size_t Write(std::string_view lines, std::string& problem);

  /// fdatasync() for a regular file. Returns what failed, or an empty string.
  std::string Sync();

 private:
  std::size_t WriteBytes(std::string_view bytes, std::string& problem) noexcept;
  bool WaitUntilWritable(std::string& problem) noexcept;
  void RepairTornLine(std::size_t torn_bytes) noexcept;

  int fd_;
  const std::atomic<bool>& cancelled_;
  bool is_regular_ = false;
  bool takes_all_ = false;  // never makes a writer wait for a reader
  bool is_torn_ = false;    // the last thing written is a part of a line that could not be taken back
};

}  // namespace hostscope::exporter
