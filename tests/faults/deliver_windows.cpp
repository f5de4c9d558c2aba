// Gives made windows to the store and the sinks of a configuration, as the appliance does:
//
//   deliver_windows CONFIG TRUTH FIRST COUNT HOSTS [--kill-before STEP]
//
// Windows are those of number FIRST to FIRST + COUNT - 1, of ten seconds each, however fast they follow.
// Every record of each is first written to the file TRUTH. With --kill-before the process kills itself
// (SIGKILL) before that step, from 0 on, by which the store changes the disk; half of each piece is written
// before the step "the other half".
//
// Prints the accounting ten times a second, then once more; ends when nothing waits for a sink, or on SIGTERM
// as the appliance does, leaving what is unsent.

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "app/config/config_file.h"
#include "app/run/delivery.h"
#include "app/run/reporter.h"
#include "app/run/signals.h"
#include "exporter/ndjson_sink.h"
#include "exporter/store/file_system.h"
#include "tests/exporter/windows.h"

namespace hostscope::app {
namespace {

using namespace std::chrono_literals;

/// The operating system's file system, and the end of this process before one of its steps.
class KillingFileSystem final : public exporter::FileSystem {
 public:
  explicit KillingFileSystem(std::optional<std::uint64_t> kill_before) : kill_before_(kill_before) {}

  std::error_code Create(const std::string& path, int& fd) override {
    Step();
    return real_.Create(path, fd);
  }
  std::error_code Write(int fd, std::string_view bytes) override {
    Step();
    if (const auto error = real_.Write(fd, bytes.substr(0, bytes.size() / 2))) return error;
    Step();
    return real_.Write(fd, bytes.substr(bytes.size() / 2));
  }
  std::error_code SyncFile(int fd) override {
    Step();
    return real_.SyncFile(fd);
  }
  std::error_code Link(const std::string& from, const std::string& to) override {
    Step();
    return real_.Link(from, to);
  }
  std::error_code Rename(const std::string& from, const std::string& to) override {
    Step();
    return real_.Rename(from, to);
  }
  std::error_code Remove(const std::string& path) override {
    Step();
    return real_.Remove(path);
  }
  std::error_code SyncFolder(const std::string& path) override {
    Step();
    return real_.SyncFolder(path);
  }
  std::error_code MakeFolder(const std::string& path) override {
    Step();
    return real_.MakeFolder(path);
  }

 private:
  void Step() {
    if (steps_.fetch_add(1) == kill_before_) raise(SIGKILL);
  }

  exporter::FileSystem& real_ = exporter::RealFileSystem();
  const std::optional<std::uint64_t> kill_before_;
  std::atomic<std::uint64_t> steps_{0};
};

void PrintStats(const Delivery& delivery) {
  Stats stats;
  delivery.AddTo(stats);
  std::fputs(stats.ToJson().c_str(), stdout);
  std::fflush(stdout);
}

bool IsAllSent(const Delivery& delivery) {
  for (const RunningSink& sink : delivery.sinks()) {
    if (sink.feeder->status().spool.windows != 0) return false;
  }
  return true;
}

struct Arguments {
  std::string config;
  std::string truth;
  std::int64_t first = 0;
  std::int64_t count = 0;
  std::size_t hosts = 0;
  std::optional<std::uint64_t> kill_before;
};

/// Once the store has taken it, or given it up.
void Put(Delivery& delivery, const Arguments& arguments, std::int64_t index, exporter::Sink& truth) {
  const auto window =
      std::make_shared<const exporter::ListedWindow>(exporter::ManyHosts(arguments.hosts, index));
  truth.Write(*window);
  delivery.Push(window);
  while (delivery.is_storing()) std::this_thread::sleep_for(1ms);
}

int Deliver(const Arguments& arguments) {
  const Signals signals;
  StartLogging(LogLevel::kInfo);  // to standard error
  const std::optional<Config> config = LoadConfigOrReport(arguments.config);
  if (!config) return EXIT_FAILURE;
  const exporter::OpenedSink truth =
      exporter::OpenNdjsonSink({.path = arguments.truth, .observer = config->observer_name});
  KillingFileSystem fs(arguments.kill_before);
  Delivery delivery(*config, fs);
  for (std::int64_t i = 0; i < arguments.count; ++i)
    Put(delivery, arguments, arguments.first + i, *truth.sink);
  auto deadline = 10s;
  while (!IsAllSent(delivery)) {
    PrintStats(delivery);
    if (signals.Wait(100ms) == 0) continue;
    deadline = 0s;
    break;
  }
  delivery.Stop(deadline);
  PrintStats(delivery);
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace hostscope::app

int main(int argc, char** argv) {
  hostscope::app::Arguments arguments;
  if (argc != 6 && (argc != 8 || std::string_view(argv[6]) != "--kill-before")) {
    std::fputs("usage: deliver_windows CONFIG TRUTH FIRST COUNT HOSTS [--kill-before STEP]\n", stderr);
    return 2;
  }
  arguments.config = argv[1];
  arguments.truth = argv[2];
  arguments.first = std::strtoll(argv[3], nullptr, 10);
  arguments.count = std::strtoll(argv[4], nullptr, 10);
  arguments.hosts = std::strtoull(argv[5], nullptr, 10);
  if (argc == 8) arguments.kill_before = std::strtoull(argv[7], nullptr, 10);
  return hostscope::app::Deliver(arguments);
}
