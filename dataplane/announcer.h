#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/neighbours.h"
#include "dataplane/worker_books.h"
#include "ipfix/counter.h"

struct rte_mempool;

namespace hostscope::dataplane {

/// Makes a port's addresses known when its link has come up: asks first whether another station has them, and
/// announces them one and two seconds later, unless one does. Tells of IPv6 groups once a minute, which also
/// keeps a switch from forgetting where the port is. Of the worker that has the port's first queue.
class Announcer {
 public:
  struct Options {
    std::uint16_t port = 0;  ///< DPDK's number; frames go out by its first TX queue
    rte_mempool* pool = nullptr;
    const Neighbours* neighbours = nullptr;
    std::vector<std::uint16_t> vlans;   ///< 0: untagged
    const Counter* link_ups = nullptr;  ///< times that the link came up
    std::span<QueueCounters> queues;    ///< of the port, whoever reads them; what goes out is in the first's
  };
  explicit Announcer(Options options) noexcept;

  /// About once a second.
  void Tick() noexcept;

 private:
  using Write = std::size_t (*)(const MacAddress&, const Address&, std::uint16_t,
                                std::span<std::uint8_t>) noexcept;
  /// Frames of the port, whatever queue they came on, by which another station claims an address.
  std::uint64_t Conflicts() const noexcept;
  void SendAll(Write write, bool is_ipv6_only = false) noexcept;
  void Send(Write write, const Address& address, std::uint16_t vlan) noexcept;

  Options options_;
  std::uint64_t link_ups_ = 0;   ///< those that were announced
  std::uint64_t conflicts_ = 0;  ///< before the probes
  unsigned seconds_ = 0;         ///< since then; up to a minute, again and again
};

}  // namespace hostscope::dataplane
