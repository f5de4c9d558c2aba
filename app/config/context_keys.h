#pragma once

#include "app/config/config.h"
#include "app/config/key_visitor.h"

namespace hostscope::app {

/// The keys of `context`.
void DescribeContext(KeyVisitor& visitor, ContextConfig& config);

}  // namespace hostscope::app
