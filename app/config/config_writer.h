#pragma once

#include <string>

#include "app/config/config.h"

namespace hostscope::app {

/// The configuration as YAML that ParseConfig() reads back, every key with its help as a comment. A list of
/// sections that is empty shows one commented out, so that no key is missing.
std::string WriteConfig(const Config& config);

/// The built-in defaults, introduced: conf/hostscope.yaml.
std::string WriteExample();

/// Names of the top-level sections in which the two differ, separated by commas.
std::string ChangedSections(const Config& before, const Config& after);

}  // namespace hostscope::app
