#pragma once

#include <string>

#include "app/config/config.h"
#include "app/doctor/finding.h"
#include "app/doctor/system_view.h"

namespace hostscope::app {

/// Looks at everything that the configuration needs of this machine.
Findings Examine(const Config& config, const SystemView& system);

bool HasFailure(const Findings& findings);
/// One line each: verdict, what was looked at, what was found; below it, indented, what to do.
std::string ToText(const Findings& findings);
/// {"ok":true,"checks":[{"check":…,"verdict":"ok|warn|fail","text":…,"mend":…},…]}; `mend` is left out where
/// there is none.
std::string ToJson(const Findings& findings);

}  // namespace hostscope::app
