#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "exporter/store/stored_window.h"
#include "exporter/store/window_writer.h"

namespace hostscope::exporter {

/// A folder that is gone with its object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "hostscope-store.XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const noexcept { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline void WriteFile(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
}

/// The window's file as bytes.
inline std::string FileOf(const aggregator::ClosedWindow& window, WrittenWindow* result = nullptr,
                          const WindowContent& content = {}) {
  std::string bytes;
  const WrittenWindow written = WriteWindow(
      window,
      [&bytes](std::string_view piece) {
        bytes += piece;
        return std::error_code();
      },
      content);
  if (result != nullptr) *result = written;
  return bytes;
}

}  // namespace hostscope::exporter
