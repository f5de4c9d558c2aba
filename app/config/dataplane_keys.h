#pragma once

#include "app/config/config.h"
#include "app/config/key_visitor.h"

namespace hostscope::app {

/// The keys of `ports`, `dpdk`, `fragments` and `cores`.
void DescribePorts(KeyVisitor& visitor, std::vector<dataplane::PortConfig>& ports);
void DescribeDpdk(KeyVisitor& visitor, dataplane::EalConfig& eal);
void DescribeFragments(KeyVisitor& visitor, dataplane::FragmentConfig& fragments);
void DescribeCores(KeyVisitor& visitor, dataplane::DataplaneConfig& config);

}  // namespace hostscope::app
