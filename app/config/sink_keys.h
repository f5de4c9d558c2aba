#pragma once

#include "app/config/config.h"
#include "app/config/key_visitor.h"

namespace hostscope::app {

/// The keys of `sinks` and `raw_flows`.
void DescribeSinks(KeyVisitor& visitor, SinksConfig& sinks);
void DescribeRawFlows(KeyVisitor& visitor, RawFlowsConfig& flows);

}  // namespace hostscope::app
