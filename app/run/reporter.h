#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "app/config/config.h"
#include "app/run/appliance.h"
#include "app/run/refusal_log.h"

namespace hostscope::app {

/// Sets up logging: to standard error, in UTC. Standard output is for host records.
void StartLogging(LogLevel level);
/// At any time afterwards.
void SetLogLevel(LogLevel level);

/// What the log says of a running appliance. Main thread.
class Reporter {
 public:
  explicit Reporter(const Appliance& appliance) : appliance_(appliance) {}

  /// Where exporters should send, and what runs where.
  void LogStart(const Config& config);
  /// What has happened to ports since the last time. Often.
  void LogChanges();
  /// One line of what happened since the last time.
  void LogSummary();
  /// What is wrong with single exporters. To be called every few seconds.
  void LogRefusals();
  /// That the system's clock was set.
  void LogClock();
  /// A few words of how it goes, for the service manager.
  std::string Status();

 private:
  struct Totals {
    std::uint64_t received = 0;
    std::uint64_t dropped = 0;
    std::uint64_t records = 0;
    std::uint64_t lost = 0;
    std::uint64_t undelivered = 0;  // host records that a sink dropped or had refused
  };
  Totals Count(std::uint64_t& exporters) const;

  const Appliance& appliance_;
  std::vector<dataplane::PortStatus> ports_;  ///< as the log has them
  RefusalLog refusals_;
  std::uint64_t refused_ = 0;  // when it was last asked
  std::uint64_t clock_steps_ = 0;
  Totals at_status_;
  std::chrono::steady_clock::time_point status_since_ = std::chrono::steady_clock::now();
  Totals before_;
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

}  // namespace hostscope::app
