#include "dataplane/cpu_plan.h"

#include <algorithm>
#include <stdexcept>

namespace hostscope::dataplane {
namespace {

bool Contains(const std::vector<unsigned>& cpus, unsigned cpu) {
  return std::ranges::find(cpus, cpu) != cpus.end();
}

void CheckCpus(const std::vector<unsigned>& cpus, const std::vector<unsigned>& usable,
               const std::string& what) {
  std::vector<unsigned> seen;
  for (const unsigned cpu : cpus) {
    if (!Contains(usable, cpu)) {
      throw std::runtime_error(what + " CPU " + std::to_string(cpu) + ": this process may not use it");
    }
    if (Contains(seen, cpu))
      throw std::runtime_error(what + " CPU " + std::to_string(cpu) + " is named twice");
    seen.push_back(cpu);
  }
}

/// CPUs for workers where the configuration names none.
std::vector<unsigned> FreeCpus(const std::vector<unsigned>& allowed, const std::vector<unsigned>& control) {
  std::vector<unsigned> cpus;
  for (const unsigned cpu : allowed) {
    if (!Contains(control, cpu)) cpus.push_back(cpu);
  }
  // The first CPU takes the machine's interrupts, and our other threads.
  if (control.empty() && cpus.size() > 1) cpus.erase(cpus.begin());
  if (cpus.empty()) cpus.push_back(allowed.back());
  return cpus;
}

}  // namespace

CpuPlan PlanCpus(const DataplaneConfig& config, const Cpus& cpus, std::vector<std::string>& warnings) {
  const std::vector<unsigned>& allowed = cpus.allowed;
  CheckCpus(config.worker_cpus, cpus.usable, "worker");
  CheckCpus(config.control_cpus, cpus.usable, "control");
  CpuPlan plan{config.worker_cpus, config.control_cpus};
  std::size_t wanted = plan.workers.size();
  if (plan.workers.empty()) {
    plan.workers = FreeCpus(allowed, plan.control);
    wanted = config.worker_count;
    if (wanted > plan.workers.size()) {
      throw std::runtime_error(std::to_string(wanted) + " workers; there are CPUs for " +
                               std::to_string(plan.workers.size()));
    }
    if (wanted != 0) plan.workers.resize(wanted);
  }
  std::size_t queues = 0;
  for (const PortConfig& port : config.ports) queues += port.queues;
  queues = std::max<std::size_t>(queues, 1);
  // One without a queue helps those that have one.
  if (config.spread == Spread::kAuto) queues = plan.workers.size();
  if (wanted > queues) {
    warnings.push_back(std::to_string(wanted) + " workers for " + std::to_string(queues) +
                       " receive queues: only as many are started as there are queues");
  }
  plan.workers.resize(std::min(plan.workers.size(), queues));
  if (plan.control.empty()) {
    for (const unsigned cpu : allowed) {
      if (!Contains(plan.workers, cpu)) plan.control.push_back(cpu);
    }
    if (plan.control.empty()) plan.control.push_back(allowed.front());
  }
  return plan;
}

void WarnOfFarWorkers(const std::string& device, int node, const std::vector<CpuNode>& workers,
                      std::vector<std::string>& warnings) {
  if (node < 0) return;
  std::vector<unsigned> far;
  for (const CpuNode& worker : workers) {
    if (worker.node != node && !Contains(far, worker.cpu)) far.push_back(worker.cpu);
  }
  if (far.empty()) return;
  std::string cores;
  for (const unsigned cpu : far) cores += (cores.empty() ? "" : ", ") + std::to_string(cpu);
  warnings.push_back(device + ": is on NUMA node " + std::to_string(node) +
                     ", and read from another by workers on cores " + cores +
                     ": take cores of its node for cores.workers");
}

}  // namespace hostscope::dataplane
