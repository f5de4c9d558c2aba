#include "dataplane/snapshot.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace hostscope::dataplane {
namespace {

void AddTo(PortStatus& port, const QueueCounters& queue) {
  for (std::size_t i = 0; i < FrameCounters::kSize; ++i) {
    const auto outcome = static_cast<FrameOutcome>(i);
    port.frames.Add(outcome, queue.frames.Get(outcome));
  }
  port.replies += queue.replies.Get();
  port.replies_failed += queue.replies_failed.Get();
  port.replies_limited += queue.replies_limited.Get();
  port.announcements += queue.announcements.Get();
  port.scattered += queue.scattered.Get();
}

std::vector<QueueStatus> QueuesOf(const std::vector<std::uint16_t>& port_ids,
                                  const std::vector<std::unique_ptr<const WorkerBooks>>& workers) {
  std::vector<QueueStatus> queues;
  for (std::size_t worker = 0; worker < workers.size(); ++worker) {
    for (const QueueBooks& books : workers[worker]->queues) {
      const auto port = std::ranges::find(port_ids, books.port) - port_ids.begin();
      queues.push_back({static_cast<std::size_t>(port), books.queue, worker, books.counters});
    }
  }
  std::ranges::sort(queues, {}, [](const QueueStatus& queue) { return std::tuple(queue.port, queue.queue); });
  return queues;
}

}  // namespace

DataplaneSnapshot MakeSnapshot(DataplaneStatus status, const std::vector<std::uint16_t>& port_ids,
                               std::vector<std::unique_ptr<const WorkerBooks>> workers) {
  DataplaneSnapshot snapshot{std::move(status), QueuesOf(port_ids, workers), std::move(workers)};
  for (PortStatus& port : snapshot.status.ports) {
    port.frames = {};
    port.replies = port.replies_failed = port.replies_limited = 0;
    port.announcements = port.scattered = 0;
    port.fragments = {};
  }
  for (const QueueStatus& queue : snapshot.queues) AddTo(snapshot.status.ports[queue.port], queue.counters);
  for (std::size_t i = 0; i < snapshot.workers.size(); ++i) {
    const WorkerBooks& books = *snapshot.workers[i];
    WorkerStatus& worker = snapshot.status.workers[i];
    for (const FragmentBooks& fragments : books.fragments) {
      const auto port = std::ranges::find(port_ids, fragments.port) - port_ids.begin();
      snapshot.status.ports[static_cast<std::size_t>(port)].fragments += fragments.counters;
    }
    worker.accounting = &books.accounting;
    worker.aggregator = &books.aggregator;
    if (worker.spread != nullptr) worker.spread = &books.spread;
    worker.exporters = static_cast<std::uint32_t>(books.exporters.size());
  }
  return snapshot;
}

}  // namespace hostscope::dataplane
