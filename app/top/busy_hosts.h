#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hostscope::app {

struct BusyHost {
  std::string address;
  double sent_bytes = 0;
  double sent_packets = 0;
  double sent_flows = 0;
  double received_bytes = 0;
};

/// The hosts that sent most bytes in the newest window, most first.
struct BusyHosts {
  /// What an appliance is asked first, and then, by its answer; empty where it is none.
  static constexpr std::string_view kStatusPath = "/api/v1/status";
  static std::string PathAfter(std::string_view status);

  /// Of an answer to that; nothing where it is none.
  static std::optional<BusyHosts> Parse(std::string_view json);

  double seconds = 0;  ///< length of the window; 0: there is none yet
  std::vector<BusyHost> hosts;
};

}  // namespace hostscope::app
