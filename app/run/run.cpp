#include "app/run/run.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <exception>

#include "app/command_line.h"
#include "app/run/appliance.h"
#include "app/run/http_api.h"
#include "app/run/reload.h"
#include "app/run/reporter.h"
#include "app/run/service_manager.h"
#include "app/run/signals.h"

namespace hostscope::app {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kPoll = 200ms;
constexpr auto kSummaryInterval = 60s;
constexpr auto kRefusalInterval = 5s;

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
void Reload(const RunOptions& options, Appliance& appliance, Config& in_force) {
  const std::optional<Config> config = options.reload();
  if (!config) {
    spdlog::error("the configuration has problems; the old one stays in force");
    return;
  }
  const Reloaded result = TakeOver(in_force, *config);
  if (appliance.context() != nullptr) appliance.context()->Reload();
  if (result.has_new_exporters) appliance.SetExporters(in_force.dataplane.decoder);
  if (result.has_new_retention) appliance.SetRetention(in_force.store);
  if (result.changed.empty() && result.needs_restart.empty())
    spdlog::info("the configuration is what it was");
  if (!result.changed.empty())
    spdlog::info("the configuration is good; changed while running: {}", result.changed);
  if (!result.needs_restart.empty())
    spdlog::warn("the configuration is good; a restart is needed to change: {}", result.needs_restart);
  SetLogLevel(in_force.log_level);
}

/// Until a signal ends it. Returns whether nothing failed.
bool Watch(const RunOptions& options, const Signals& signals, Appliance& appliance, HttpApi& http,
           Reporter& reporter, ServiceManager& manager) {
  Config in_force = options.config;
  auto next_summary = Clock::now() + kSummaryInterval;
  auto next_refusals = Clock::now() + kRefusalInterval;
  auto next_look = Clock::now();
  std::uint64_t windows_seen = 0;
  while (!appliance.has_failed()) {
    const int signal = signals.Wait(kPoll);
    if (signal == SIGTERM || signal == SIGINT) {
      spdlog::info("told to end; open windows are closed as they are");
      manager.Stopping();
      return true;
    }
    if (signal == SIGHUP) {
      manager.Reloading();
      Reload(options, appliance, in_force);
      manager.Ready(reporter.Status());
    }
    manager.Watch(appliance.beats());
    reporter.LogChanges();
    if (const std::uint64_t windows = appliance.windows_closed(); windows != windows_seen) {
      windows_seen = windows;
      WriteStats(appliance, options.stats_path);
    }
    if (Clock::now() >= next_look) {
      http.Look();
      next_look = Clock::now() + ExporterRates::kInterval;
    }
    if (Clock::now() >= next_refusals) {
      reporter.LogRefusals();
      reporter.LogClock();
      next_refusals = Clock::now() + kRefusalInterval;
    }
    if (Clock::now() >= next_summary) {
      reporter.LogSummary();
      manager.Status(reporter.Status());
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
  ServiceManager manager;
  manager.Ready("waiting for exporters");
  const bool is_good = Watch(options, signals, appliance, http, reporter, manager);
  http.Stop();
  appliance.Stop();
  reporter.LogSummary();
  WriteStats(appliance, options.stats_path);
  return is_good && !appliance.has_failed() ? kExitSuccess : kExitFailure;
}

}  // namespace hostscope::app
