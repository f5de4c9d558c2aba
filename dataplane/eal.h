#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "dataplane/config.h"

namespace hostscope::dataplane {

/// DPDK's environment abstraction layer, once per process: its memory, and one pinned thread for each worker.
/// Files and sockets are never left behind (--in-memory), no device is touched that is not in the
/// configuration, and nothing is written to standard output. Control threads only.
class Eal {
 public:
  struct Options {
    EalConfig config;
    std::vector<unsigned> worker_cpus;     ///< worker i runs on lcore i + 1; at least one
    std::vector<unsigned> control_cpus;    ///< of the calling thread, and of all that it starts; at least one
    std::vector<std::string> pci_devices;  ///< the only ones that are probed
    std::size_t needed_mib = 0;            ///< for packet buffers, when config.memory_mib is 0
  };

  /// Throws std::runtime_error that says what failed. Adds to `warnings` what works less well than it could.
  Eal(const Options& options, std::vector<std::string>& warnings);
  ~Eal();
  Eal(const Eal&) = delete;
  Eal& operator=(const Eal&) = delete;

  static unsigned LcoreOfWorker(std::size_t worker) noexcept { return static_cast<unsigned>(worker) + 1; }

  /// NUMA node of a worker's CPU.
  static int NodeOfWorker(std::size_t worker) noexcept;
  /// Starts `run(argument)` on the worker's lcore. Throws std::runtime_error.
  static void Launch(std::size_t worker, int (*run)(void*), void* argument);
  /// Waits until it returns.
  static void Join(std::size_t worker) noexcept;
  /// Calls `make` on the worker's lcore, and waits: memory that it takes and touches there is of the worker's
  /// NUMA node. Throws what it throws.
  static void MakeAt(std::size_t worker, const std::function<void()>& make);
};

/// The CPUs that the calling thread runs on, ascending.
std::vector<unsigned> AllowedCpus();
/// Those that it may be put on: also CPUs that the kernel keeps free of others (isolcpus).
std::vector<unsigned> UsableCpus();

/// Memory that the EAL takes for one port: its packet buffers, and its fragments.
std::size_t PortMib(const DataplaneConfig& config, const PortConfig& port) noexcept;
/// Memory that the EAL takes for all ports and itself.
std::size_t EalMemoryMib(const DataplaneConfig& config);

/// The EAL's command line, and whether it uses hugepages; `free_hugepage_mib` is what the machine has. Apart,
/// so that the choice can be tested without starting anything.
std::vector<std::string> EalArguments(const Eal::Options& options, std::size_t free_hugepage_mib,
                                      std::vector<std::string>& warnings);

/// Free hugepages of all sizes.
std::size_t FreeHugepageMib();

}  // namespace hostscope::dataplane
