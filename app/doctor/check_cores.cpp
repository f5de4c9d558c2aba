#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "app/doctor/checks.h"
#include "dataplane/cpu_plan.h"
#include "dataplane/port.h"

namespace hostscope::app {
namespace {

bool Contains(const std::vector<unsigned>& cpus, unsigned cpu) {
  return std::find(cpus.begin(), cpus.end(), cpu) != cpus.end();
}

std::vector<unsigned> Sorted(std::vector<unsigned> cpus) {
  std::sort(cpus.begin(), cpus.end());
  return cpus;
}

dataplane::CpuPlan PlanOf(const Config& config, const SystemView& system) {
  const std::vector<unsigned> affinity = ParseCpuList(system.Field("/proc/self/status", "Cpus_allowed_list"));
  if (affinity.empty()) throw std::runtime_error("/proc/self/status does not say which cores there are");
  // Cores that the kernel keeps free are not in a process's affinity, but it may go there.
  std::vector<unsigned> usable = system.CpuList("/sys/devices/system/cpu/online");
  if (usable.empty()) usable = affinity;
  std::vector<std::string> warnings;
  return dataplane::PlanCpus(config.dataplane, {affinity, usable}, warnings);
}

std::string Nodes(const std::vector<unsigned>& nodes) {
  return (nodes.size() == 1 ? "node " : "nodes ") + ToCpuList(nodes);
}

}  // namespace

void CheckCores(const Config& config, const SystemView& system, Findings& findings) {
  dataplane::CpuPlan plan;
  try {
    plan = PlanOf(config, system);
  } catch (const std::runtime_error& error) {
    findings.push_back({"cores", Verdict::kFail, error.what(),
                        "name cores of /sys/devices/system/cpu/online in `cores`, each once"});
    return;
  }
  const std::vector<unsigned> workers = Sorted(plan.workers);
  findings.push_back({"cores", Verdict::kOk,
                      "workers on " + ToCpuList(workers) + ", all else on " + ToCpuList(Sorted(plan.control)),
                      ""});
  if (config.dataplane.idle_sleep_us != 0) {
    findings.push_back(
        {"isolation", Verdict::kOk, "not needed: workers sleep when idle (cores.idle_sleep)", ""});
    return;
  }
  const std::vector<unsigned> isolated = system.CpuList("/sys/devices/system/cpu/isolated");
  std::vector<unsigned> shared;
  for (const unsigned cpu : workers) {
    if (!Contains(isolated, cpu)) shared.push_back(cpu);
  }
  if (shared.empty()) {
    findings.push_back({"isolation", Verdict::kOk, "the workers' cores are kept free of other work", ""});
    return;
  }
  const std::string list = ToCpuList(workers);
  findings.push_back(
      {"isolation", Verdict::kWarn,
       "other work may run on the workers' cores " + ToCpuList(shared) + ", and frames be lost",
       "add to the kernel's command line and start again: isolcpus=managed_irq,domain," + list +
           " nohz_full=" + list + " rcu_nocbs=" + list});
}

void CheckNuma(const Config& config, const SystemView& system, Findings& findings) {
  const std::string root = "/sys/devices/system/node/";
  const std::vector<unsigned> nodes = system.CpuList(root + "online");
  if (nodes.size() < 2) {
    findings.push_back({"NUMA", Verdict::kOk, "one node", ""});
    return;
  }
  std::vector<unsigned> of_ports;
  for (const dataplane::PortConfig& port : config.dataplane.ports) {
    const std::string pci = dataplane::PciAddress(port.device);
    const auto node =
        pci.empty() ? std::nullopt : system.Number("/sys/bus/pci/devices/" + pci + "/numa_node");
    if (node && !Contains(of_ports, static_cast<unsigned>(*node)))
      of_ports.push_back(static_cast<unsigned>(*node));
  }
  of_ports = Sorted(of_ports);
  if (of_ports.empty()) {
    findings.push_back({"NUMA", Verdict::kOk, "no port is tied to a node", ""});
    return;
  }
  std::vector<unsigned> near;
  for (const unsigned node : of_ports) {
    for (const unsigned cpu : system.CpuList(root + "node" + std::to_string(node) + "/cpulist"))
      near.push_back(cpu);
  }
  std::vector<unsigned> far;
  try {
    for (const unsigned cpu : PlanOf(config, system).workers) {
      if (!Contains(near, cpu)) far.push_back(cpu);
    }
  } catch (const std::runtime_error&) {
    return;  // CheckCores() says so
  }
  if (far.empty()) {
    findings.push_back({"NUMA", Verdict::kOk, "ports and workers are on " + Nodes(of_ports), ""});
  } else {
    findings.push_back(
        {"NUMA", Verdict::kWarn,
         "ports are on " + Nodes(of_ports) + ", workers on cores elsewhere: " + ToCpuList(Sorted(far)),
         "choose `cores.workers` from " + ToCpuList(Sorted(near))});
  }
}

}  // namespace hostscope::app
