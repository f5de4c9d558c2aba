#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hostscope::app {

/// The kernel's clock discipline, as adjtimex(2) tells it.
struct ClockState {
  bool is_synchronized = false;
  std::int64_t max_error_us = 0;
};

/// What the kernel says of this machine and process, in /proc, /sys and /dev below a folder: "" for the
/// machine itself. Reads only.
class SystemView {
 public:
  explicit SystemView(std::string root = "");

  /// The file's text without the white space at its end; nothing where it can't be read.
  std::optional<std::string> Text(const std::string& path) const;
  std::optional<std::uint64_t> Number(const std::string& path) const;
  bool Exists(const std::string& path) const;
  /// The last part of where a symbolic link leads: "vfio-pci"; empty where there is none.
  std::string LinkName(const std::string& path) const;
  /// Names in a folder, sorted; none where there is no such folder.
  std::vector<std::string> Names(const std::string& path) const;
  /// "0-3,8" as numbers; none where the file can't be read.
  std::vector<unsigned> CpuList(const std::string& path) const;
  /// What follows "name:" in a file of such lines, as /proc/cpuinfo and /proc/self/status are; the first one.
  std::string Field(const std::string& path, std::string_view name) const;

  /// What no file tells, so that a test can.
  std::function<ClockState()> clock;

 private:
  std::string root_;
};

/// "0-3,8" of sorted numbers.
std::string ToCpuList(const std::vector<unsigned>& cpus);
std::vector<unsigned> ParseCpuList(std::string_view text);

}  // namespace hostscope::app
