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

/// The CPUs of this process, ascending.
struct Cpus {
  std::vector<unsigned> allowed;  ///< where it runs if nothing is said: not empty
  std::vector<unsigned> usable;   ///< where it may be put: also those that the kernel keeps free (isolcpus)
};

/// The plan for `config`: CPUs that it names are of `usable`, all others of `allowed`. Without `spread`, no
/// more workers than there are queues: one without a queue would only keep a CPU busy. Throws
/// std::runtime_error for a CPU that is not usable or is named twice.
CpuPlan PlanCpus(const DataplaneConfig& config, const Cpus& cpus, std::vector<std::string>& warnings);

struct CpuNode {
  unsigned cpu = 0;
  int node = 0;  ///< NUMA
};
/// Warns of `workers` that read `device` from another NUMA node than `node`, the device's; -1 is near to all.
void WarnOfFarWorkers(const std::string& device, int node, const std::vector<CpuNode>& workers,
                      std::vector<std::string>& warnings);

}  // namespace hostscope::dataplane
