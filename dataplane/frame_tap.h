#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dataplane/byte_ring.h"
#include "ipfix/counter.h"
#include "ipfix/prefix.h"
#include "ipfix/time.h"

struct rte_mbuf;

namespace hostscope::dataplane {

/// Which received frames are copied, and how much of each.
struct CaptureFilter {
  std::optional<Prefix> source;  ///< of their IP packets; empty: all frames
  std::uint32_t snap_length = 65535;
};

/// A received frame, as it was on the wire: with the VLAN tag that the NIC took off.
struct CapturedFrame {
  ReceiveTime time;          ///< of the worker's loop, as that of the flow records in it
  std::uint16_t port = 0;    ///< DPDK's number
  std::uint32_t length = 0;  ///< on the wire; larger than `bytes` where it was cut
  std::vector<std::uint8_t> bytes;
};

/// Copies of frames on their way from one worker to a control thread: a ring of bytes with one producer and
/// one consumer. While it is off it costs the worker one load for each burst. Where the ring is full, frames
/// are not captured, and counted: nobody ever waits.
class FrameTap {
 public:
  static constexpr std::size_t kCapacity = std::size_t{8} << 20;

  // The control thread; one at a time.

  /// Starts anew with this filter: what was captured before is gone. Takes the ring's memory the first time.
  void Start(const CaptureFilter& filter);
  void Stop() noexcept { is_on_.store(false, std::memory_order_release); }
  /// The oldest frame. False: none now.
  bool Next(CapturedFrame& frame);
  /// Frames, since Start(), that found no room.
  std::uint64_t missed() const noexcept { return missed_.Get() - missed_before_; }

  // The worker.

  bool is_on() const noexcept { return is_on_.load(std::memory_order_acquire); }
  /// Only while is_on(). Before the frame is changed.
  void Take(const rte_mbuf& frame, std::uint16_t port, ReceiveTime now) noexcept;

 private:
  struct Header {
    ReceiveTime time;
    std::uint32_t captured;
    std::uint32_t length;
    std::uint32_t generation;
    std::uint16_t port;
  };
  bool Wants(const rte_mbuf& frame) const noexcept;

  // Written by the control thread while the worker may still be in Take() of the capture before: what that
  // puts in is of another generation.
  std::atomic<std::uint32_t> generation_{0};
  std::atomic<std::uint64_t> source_high_{0};
  std::atomic<std::uint64_t> source_low_{0};
  std::atomic<int> source_bits_{-1};  ///< -1: all frames
  std::atomic<std::uint32_t> snap_length_{0};
  Counter missed_;
  std::uint64_t missed_before_ = 0;
  std::atomic<bool> is_on_{false};
  ByteRing<kCapacity> ring_;
};

}  // namespace hostscope::dataplane
