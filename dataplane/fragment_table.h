#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/fragment_counters.h"
#include "ipfix/fragment_header.h"

struct rte_ip_frag_death_row;
struct rte_ip_frag_tbl;
struct rte_mbuf;
struct rte_mempool;

namespace hostscope::dataplane {

/// Puts datagrams together with DPDK's IP reassembly, which keeps at most eight fragments of a datagram.
/// Needs the EAL. One thread; never allocates but when constructed.
///
/// The clock that DPDK is given counts fragments: a datagram has to be complete before `max_held` more
/// fragments have come. So the table can't be full, a flood displaces what is oldest and not what is new, and
/// the buffers in use are bounded by that number too. Real time comes in with Tick().
class FragmentTable {
 public:
  /// Throws std::runtime_error where there is no memory.
  FragmentTable(std::size_t max_held, std::size_t timeout_seconds, int socket);
  ~FragmentTable();
  FragmentTable(const FragmentTable&) = delete;
  FragmentTable& operator=(const FragmentTable&) = delete;

  static constexpr std::size_t kMaxFragments = 8;
  /// What one takes of DPDK's memory, its buffers not included.
  static std::size_t NeededBytes(std::size_t max_held) noexcept;

  /// Takes `fragment`, which Copy() made. The whole datagram, its IP header at the start of the first of its
  /// buffers, when it is complete: the caller's to free.
  rte_mbuf* Add(rte_mbuf* fragment, FragmentCounters& counters) noexcept;
  /// To be called once a second: drops what has been incomplete for `timeout_seconds`, up to a second more.
  void Tick(FragmentCounters& counters) noexcept;
  /// Drops everything.
  void Clear(FragmentCounters& counters) noexcept;

  /// A fragment in a buffer of its own, with no more header than it needs, so that it takes no more room than
  /// the frame did; null where `pool` is empty. `fragment` is possible. Any thread.
  static rte_mbuf* Copy(const Fragment& fragment, rte_mempool* pool) noexcept;
  static bool IsFirst(const rte_mbuf* fragment) noexcept;

 private:
  FragmentDrop WhyDropped(const rte_mbuf* fragment) const noexcept;
  void DropOlderThan(std::uint64_t tick, FragmentDrop reason, FragmentCounters& counters) noexcept;
  void DropAll(FragmentDrop reason, FragmentCounters& counters) noexcept;

  std::uint64_t max_age_;               ///< in fragments
  std::uint64_t tick_ = 1;              ///< the last fragment's number
  std::vector<std::uint64_t> tick_at_;  ///< of the last seconds, a ring
  std::size_t second_ = 0;
  rte_ip_frag_tbl* table_;
  std::unique_ptr<rte_ip_frag_death_row> dead_;
};

}  // namespace hostscope::dataplane
