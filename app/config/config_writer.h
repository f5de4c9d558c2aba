#pragma once

#include <string>

#include "app/config/config.h"

namespace hostscope::app {

/// The configuration as YAML that ParseConfig() reads back, every key with its help as a comment. A list of
/// sections that is empty shows one commented out, so that no key is missing.
std::string WriteConfig(const Config& config);

/// The built-in defaults, introduced: conf/hostscope.yaml.
std::string WriteExample();

/// The keys in which the two differ, to the second level (exporters.max, ports), separated by commas.
std::string ChangedKeys(const Config& before, const Config& after);

}  // namespace hostscope::app
