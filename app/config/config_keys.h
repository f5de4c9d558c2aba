#pragma once

#include "app/config/config.h"
#include "app/config/key_visitor.h"

namespace hostscope::app {

/// Shows `visitor` every key there is, bound to `config`.
void DescribeConfig(KeyVisitor& visitor, Config& config);

}  // namespace hostscope::app
