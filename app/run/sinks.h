#pragma once

#include <cstddef>
#include <vector>

#include "app/config/config.h"
#include "app/run/appliance.h"

namespace hostscope::app {

/// Closed windows that wait for a sink that is behind; each keeps a host table from being used again.
inline constexpr std::size_t kWindowsWaiting = 6;

/// Opens every sink of the configuration; standard output as NDJSON where it has none. Throws
/// std::runtime_error that says every problem.
std::vector<RunningSink> OpenSinks(const Config& config);

}  // namespace hostscope::app
