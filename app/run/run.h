#pragma once

#include <functional>
#include <optional>
#include <string>

#include "app/config/config.h"

namespace hostscope::app {

struct RunOptions {
  Config config;
  /// Reads the configuration again, reporting its problems; nothing where it has some.
  std::function<std::optional<Config>()> reload;
  std::string stats_path;  ///< empty: none
};

/// The appliance, until SIGTERM or SIGINT. Returns an exit status.
int Run(const RunOptions& options);

}  // namespace hostscope::app
