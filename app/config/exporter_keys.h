#pragma once

#include "app/config/config.h"
#include "app/config/key_visitor.h"

namespace hostscope::app {

/// The keys of `exporters` and `templates`.
void DescribeExporters(KeyVisitor& visitor, ipfix::Settings& settings);
void DescribeTemplates(KeyVisitor& visitor, ipfix::Settings& settings);

}  // namespace hostscope::app
