#include "tests/app/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

extern char** environ;

namespace hostscope::app::testing {
namespace {

[[noreturn]] void Fail(int error, const char* doing) {
  throw std::system_error(error, std::generic_category(), doing);
}

pid_t Spawn(const std::vector<std::string>& arguments, int out, const std::string& err_path) {
  std::vector<std::string> words = {HOSTSCOPE_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                   0600);
  pid_t child = 0;
  const int error = posix_spawn(&child, HOSTSCOPE_PROGRAM, &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) Fail(error, "starting the program");
  return child;
}

/// Gives `take` every line of what `descriptor` yields until its end, which may lack a line feed.
void ReadLines(int descriptor, const std::function<void(std::string_view)>& take) {
  std::vector<char> buffer(std::size_t{1} << 20);
  std::string rest;
  ssize_t count = 0;
  while ((count = read(descriptor, buffer.data(), buffer.size())) > 0) {
    std::string_view text(buffer.data(), static_cast<std::size_t>(count));
    for (std::size_t end; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1)) {
      rest.append(text.substr(0, end));
      take(rest);
      rest.clear();
    }
    rest.append(text);
  }
  if (!rest.empty()) take(rest);
}

int StatusOf(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child) Fail(errno, "waiting for the program");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::size_t CountOf(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string_view::npos; at += part.size()) ++count;
  return count;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string pattern = ::testing::TempDir() + "hostscope-app-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) Fail(errno, "making a folder");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Finished RunHostscope(const std::vector<std::string>& arguments,
                      const std::function<void(std::string_view)>& take) {
  const TemporaryFolder folder;
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) Fail(errno, "making a pipe");
  const pid_t child = Spawn(arguments, ends[1], folder / "stderr");
  close(ends[1]);
  ReadLines(ends[0], take);
  close(ends[0]);
  Finished finished;
  finished.status = StatusOf(child);
  finished.err = ReadFile(folder / "stderr");
  return finished;
}

Finished RunHostscope(const std::vector<std::string>& arguments) {
  std::string out;
  Finished finished = RunHostscope(arguments, [&out](std::string_view line) {
    out += line;
    out += '\n';
  });
  finished.out = std::move(out);
  return finished;
}

RunningHostscope::RunningHostscope(const std::vector<std::string>& arguments, const std::string& out_path,
                                   std::string err_path)
    : err_path_(std::move(err_path)) {
  const int out = open(out_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (out < 0) Fail(errno, "opening a file for output");
  child_ = Spawn(arguments, out, err_path_);
  close(out);
}

RunningHostscope::~RunningHostscope() {
  if (child_ == 0) return;
  kill(child_, SIGKILL);
  waitpid(child_, nullptr, 0);
}

void RunningHostscope::Signal(int signal) const {
  if (kill(child_, signal) != 0) Fail(errno, "sending a signal");
}

bool RunningHostscope::HasSaid(std::string_view text, std::size_t times) const {
  using namespace std::chrono_literals;
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (std::chrono::steady_clock::now() < deadline) {
    if (CountOf(ReadFile(err_path_), text) >= times) return true;
    siginfo_t ended{};
    waitid(P_PID, static_cast<id_t>(child_), &ended, WEXITED | WNOHANG | WNOWAIT);
    if (ended.si_pid == child_) return CountOf(ReadFile(err_path_), text) >= times;
    std::this_thread::sleep_for(20ms);
  }
  return false;
}

int RunningHostscope::Wait() {
  return StatusOf(std::exchange(child_, 0));
}

Finished GenerateCapture(const TemporaryFolder& folder) {
  return RunHostscope({"generate", "--pcap", folder / "in.pcap", "--records", "1000", "--hosts", "20",
                       "--summary", "/dev/null"});
}

void ConfigureOnCapture(const TemporaryFolder& folder, const std::string& more) {
  WriteFile(folder / "c.yaml",
            "windows: [500ms]\n"
            "ports:\n"
            "  - device: net_pcap0,rx_pcap=" +
                (folder / "in.pcap") +
                "\n"
                "    addresses: [203.0.113.1]\n"
                "    promiscuous: true\n"
                "dpdk: {hugepages: no}\n"
                "cores: {idle_sleep: 1ms}\n"
                "memory: {hosts: 10000, sketches: 1MiB}\n" +
                more);
}

void WriteFile(const std::string& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) throw std::runtime_error(path + ": can't be written");
}

void WriteFile(const std::string& path, const std::vector<std::uint8_t>& bytes) {
  WriteFile(path, std::string(bytes.begin(), bytes.end()));
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + ": can't be read");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> LinesOf(std::string_view text) {
  std::vector<std::string> lines;
  std::istringstream stream{std::string(text)};
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace hostscope::app::testing
