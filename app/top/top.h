#pragma once

#include <chrono>
#include <string>

#include "exporter/http/http_client.h"

namespace hostscope::app {

struct TopOptions {
  http::ClientOptions client;
  std::string url;  ///< as it was given, for the title
  std::chrono::milliseconds interval{2000};
  bool is_once = false;  ///< print one frame, of rates over one interval
};

/// Shows what a running appliance does, until q or a signal. Returns an exit status.
int Top(const TopOptions& options);

}  // namespace hostscope::app
