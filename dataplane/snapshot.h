#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/dataplane.h"
#include "dataplane/worker_books.h"

namespace hostscope::dataplane {

struct QueueStatus {
  std::size_t port = 0;  ///< in DataplaneStatus::ports
  std::uint16_t queue = 0;
  std::size_t worker = 0;
  QueueCounters counters;
};

/// The books of all workers, of each as they were between two of its loops, at most about a second ago: so
/// that figures agree with each other, where those of DataplaneStatus may be a burst apart. What a NIC lost
/// is no worker's, and of now.
struct DataplaneSnapshot {
  DataplaneStatus status;           ///< leads into `workers`
  std::vector<QueueStatus> queues;  ///< by port and number; none before the workers start
  std::vector<std::unique_ptr<const WorkerBooks>> workers;
};

/// Puts the workers' books in the place of what `status` has of now; `port_ids` are DPDK's numbers of its
/// ports.
DataplaneSnapshot MakeSnapshot(DataplaneStatus status, const std::vector<std::uint16_t>& port_ids,
                               std::vector<std::unique_ptr<const WorkerBooks>> workers);

}  // namespace hostscope::dataplane
