#include "dataplane/memory_status.h"

#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_mempool.h>

namespace hostscope::dataplane {

MemoryStatus ReadMemory() {
  MemoryStatus status;
  status.is_in_hugepages = rte_eal_has_hugepages() != 0;
  for (unsigned i = 0; i < rte_socket_count(); ++i) {
    rte_malloc_socket_stats node;
    if (rte_malloc_get_socket_stats(rte_socket_id_by_idx(i), &node) != 0) continue;
    status.reserved_bytes += node.heap_totalsz_bytes;
    status.used_bytes += node.heap_allocsz_bytes;
  }
  return status;
}

void AddPool(BufferPoolStatus& status, const rte_mempool& pool) {
  status.buffers += pool.size;
  status.in_use += rte_mempool_in_use_count(&pool);
  status.bytes += std::uint64_t{pool.size} * (pool.header_size + pool.elt_size + pool.trailer_size);
}

}  // namespace hostscope::dataplane
