#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "dataplane/config.h"

namespace hostscope::dataplane {

/// Which CPU does what.
struct CpuPlan {
  std::vector<unsigned> workers;
  std::vector<unsigned> control;
};

/// The plan for `config` on a machine where this process may use `allowed` (ascending, not empty). Without
/// `spread`, no more workers than there are queues: one without a queue would only keep a CPU busy. Throws
/// std::runtime_error for a CPU that is not allowed or is named twice.
CpuPlan PlanCpus(const DataplaneConfig& config, const std::vector<unsigned>& allowed,
                 std::vector<std::string>& warnings);

}  // namespace hostscope::dataplane
