#include "app/run/run.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <exception>

#include "app/command_line.h"
#include "app/config/config_writer.h"
#include "app/run/appliance.h"
#include "app/run/http_api.h"
#include "app/run/reporter.h"
#include "app/run/signals.h"

namespace hostscope::app {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kPoll = 200ms;
constexpr auto kSummaryInterval = 60s;

void WriteStats(const Appliance& appliance, const std::string& path) {
  if (path.empty()) return;
  try {
    WriteWholeFile(path, appliance.stats().ToJson());
  } catch (const std::exception& error) {
    spdlog::warn("the accounting was not written: {}", error.what());
  }
}

/// `in_force` becomes what can be changed while running; the rest of it stays, and so does all of it where
/// the new configuration has problems.
void Reload(const RunOptions& options, Config& in_force) {
  const std::optional<Config> config = options.reload();
  if (!config) {
    spdlog::error("the configuration has problems; the old one stays in force");
    return;
  }
  const std::string changed = ChangedSections(in_force, *config);
  if (changed.empty()) {
    spdlog::info("the configuration is what it was");
    return;
  }
  in_force.log_level = config->log_level;
  SetLogLevel(in_force.log_level);
  const std::string rest = ChangedSections(in_force, *config);
  if (rest.empty()) {
    spdlog::info("the configuration is good, and in force: {}", changed);
  } else {
    spdlog::warn("the configuration is good; a restart is needed to change: {}", rest);
  }
}

/// Until a signal ends it. Returns whether nothing failed.
bool Watch(const RunOptions& options, const Signals& signals, const Appliance& appliance,
           Reporter& reporter) {
  Config in_force = options.config;
  auto next_summary = Clock::now() + kSummaryInterval;
  std::uint64_t windows_seen = 0;
  while (!appliance.has_failed()) {
    const int signal = signals.Wait(kPoll);
    if (signal == SIGTERM || signal == SIGINT) {
      spdlog::info("told to end; open windows are closed as they are");
      return true;
    }
    if (signal == SIGHUP) Reload(options, in_force);
    if (const std::uint64_t windows = appliance.windows_closed(); windows != windows_seen) {
      windows_seen = windows;
      WriteStats(appliance, options.stats_path);
    }
    if (Clock::now() >= next_summary) {
      reporter.LogSummary();
      next_summary += kSummaryInterval;
    }
  }
  return false;
}

}  // namespace

int Run(const RunOptions& options) {
  const Signals signals;
  StartLogging(options.config.log_level);
  Appliance appliance(options.config);
  HttpApi http(options.config, appliance);
  appliance.Start();
  http.Start();
  Reporter reporter(appliance);
  reporter.LogStart(options.config);
  if (const std::string url = http.url(); !url.empty()) spdlog::info("HTTP at {}", url);
  const bool is_good = Watch(options, signals, appliance, reporter);
  http.Stop();
  appliance.Stop();
  reporter.LogSummary();
  WriteStats(appliance, options.stats_path);
  return is_good && !appliance.has_failed() ? kExitSuccess : kExitFailure;
}

}  // namespace hostscope::app
