#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// Runs the built program as its users do.
namespace hostscope::app::testing {

/// A folder of its own for each object, gone with it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string operator/(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

struct Finished {
  int status = -1;  ///< exit status; 128 + the signal that ended it
  std::string out;
  std::string err;
};

/// `hostscope ARGUMENTS…` to its end; standard input is empty.
Finished RunHostscope(const std::vector<std::string>& arguments);

/// The same where standard output is too long to keep: `take` is given one line after the other, without its
/// line feed. The result has no `out`.
Finished RunHostscope(const std::vector<std::string>& arguments,
                      const std::function<void(std::string_view line)>& take);

/// `hostscope ARGUMENTS…` in the background, its output in files. Killed at the end of its scope.
class RunningHostscope {
 public:
  RunningHostscope(const std::vector<std::string>& arguments, const std::string& out_path,
                   std::string err_path);
  ~RunningHostscope();
  RunningHostscope(const RunningHostscope&) = delete;
  RunningHostscope& operator=(const RunningHostscope&) = delete;

  void Signal(int signal) const;
  int pid() const { return child_; }
  /// Until what it wrote to standard error has `text` so many times; false after half a minute, or when it
  /// ended.
  bool HasSaid(std::string_view text, std::size_t times = 1) const;
  /// To its end; the exit status, or 128 + the signal that ended it.
  int Wait();

 private:
  std::string err_path_;
  int child_ = 0;  // 0: it has ended
};

/// in.pcap, a thousand flow records of twenty hosts.
Finished GenerateCapture(const TemporaryFolder& folder);
/// c.yaml, of an appliance that takes in.pcap from DPDK's capture device, which needs neither root nor a NIC;
/// and behind it, from line 9 on, `more`.
void ConfigureOnCapture(const TemporaryFolder& folder, const std::string& more);

void WriteFile(const std::string& path, std::string_view text);
void WriteFile(const std::string& path, const std::vector<std::uint8_t>& bytes);
std::string ReadFile(const std::string& path);
std::vector<std::string> LinesOf(std::string_view text);

}  // namespace hostscope::app::testing
