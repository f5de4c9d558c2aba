#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "ipfix/data_job.h"

struct rte_mbuf;

namespace hostscope::dataplane {

/// Jobs on their way from one worker (the giver) to another (the taker) and back. The places are a ring that
/// both walk round: the giver fills a place, the taker does the job where it stands, the giver takes its
/// result and uses the place again. So one ring is queue, way back and pool in one, and each side writes one
/// index. Wait-free on both sides. See bench/handout_bench.cpp for what it costs beside two DPDK rings and a
/// mempool.
class JobRing {
 public:
  struct Place {
    ipfix::DataJob job;
    rte_mbuf* mbuf = nullptr;  ///< holds the job's bytes; the giver's to free
  };

  /// Enough that the taker has work until the giver comes by again, and little enough that work is spread
  /// evenly.
  static constexpr std::size_t kPlaces = 32;

  // The giver's side.

  /// The next free place, or null. Stays the same until Give().
  Place* FreePlace() noexcept { return given_ - taken_back_ == kPlaces ? nullptr : &At(given_); }
  /// Hands over what FreePlace() returned.
  void Give() noexcept { given_published_.store(++given_, std::memory_order_release); }
  /// The oldest place whose job is done and not taken back yet, or null.
  const Place* DonePlace() noexcept {
    if (taken_back_ == done_seen_) done_seen_ = done_published_.load(std::memory_order_acquire);
    return taken_back_ == done_seen_ ? nullptr : &At(taken_back_);
  }
  /// What DonePlace() returned is free again.
  void TakeBack() noexcept { ++taken_back_; }
  /// Jobs given and not taken back.
  std::size_t under_way() const noexcept { return given_ - taken_back_; }

  // The taker's side.

  /// The oldest job that is not done, or null. Whatever was given before something that the giver published
  /// otherwise is there once that is seen.
  Place* NextJob() noexcept {
    if (done_ == given_seen_) given_seen_ = given_published_.load(std::memory_order_acquire);
    return done_ == given_seen_ ? nullptr : &At(done_);
  }
  /// The same, asking again whether there is one behind those known of.
  Place* NextJobNow() noexcept {
    given_seen_ = given_published_.load(std::memory_order_acquire);
    return done_ == given_seen_ ? nullptr : &At(done_);
  }
  /// The one behind NextJob(), if it is known of already: to be prefetched.
  const Place* JobAfter() noexcept { return given_seen_ - done_ < 2 ? nullptr : &At(done_ + 1); }
  /// What NextJob() returned is done.
  void Done() noexcept { done_published_.store(++done_, std::memory_order_release); }

 private:
  Place& At(std::uint32_t index) noexcept { return places_[index % kPlaces]; }

  // Indices only grow, and wrap with their type. What one side writes is in lines that the other does not
  // write.
  alignas(64) std::uint32_t given_ = 0;  ///< giver
  std::uint32_t taken_back_ = 0;         ///< giver
  std::uint32_t done_seen_ = 0;          ///< giver: done_published_ when it last looked
  alignas(64) std::atomic<std::uint32_t> given_published_{0};
  alignas(64) std::uint32_t done_ = 0;  ///< taker
  std::uint32_t given_seen_ = 0;        ///< taker: given_published_ when it last looked
  alignas(64) std::atomic<std::uint32_t> done_published_{0};
  alignas(64) std::array<Place, kPlaces> places_;
};

}  // namespace hostscope::dataplane
