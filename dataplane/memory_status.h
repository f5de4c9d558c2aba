#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct rte_mempool;

namespace hostscope::dataplane {

/// Packet buffers of one port, over its queues.
struct BufferPoolStatus {
  std::string device;
  std::uint64_t buffers = 0;
  std::uint64_t in_use = 0;  ///< with the NIC, a worker, or a table of fragments
  std::uint64_t bytes = 0;   ///< of all, used or not
};

/// Memory that the EAL manages.
struct MemoryStatus {
  bool is_in_hugepages = false;
  std::uint64_t reserved_bytes = 0;  ///< taken from the system, over all NUMA nodes
  std::uint64_t used_bytes = 0;      ///< of these: pools, rings, drivers
  std::vector<BufferPoolStatus> pools;
};

/// All but `pools`. Takes the EAL's locks: for a control thread, some times a second at most.
MemoryStatus ReadMemory();
void AddPool(BufferPoolStatus& status, const rte_mempool& pool);

}  // namespace hostscope::dataplane
