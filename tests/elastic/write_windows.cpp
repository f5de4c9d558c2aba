// Writes windows of made hosts and networks to the sinks of a configuration, as the program does, for tests:
//
//   write_windows CONFIG HOSTS WINDOWS [SECONDS [PARTS]]
//
// Waits SECONDS at most (600) for the sinks to finish, then prints how long that took and its CPU time, and
// on the next line the sinks' part of --stats. With 0 WINDOWS only what waits in the store is sent. Exits
// with 0 if all was delivered. With PARTS each window was cut, and comes in so many parts with the same
// records.

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/config/config_reader.h"
#include "app/run/delivery.h"
#include "app/stats.h"
#include "tests/exporter/windows.h"

namespace hostscope {
namespace {

// A fiftieth of the hosts, but few where there are few.
constexpr std::uint32_t kHostsPerNetwork = 50;

// ManyHosts(), but with sums that a signed number of 64 bits holds, which is what indices have.
exporter::ListedWindow Window(std::size_t hosts, std::int64_t index, bool is_cut) {
  constexpr unsigned kShift = 20;
  const exporter::ListedWindow any = exporter::ManyHosts(hosts, index);
  std::vector<aggregator::HostRecord> records;
  records.reserve(hosts);
  for (std::size_t i = 0; i < any.size(); ++i) {
    records.push_back(any.At(i));
    for (aggregator::RoleFigures* role : {&records.back().sent, &records.back().received}) {
      role->packets >>= kShift;
      role->bytes >>= kShift;
    }
  }
  return {any.span(), std::move(records), is_cut};
}

// Of the whole program so far.
double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int WriteWindows(const app::Config& config, std::size_t hosts, std::int64_t windows, std::uint64_t parts,
                 std::chrono::seconds patience) {
  auto networks = exporter::ManyNetworks(static_cast<std::uint32_t>(hosts) / kHostsPerNetwork);
  for (std::size_t i = 0; i < networks.size(); i += 2) networks[i].is_monitored = true;
  std::vector<aggregator::ClosedWindowPtr> made;
  for (std::int64_t i = 0; i < windows; ++i) {
    exporter::ListedWindow window = Window(hosts, i, parts != 0);
    for (std::uint64_t part = 1; part <= std::max<std::uint64_t>(parts, 1); ++part) {
      if (parts != 0) window.SetPart(part);
      made.push_back(std::make_shared<const exporter::ListedWindow>(window, networks));
    }
  }
  const auto start = std::chrono::steady_clock::now();
  const double cpu_start = CpuSeconds();
  app::Delivery delivery(config);
  for (const aggregator::ClosedWindowPtr& window : made) delivery.Push(window);
  delivery.Stop(patience);
  std::printf("{\"seconds\":%.3f,\"cpu_seconds\":%.3f}\n",
              std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
              CpuSeconds() - cpu_start);
  app::Stats stats;
  delivery.AddTo(stats);
  std::fputs(stats.ToJson().c_str(), stdout);
  return delivery.undelivered() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int Main(int argc, char** argv) {
  constexpr long kPatience = 600;
  if (argc < 4) {
    std::fprintf(stderr, "usage: write_windows CONFIG HOSTS WINDOWS [SECONDS [PARTS]]\n");
    return 2;
  }
  spdlog::set_default_logger(spdlog::stderr_logger_mt("write_windows"));
  const app::LoadedConfig loaded = app::LoadConfig(argv[1]);
  for (const app::Problem& problem : loaded.problems)
    std::fprintf(stderr, "%s\n", app::FormatProblem(argv[1], problem).c_str());
  if (!loaded.problems.empty()) return EXIT_FAILURE;
  const long patience = argc > 4 ? std::strtol(argv[4], nullptr, 10) : kPatience;
  const std::uint64_t parts = argc > 5 ? std::strtoull(argv[5], nullptr, 10) : 0;
  try {
    return WriteWindows(loaded.config, std::strtoull(argv[2], nullptr, 10),
                        std::strtoll(argv[3], nullptr, 10), parts, std::chrono::seconds(patience));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return EXIT_FAILURE;
  }
}

}  // namespace
}  // namespace hostscope

int main(int argc, char** argv) {
  return hostscope::Main(argc, argv);
}
