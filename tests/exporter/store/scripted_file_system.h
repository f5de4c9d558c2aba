#pragma once

#include <csignal>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "exporter/store/file_system.h"

namespace hostscope::exporter {

/// The operating system's file system with something to happen at a step: before each one `at_step` is asked,
/// with its number from 0 on and its name. An error that it returns is the step's result, and nothing is
/// done.
class ScriptedFileSystem final : public FileSystem {
 public:
  using AtStep = std::function<std::error_code(std::size_t step, const std::string& name)>;

  /// Half of the first write is done where this is set, before it is asked again as "write the rest".
  bool writes_in_halves = false;
  AtStep at_step;

  const std::vector<std::string>& steps() const noexcept { return steps_; }
  void Restart() { steps_.clear(); }

  std::error_code Create(const std::string& path, int& fd) override {
    return Do("create", [&] { return real_.Create(path, fd); });
  }
  std::error_code Write(int fd, std::string_view bytes) override {
    const std::size_t first = writes_in_halves ? bytes.size() / 2 : bytes.size();
    const auto error = Do("write", [&] { return real_.Write(fd, bytes.substr(0, first)); });
    if (error || first == bytes.size()) return error;
    return Do("write the rest", [&] { return real_.Write(fd, bytes.substr(first)); });
  }
  std::error_code SyncFile(int fd) override {
    return Do("sync file", [&] { return real_.SyncFile(fd); });
  }
  std::error_code Link(const std::string& from, const std::string& to) override {
    return Do("link", [&] { return real_.Link(from, to); });
  }
  std::error_code Rename(const std::string& from, const std::string& to) override {
    return Do("rename", [&] { return real_.Rename(from, to); });
  }
  std::error_code Remove(const std::string& path) override {
    return Do("remove", [&] { return real_.Remove(path); });
  }
  std::error_code SyncFolder(const std::string& path) override {
    return Do("sync folder", [&] { return real_.SyncFolder(path); });
  }
  std::error_code MakeFolder(const std::string& path) override {
    return Do("make folder", [&] { return real_.MakeFolder(path); });
  }

 private:
  template <typename Step>
  std::error_code Do(const std::string& name, Step step) {
    steps_.push_back(name);
    if (at_step) {
      if (const auto error = at_step(steps_.size() - 1, name)) return error;
    }
    return step();
  }

  FileSystem& real_ = RealFileSystem();
  std::vector<std::string> steps_;
};

/// What a kill -9 does, before step `at`.
inline ScriptedFileSystem::AtStep KillBefore(std::size_t at) {
  return [at](std::size_t step, const std::string&) {
    if (step == at) raise(SIGKILL);
    return std::error_code();
  };
}

}  // namespace hostscope::exporter
