#pragma once

#include <string>

#include "app/config/config.h"

namespace hostscope::app {

/// The configuration as YAML that ParseConfig() reads back, every key with its help as a comment.
std::string WriteConfig(const Config& config);

/// Names of the top-level sections in which the two differ, separated by commas.
std::string ChangedSections(const Config& before, const Config& after);

}  // namespace hostscope::app
