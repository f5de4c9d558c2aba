#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <system_error>

#include "exporter/store/file_system.h"

namespace hostscope::app {

/// A file that is always whole, whatever happens while it is written: beside it (PATH.new), fsync, rename,
/// fsync of the folder. Any thread.
class StateFile {
 public:
  /// `files` outlives it.
  StateFile(const std::string& folder, std::string_view name, exporter::FileSystem& files)
      : folder_(folder), path_(folder + "/" + std::string(name)), files_(files) {}

  const std::string& path() const noexcept { return path_; }
  /// Makes its folder, where it is not there. Throws std::runtime_error that names the key.
  void MakeFolder();

  /// `write` gets the descriptor of the new file. What went wrong, or empty.
  std::string Replace(const std::function<std::error_code(int fd)>& write);
  /// Renames it to PATH.damaged. What became of it, for the log.
  std::string SetAside();

 private:
  std::string folder_;
  std::string path_;
  exporter::FileSystem& files_;
};

}  // namespace hostscope::app
