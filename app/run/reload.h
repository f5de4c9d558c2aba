#pragma once

#include <string>

#include "app/config/config.h"

namespace hostscope::app {

/// What a new configuration means for a running appliance; keys separated by commas.
struct Reloaded {
  std::string changed;        ///< what is in force now and was not before
  std::string needs_restart;  ///< what differs and stays as it was
  bool has_new_exporters = false;
  bool has_new_retention = false;
};

/// Takes over into `in_force` whatever of `wanted` can change while running, and leaves the rest of it alone.
Reloaded TakeOver(Config& in_force, const Config& wanted);

}  // namespace hostscope::app
