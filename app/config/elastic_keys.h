#pragma once

#include "app/config/config.h"
#include "app/config/key_visitor.h"

namespace hostscope::app {

/// The keys of one item of `sinks.elasticsearch`.
void DescribeElastic(KeyVisitor& visitor, ElasticConfig& sink);
/// One as people would have it.
ElasticConfig ExampleElastic();

}  // namespace hostscope::app
