#include "dataplane/eal.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <sched.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "dataplane/port_fragments.h"
#include "dataplane/port_sizes.h"

namespace hostscope::dataplane {
namespace {

// What the EAL, ethdev and drivers take besides the packet buffers: measured at 20 to 30 MiB, and a reserve.
constexpr std::size_t kBaseMib = 64;

std::string CpuList(const std::vector<unsigned>& cpus) {
  std::string list;
  for (const unsigned cpu : cpus) {
    if (!list.empty()) list += ',';
    list += std::to_string(cpu);
  }
  return list;
}

std::string LcoreMap(const Eal::Options& options) {
  std::string map = "0@(";
  map.append(CpuList(options.control_cpus)).append(")");
  for (std::size_t i = 0; i < options.worker_cpus.size(); ++i) {
    map.append(",").append(std::to_string(Eal::LcoreOfWorker(i)));
    map.append("@").append(std::to_string(options.worker_cpus[i]));
  }
  return map;
}

bool UseHugepages(Hugepages wish, std::size_t needed_mib, std::size_t free_mib,
                  std::vector<std::string>& warnings) {
  if (wish == Hugepages::kNever) return false;
  if (free_mib >= needed_mib) return true;
  const std::string shortage = std::to_string(needed_mib) + " MiB of hugepages are needed, " +
                               std::to_string(free_mib) + " MiB are free";
  if (wish == Hugepages::kRequire) throw std::runtime_error(shortage);
  warnings.push_back(shortage + ": packet buffers use ordinary pages, which is slower");
  return false;
}

cpu_set_t Affinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) {
    throw std::system_error(errno, std::generic_category(), "sched_getaffinity");
  }
  return set;
}

std::vector<unsigned> Listed(const cpu_set_t& set) {
  std::vector<unsigned> cpus;
  for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

std::size_t ReadNumber(const std::filesystem::path& file) {
  std::size_t number = 0;
  std::ifstream(file) >> number;
  return number;
}

}  // namespace

std::vector<unsigned> AllowedCpus() {
  return Listed(Affinity());
}

std::vector<unsigned> UsableCpus() {
  const cpu_set_t before = Affinity();
  cpu_set_t all;
  CPU_ZERO(&all);
  for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) CPU_SET(cpu, &all);
  // The kernel takes of them what there is and what our control group has.
  if (sched_setaffinity(0, sizeof(all), &all) != 0) return Listed(before);
  const cpu_set_t usable = Affinity();
  sched_setaffinity(0, sizeof(before), &before);
  return Listed(usable);
}

std::size_t PortMib(const DataplaneConfig& config, const PortConfig& port) noexcept {
  return BufferMib(port) + PortFragments::NeededMib(config.fragments, BufferRoom(port));
}

std::size_t EalMemoryMib(const DataplaneConfig& config) {
  if (config.eal.memory_mib != 0) return config.eal.memory_mib;
  std::size_t mib = kBaseMib;
  for (const PortConfig& port : config.ports) mib += PortMib(config, port);
  return mib;
}

std::size_t FreeHugepageMib() {
  const std::filesystem::path root = "/sys/kernel/mm/hugepages";
  constexpr std::string_view kPrefix = "hugepages-";
  std::size_t kib = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(root, error)) {
    const std::string name = entry.path().filename();  // hugepages-2048kB
    if (!name.starts_with(kPrefix)) continue;
    kib += std::strtoul(name.c_str() + kPrefix.size(), nullptr, 10) *
           ReadNumber(entry.path() / "free_hugepages");
  }
  return kib / 1024;
}

std::vector<std::string> EalArguments(const Eal::Options& options, std::size_t free_hugepage_mib,
                                      std::vector<std::string>& warnings) {
  const std::size_t memory =
      options.config.memory_mib != 0 ? options.config.memory_mib : options.needed_mib + kBaseMib;
  std::vector<std::string> arguments{"hostscope", "--lcores=" + LcoreMap(options), "--main-lcore=0"};
  if (!options.config.telemetry) arguments.emplace_back("--no-telemetry");
  if (UseHugepages(options.config.hugepages, memory, free_hugepage_mib, warnings)) {
    arguments.insert(arguments.end(), {"--in-memory", "-m", std::to_string(memory)});
  } else {
    arguments.insert(arguments.end(),
                     {"--no-huge", "--no-shconf", "--iova-mode=va", "-m", std::to_string(memory)});
  }
  if (options.pci_devices.empty()) arguments.push_back("--no-pci");
  for (const std::string& device : options.pci_devices) arguments.insert(arguments.end(), {"-a", device});
  std::ranges::copy(options.config.arguments, std::back_inserter(arguments));
  return arguments;
}

Eal::Eal(const Options& options, std::vector<std::string>& warnings) {
  if (options.worker_cpus.size() + 1 > RTE_MAX_LCORE) {
    throw std::runtime_error(std::to_string(options.worker_cpus.size()) +
                             " workers; DPDK was built for at most " + std::to_string(RTE_MAX_LCORE - 1));
  }
  std::vector<std::string> arguments = EalArguments(options, FreeHugepageMib(), warnings);
  std::vector<char*> argv;
  argv.reserve(arguments.size());
  for (std::string& argument : arguments) argv.push_back(argument.data());
  // Before rte_eal_init(): else it logs to standard output, which belongs to host records. What it says of
  // itself at level NOTICE and below is of no use to an operator; failures reach the caller as exceptions,
  // and this as detail.
  rte_openlog_stream(stderr);
  rte_log_set_global_level(RTE_LOG_WARNING);
  if (rte_eal_init(static_cast<int>(argv.size()), argv.data()) < 0) {
    throw std::runtime_error(std::string("DPDK did not start: ") + rte_strerror(rte_errno));
  }
}

Eal::~Eal() {
  rte_eal_cleanup();
}

int Eal::NodeOfWorker(std::size_t worker) noexcept {
  return static_cast<int>(rte_lcore_to_socket_id(LcoreOfWorker(worker)));
}

void Eal::Launch(std::size_t worker, int (*run)(void*), void* argument) {
  if (const int error = rte_eal_remote_launch(run, argument, LcoreOfWorker(worker)); error != 0) {
    throw std::runtime_error("worker " + std::to_string(worker) + " did not start: " + rte_strerror(-error));
  }
}

void Eal::Join(std::size_t worker) noexcept {
  rte_eal_wait_lcore(LcoreOfWorker(worker));
}

void Eal::MakeAt(std::size_t worker, const std::function<void()>& make) {
  struct Call {
    const std::function<void()>& make;
    std::exception_ptr error;
  } call{make, nullptr};
  const auto run = [](void* argument) {
    auto& given = *static_cast<Call*>(argument);
    try {
      given.make();
    } catch (...) {
      given.error = std::current_exception();
    }
    return 0;
  };
  Launch(worker, run, &call);
  Join(worker);
  if (call.error) std::rethrow_exception(call.error);
}

}  // namespace hostscope::dataplane
