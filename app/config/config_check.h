#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/config/config.h"
#include "app/config/problem.h"

namespace hostscope::app {

/// What no key by itself can tell: values that contradict each other. Values that are out of bounds were
/// reported already and still have their defaults.
void CheckConfig(const Config& config, const KeyLines& lines, std::vector<Problem>& problems);

/// The same of the files that a configuration names, which only those can read who run it.
void CheckConfigFiles(const Config& config, const KeyLines& lines, std::vector<Problem>& problems);

/// Lengths sorted, shortest first; or what is wrong with them, in words that can follow their name.
std::string CheckWindowLengths(std::vector<std::int64_t>& lengths_ns);

}  // namespace hostscope::app
