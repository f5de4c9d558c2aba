#include "dataplane/cpu_plan.h"

#include <algorithm>
#include <stdexcept>

namespace hostscope::dataplane {
namespace {

bool Contains(const std::vector<unsigned>& cpus, unsigned cpu) {
  return std::ranges::find(cpus, cpu) != cpus.end();
}

void CheckCpus(const std::vector<unsigned>& cpus, const std::vector<unsigned>& allowed,
               const std::string& what) {
  std::vector<unsigned> seen;
  for (const unsigned cpu : cpus) {
    if (!Contains(allowed, cpu)) {
      throw std::runtime_error(what + " CPU " + std::to_string(cpu) + ": this process may not use it");
    }
    if (Contains(seen, cpu))
      throw std::runtime_error(what + " CPU " + std::to_string(cpu) + " is named twice");
    seen.push_back(cpu);
  }
}

}  // namespace

CpuPlan PlanCpus(const DataplaneConfig& config, const std::vector<unsigned>& allowed,
                 std::vector<std::string>& warnings) {
  CheckCpus(config.worker_cpus, allowed, "worker");
  CheckCpus(config.control_cpus, allowed, "control");
  std::size_t queues = 0;
  for (const PortConfig& port : config.ports) queues += port.queues;

  CpuPlan plan{config.worker_cpus, config.control_cpus};
  if (plan.workers.empty()) {
    for (const unsigned cpu : allowed) {
      if (!Contains(plan.control, cpu)) plan.workers.push_back(cpu);
    }
    // The first CPU takes the machine's interrupts and housekeeping, and our other threads.
    if (plan.control.empty() && plan.workers.size() > 1) plan.workers.erase(plan.workers.begin());
    if (plan.workers.empty()) plan.workers.push_back(allowed.back());
    plan.workers.resize(std::min(plan.workers.size(), std::max<std::size_t>(queues, 1)));
  } else if (plan.workers.size() > queues && queues > 0) {
    warnings.push_back(std::to_string(plan.workers.size()) + " workers for " + std::to_string(queues) +
                       " receive queues: only that many are started");
    plan.workers.resize(queues);
  }
  if (plan.control.empty()) {
    for (const unsigned cpu : allowed) {
      if (!Contains(plan.workers, cpu)) plan.control.push_back(cpu);
    }
    if (plan.control.empty()) plan.control.push_back(allowed.front());
  }
  return plan;
}

}  // namespace hostscope::dataplane
