#include "app/run/service_manager.h"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>
#include <time.h>

namespace hostscope::app {
namespace {

/// A manager that can't be told is none: nothing here is an error.
void Tell(const std::string& text) {
  sd_notify(0, text.c_str());
}

}  // namespace

ServiceManager::ServiceManager() {
  std::uint64_t interval_us = 0;
  has_watchdog_ = sd_watchdog_enabled(0, &interval_us) > 0;
}

void ServiceManager::Ready(std::string_view status) {
  Tell(fmt::format("READY=1\nSTATUS={}", status));
}

void ServiceManager::Status(std::string_view status) {
  Tell(fmt::format("STATUS={}", status));
}

void ServiceManager::Reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  Tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\nSTATUS=reading the configuration",
                   static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000));
}

void ServiceManager::Stopping() {
  Tell("STOPPING=1\nSTATUS=closing open windows");
}

void ServiceManager::Watch(const std::vector<std::uint64_t>& beats) {
  if (!has_watchdog_) return;
  fed_.resize(beats.size());
  for (std::size_t i = 0; i < beats.size(); ++i) {
    if (beats[i] == fed_[i]) return;
  }
  fed_ = beats;
  Tell("WATCHDOG=1");
}

}  // namespace hostscope::app
