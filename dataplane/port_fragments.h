#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dataplane/config.h"
#include "dataplane/fragment_counters.h"
#include "dataplane/fragment_table.h"

struct rte_mbuf;
struct rte_mempool;
struct rte_ring;

namespace hostscope::dataplane {

/// Fragments of the datagrams that one port receives. Where several workers read its queues, fragments of one
/// datagram may come on any of them (only the first has ports, and what a device spreads by is its own
/// affair), so all go to one worker, the joiner. The whole datagram goes on to the worker that knows its
/// exporter, and else to the one that received its first fragment.
///
/// Fragments are copied into buffers of their own, so that they hold up no receive queue. Nothing of this
/// concerns datagrams in one piece, but for a look at two rings in each loop of a worker. Constructed and
/// destroyed on a control thread while no worker runs; needs the EAL.
class PortFragments {
 public:
  struct Options {
    std::string name;                  ///< of the port's, for DPDK
    int socket = 0;                    ///< NUMA
    std::uint16_t buffer_room = 2176;  ///< of a receive buffer, as that of a fragment's
    std::vector<std::size_t> workers;  ///< that read its queues, each once; the first is the joiner
    std::size_t worker_count = 1;      ///< of all ports
  };
  /// Throws std::runtime_error.
  PortFragments(const FragmentConfig& config, const Options& options);
  ~PortFragments();
  PortFragments(const PortFragments&) = delete;
  PortFragments& operator=(const PortFragments&) = delete;

  /// What one takes of DPDK's memory.
  static std::size_t NeededMib(const FragmentConfig& config, std::size_t buffer_room) noexcept;

  // Workers; `worker` is the caller.

  /// A frame that is a fragment for the port. Not null: it completes a datagram that is the caller's to read,
  /// see FragmentTable::Add(), and to free.
  rte_mbuf* Take(std::size_t worker, std::span<const std::uint8_t> frame) noexcept;
  /// In each loop, until it gives nothing: whole datagrams that others completed or received parts of.
  rte_mbuf* Next(std::size_t worker) noexcept;
  /// `worker` reads what the exporter sends in one piece.
  void SetHome(std::size_t worker, const Address& exporter, std::uint16_t port) noexcept;
  /// About once a second.
  void Tick(std::size_t worker) noexcept;
  FragmentCounters& counters(std::size_t worker) noexcept { return counters_[worker]; }
  /// Several workers read the port: Next() has to be called.
  bool is_shared() const noexcept { return incoming_ != nullptr; }

  // Control threads.

  /// After all workers have ended: what is incomplete is dropped.
  void Clear() noexcept;
  FragmentCounters Total() const noexcept;

 private:
  struct RingDeleter {
    void operator()(rte_ring* ring) const noexcept;
  };
  using Ring = std::unique_ptr<rte_ring, RingDeleter>;
  static Ring MakeRing(unsigned size, unsigned flags);

  rte_mbuf* Join(rte_mbuf* fragment) noexcept;
  std::size_t HomeOf(const rte_mbuf* whole) const noexcept;
  std::atomic<std::uint64_t>& HomeEntry(std::uint64_t key) const noexcept;

  std::size_t joiner_;
  rte_mempool* pool_ = nullptr;
  std::unique_ptr<FragmentTable> table_;  ///< joiner
  Ring incoming_;                         ///< fragments, from any worker to the joiner
  std::vector<Ring> whole_;               ///< datagrams, from the joiner to worker i
  /// Which worker reads an exporter: the upper bits of a digest, and the worker. What falls into the same
  /// entry takes it, so memory is bounded; who has none is read where its first fragment came.
  std::unique_ptr<std::atomic<std::uint64_t>[]> homes_;
  std::vector<FragmentCounters> counters_;  ///< [worker]
};

}  // namespace hostscope::dataplane
