#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hostscope::app {

/// What the service manager is told, where there is one ($NOTIFY_SOCKET): sd_notify(3). One thread.
class ServiceManager {
 public:
  /// Reads what the manager wants to hear.
  ServiceManager();

  void Ready(std::string_view status);
  void Status(std::string_view status);
  /// To be followed by Ready() once it is done.
  void Reloading();
  void Stopping();

  /// Feeds the watchdog, where there is one, as soon as every thread has advanced since it was fed last:
  /// `beats[i]` grows while thread i works. So one that stands still lets the manager end the program. To be
  /// called more often than the watchdog is to be fed.
  void Watch(const std::vector<std::uint64_t>& beats);

 private:
  bool has_watchdog_ = false;
  std::vector<std::uint64_t> fed_;
};

}  // namespace hostscope::app
