#pragma once

#include <string>

#include "app/generate/options.h"

namespace hostscope::app {

/// Generates what `options` say and sends it. Returns the summary as JSON. Throws on failure.
std::string Generate(GenerateOptions options);

}  // namespace hostscope::app
