#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <vector>

#include "dataplane/job_ring.h"
#include "dataplane/spread_counters.h"
#include "ipfix/time.h"

namespace hostscope::dataplane {

/// What workers that spread their queues share. Nothing in it is ever locked or waited for without bound.
///
/// A worker gives jobs away while one of its queues is loaded. As long as it does, it publishes its
/// watermark: the time of its loop, before which it has given away everything. A worker closes a window only
/// when every watermark is beyond the window's end and no job that arrived before is left in its rings. A
/// worker that gives nothing away holds nobody up: its watermark is kIdle. Before it starts again it
/// publishes a real one and then looks where the others' windows stand; a worker that closes a window first
/// says so and then reads the watermarks. Both are sequentially consistent, so that one of the two always
/// sees the other.
class SpreadBoard {
 public:
  static constexpr std::int64_t kIdle = std::numeric_limits<std::int64_t>::max();

  /// `gives[i]`: worker i has queues of its own. `make_at(i, make)` calls `make` where memory is to be that
  /// of worker i, who gives.
  using MakeAt = std::function<void(std::size_t, const std::function<void()>&)>;
  explicit SpreadBoard(
      const std::vector<bool>& gives,
      const MakeAt& make_at = [](std::size_t, const std::function<void()>& make) { make(); });

  struct alignas(64) Worker {
    std::atomic<std::int64_t> watermark{kIdle};  ///< giver: ns
    std::atomic<bool> has_stopped{false};        ///< giver: will give nothing any more
    /// Taker: takes nothing that arrived before, ns.
    alignas(64) std::atomic<std::int64_t> not_before{std::numeric_limits<std::int64_t>::min()};
    std::atomic<bool> is_loaded{false};  ///< taker: its own queues take all its time
  };

  std::size_t size() const noexcept { return workers_.size(); }
  Worker& worker(std::size_t index) noexcept { return workers_[index]; }
  /// Null where `giver` has no queues, or is `taker`.
  JobRing* ring(std::size_t giver, std::size_t taker) noexcept {
    return rings_[giver * size() + taker].get();
  }

 private:
  std::vector<Worker> workers_;
  std::vector<std::unique_ptr<JobRing>> rings_;
};

/// One worker's side of the board, as giver and as taker. The worker's thread.
class Spreader {
 public:
  Spreader(SpreadBoard& board, std::size_t self);

  // Giver.

  /// At the start of each loop, whose time is `now`.
  void StartLoop(ReceiveTime now) noexcept {
    if (is_giving_) mine_.watermark.store(now.ns, std::memory_order_release);
  }
  /// A queue is loaded: FreePlace() will give places.
  void StartGiving(ReceiveTime now) noexcept;
  /// No queue was loaded in this loop.
  void StopGiving() noexcept;
  /// For good; also where the worker never ran.
  void End() noexcept;
  bool is_giving() const noexcept { return is_giving_; }

  /// A place for a job that arrived `now`, or null: then the worker does it by itself.
  JobRing::Place* FreePlace(ReceiveTime now) noexcept;
  /// Hands over the place, which was FreePlace()'s last one.
  void Give() noexcept;
  /// Calls `finish(place)` for every job that is done.
  template <typename Finish>
  void TakeBack(Finish finish) noexcept {
    for (JobRing* ring : to_) {
      while (const JobRing::Place* place = ring->DonePlace()) {
        finish(*place);
        ring->TakeBack();
        --under_way_;
      }
    }
  }
  std::size_t under_way() const noexcept { return under_way_; }

  // Taker.

  void SetLoaded(bool is_loaded) noexcept;
  /// The rings that jobs come in; one of them with jobs that arrived in order of time.
  const std::vector<JobRing*>& incoming() const noexcept { return from_; }
  /// The time before which everything that this worker will get has been done, at most `now`. Nothing that
  /// arrived before `not_before`, the start of the window at `now`, will be given from now on by those who
  /// give nothing yet.
  ReceiveTime Horizon(ReceiveTime now, ReceiveTime not_before) noexcept;
  /// Everything that this worker gave is back, and it will get nothing more.
  bool IsOver() noexcept;

  SpreadCounters& counters() noexcept { return counters_; }
  const SpreadCounters& counters() const noexcept { return counters_; }

 private:
  SpreadBoard& board_;
  SpreadBoard::Worker& mine_;
  std::size_t self_;
  std::vector<JobRing*> from_;
  std::vector<JobRing*> to_;                  ///< empty where it has no queues
  std::vector<SpreadBoard::Worker*> takers_;  ///< of to_
  std::vector<std::int64_t> not_before_;      ///< of to_, as it was when giving started
  std::size_t next_ = 0;                      ///< in to_: who gets the next job, if it can
  std::size_t under_way_ = 0;
  bool is_giving_ = false;
  bool is_loaded_ = false;
  SpreadCounters counters_;
};

}  // namespace hostscope::dataplane
