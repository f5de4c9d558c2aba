#pragma once

#include <string>
#include <string_view>
#include <system_error>

namespace hostscope::exporter {

/// Every step by which the store changes the disk, so that a test can fail or end the program at each of
/// them. Reading is not in it. Thread-safe.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  /// A new file to write; `fd` is the caller's to close. An old one of that name is an error.
  virtual std::error_code Create(const std::string& path, int& fd) = 0;
  /// All of `bytes`, or an error.
  virtual std::error_code Write(int fd, std::string_view bytes) = 0;
  virtual std::error_code SyncFile(int fd) = 0;
  virtual std::error_code Link(const std::string& from, const std::string& to) = 0;
  virtual std::error_code Rename(const std::string& from, const std::string& to) = 0;
  virtual std::error_code Remove(const std::string& path) = 0;  ///< a file, or an empty folder
  virtual std::error_code SyncFolder(const std::string& path) = 0;
  /// No error if it is there.
  virtual std::error_code MakeFolder(const std::string& path) = 0;
};

/// The operating system's.
FileSystem& RealFileSystem();

}  // namespace hostscope::exporter
