#pragma once

#include <optional>
#include <string>

#include "app/config/config.h"

namespace hostscope::app {

/// Where an installed program has its configuration.
inline constexpr const char* kDefaultConfigPath = "/etc/hostscope/hostscope.yaml";

/// The configuration of `path`; every problem goes to standard error as `FILE:LINE: key: what is wrong; what
/// is allowed`, and then there is none.
/// With `and_files` also those of the files that it names, which not everybody may read.
std::optional<Config> LoadConfigOrReport(const std::string& path, bool and_files = false);

/// `given`, or the installed file where there is one, or "" for the built-in defaults.
std::string ChooseConfigPath(const std::string& given);

}  // namespace hostscope::app
