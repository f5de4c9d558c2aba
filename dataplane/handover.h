#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>

#include "aggregator/window_part.h"

struct rte_ring;

namespace hostscope::dataplane {

/// The way of window parts from one worker to the merging thread, and of clean tables back: DPDK rings with
/// one producer and one consumer each. Neither side ever waits for the other. Needs no EAL.
class Handover {
 public:
  Handover();
  ~Handover();
  Handover(const Handover&) = delete;
  Handover& operator=(const Handover&) = delete;

  /// Parts that may be on their way at once. The merger falls this many windows behind before a window has to
  /// stay open beyond its end.
  static constexpr std::size_t kMaxParts = 7;

  // The worker's side.

  /// Whether Send() would succeed; stays true until it is called.
  bool CanSend() noexcept;
  /// Precondition: CanSend().
  void Send(aggregator::WindowPart part) noexcept;
  /// A clean table, or null.
  std::unique_ptr<aggregator::HostTable> TakeTable() noexcept;

  // The merger's side.

  /// The oldest part that is on its way.
  std::optional<aggregator::WindowPart> Receive() noexcept;
  /// Whether the worker has no clean table in reserve.
  bool NeedsTable() const noexcept { return tables_in_reserve_ == 0; }
  /// Precondition: NeedsTable().
  void GiveTable(std::unique_ptr<aggregator::HostTable> table) noexcept;

 private:
  struct RingDeleter {
    void operator()(rte_ring* ring) const noexcept;
  };
  using Ring = std::unique_ptr<rte_ring, RingDeleter>;
  static Ring MakeRing();

  std::array<aggregator::WindowPart, kMaxParts> parts_;
  Ring free_;                                ///< places in parts_, towards the worker
  Ring closed_;                              ///< filled places, towards the merger
  Ring tables_;                              ///< towards the worker
  aggregator::WindowPart* place_ = nullptr;  ///< the worker's: taken from free_, not filled yet
  /// The merger's: given, less those that a received part shows to be in use.
  std::size_t tables_in_reserve_ = 0;
};

}  // namespace hostscope::dataplane
