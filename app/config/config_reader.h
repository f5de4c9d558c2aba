#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/config/config.h"
#include "app/config/problem.h"

namespace hostscope::app {

struct LoadedConfig {
  Config config;                  ///< what could be read; to be used only when there are no problems
  std::vector<Problem> problems;  ///< by line
  KeyLines lines;
};

/// Reads a configuration from YAML text and checks it as a whole. Collects every problem, not only the first.
LoadedConfig ParseConfig(std::string_view text);

/// The same from a file. One that can't be read is a problem too.
LoadedConfig LoadConfig(const std::string& path);

}  // namespace hostscope::app
