#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "aggregator/worker_aggregator.h"
#include "dataplane/clock.h"
#include "dataplane/clock_steps.h"
#include "dataplane/frame_outcome.h"
#include "dataplane/frame_tap.h"
#include "dataplane/handover.h"
#include "dataplane/notice_ring.h"
#include "dataplane/policy_handover.h"
#include "dataplane/port_fragments.h"
#include "dataplane/reply_budget.h"
#include "dataplane/snapshot_box.h"
#include "dataplane/spread.h"
#include "dataplane/worker_books.h"
#include "ipfix/counter.h"
#include "ipfix/decoder.h"
#include "ipfix/job_reader.h"

struct rte_mbuf;

namespace hostscope::dataplane {

class Announcer;
class FrameClassifier;

/// One RX queue as its worker sees it.
struct RxQueue {
  std::uint16_t port = 0;  ///< DPDK's number
  std::uint16_t queue = 0;
  bool can_answer = false;  ///< TX queue of the same number is this worker's too
  const FrameClassifier* classifier = nullptr;
  /// What the NIC lost, so far, of a port whose losses this worker puts into its windows' records; else null.
  /// Kept up to date by a control thread.
  const Counter* nic_drops = nullptr;
  QueueCounters* counters = nullptr;
  PortFragments* fragments = nullptr;  ///< the port's
  Announcer* announcer = nullptr;      ///< the port's, where this is its first queue
  ReplyBudget resolutions;
  ReplyBudget echoes;
};

/// How a worker's loop fares. Written by the worker, read by any thread.
struct LoopGauges {
  std::atomic<double> busy_share{0};        ///< of the last second: time in loops that found a frame
  std::atomic<std::int64_t> longest_ns{0};  ///< the longest loop of the last second
  std::atomic<std::int64_t> longest_ever_ns{0};
  std::atomic<std::uint64_t> beats{0};  ///< grows by one about once a second, while the loop runs
};

/// A pinned run-to-completion loop: polls its queues, decodes in place, counts into its own host table,
/// closes its windows on time, with or without traffic. While a queue is loaded it gives data sets away to
/// workers that are not, and what they give away it reads into its own table. Constructed on its
/// lcore, so that its memory is near, and destroyed on a control thread; Run() is the worker's.
class Worker final : private ipfix::DecoderObserver {
 public:
  struct Options {
    std::vector<RxQueue> queues;
    std::int64_t base_window_ns = 0;
    std::uint32_t idle_sleep_us = 0;
    std::uint64_t tsc_hz = 0;
    SpreadBoard* board = nullptr;             ///< null: it neither gives nor takes. Outlives the worker
    std::size_t index = 0;                    ///< among all workers
    FlowTap* tap = nullptr;                   ///< see ipfix::Decoder::SetTap()
    NoticeRing* notices = nullptr;            ///< what is to outlive the program; null: nothing
    const ClockSteps* clock_steps = nullptr;  ///< never null; outlives the worker
  };

  /// `table` is clean.
  Worker(const Options& options, const ipfix::Settings& settings,
         std::unique_ptr<aggregator::HostTable> table);
  ~Worker() override;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Until RequestStop(). Then closes the open window: see TakeLastPart().
  void Run() noexcept;
  /// Any thread.
  void RequestStop() noexcept { is_stopping_.store(true, std::memory_order_relaxed); }
  /// Instead of Run(), so that others don't wait for what it might give them.
  void WillNotRun() noexcept {
    if (spreader_) spreader_->End();
  }

  /// The merging thread's side of it.
  Handover& handover() noexcept { return handover_; }
  /// A control thread's side of it.
  PolicyHandover& policies() noexcept { return policies_; }
  /// Run() has come to its end: what was the worker's may be used by the thread that sees this.
  bool HasEnded() const noexcept { return has_ended_.load(std::memory_order_acquire); }
  /// After HasEnded(), once: the window that was open.
  std::optional<aggregator::WindowPart> TakeLastPart() noexcept;

  /// A control thread's side of it.
  FrameTap& frame_tap() noexcept { return frame_tap_; }

  /// Any thread.
  const ipfix::Accounting& accounting() const noexcept { return decoder_.accounting(); }
  const aggregator::AggregatorCounters& aggregator_counters() const noexcept {
    return aggregator_->counters();
  }
  std::uint32_t exporter_count() const noexcept { return decoder_.exporter_count(); }
  /// Null where it neither gives nor takes.
  const SpreadCounters* spread_counters() const noexcept {
    return spreader_ ? &spreader_->counters() : nullptr;
  }
  const LoopGauges& gauges() const noexcept { return gauges_; }
  /// Any thread, but one at a time: the books as they were between two loops, at most about a second ago.
  /// Valid until it is asked again.
  const WorkerBooks& LatestBooks() noexcept { return books_.Latest(); }
  /// Worker's thread, or any after HasEnded().
  const ipfix::Decoder& decoder() const noexcept { return decoder_; }

 private:
  static constexpr std::uint16_t kBurst = 32;
  /// The longest IP packet, since IPv6 doesn't count its header, behind Ethernet and as many tags as are
  /// walked.
  static constexpr std::uint32_t kLongestFrame = 14 + 8 * 4 + 40 + 65535;

  // In worker_frames.cpp.
  unsigned PollQueues(ReceiveTime now) noexcept;
  unsigned Poll(RxQueue& queue, ReceiveTime now) noexcept;
  /// With `is_kept` the buffer went on to another worker.
  FrameOutcome Handle(RxQueue& queue, rte_mbuf* mbuf, ReceiveTime now, bool& is_kept) noexcept;
  std::span<const std::uint8_t> InOnePiece(RxQueue& queue, const rte_mbuf* mbuf) noexcept;
  void Read(RxQueue& queue, rte_mbuf* whole, ReceiveTime now) noexcept;
  unsigned ReadJoined(ReceiveTime now) noexcept;
  JobRing::Place* PlaceFor(const ipfix::Datagram& datagram) noexcept;
  void Answer(RxQueue& queue, rte_mbuf* mbuf, FrameOutcome outcome, ReceiveTime now) noexcept;
  void ExporterAdmitted(const Address& address, std::uint16_t port) noexcept override;

  bool TemplateCame(const ipfix::TemplateNotice& notice) noexcept override {
    return notices_ == nullptr || notices_->Write(notice);
  }
  bool RateCame(const ipfix::RateNotice& notice) noexcept override {
    return notices_ == nullptr || notices_->Write(notice);
  }
  unsigned DoJobs(ReceiveTime now) noexcept;
  unsigned DoJobsOf(JobRing& ring, ReceiveTime now, ReceiveTime& arrival) noexcept;
  void TakeJobsBack() noexcept;
  /// Stopping: gives nothing any more. True once nothing is under way.
  bool HasFinishedJobs() noexcept;
  /// False where the window is over, but what belongs to it may still come: then nothing may be counted that
  /// belongs to the next one.
  bool CloseWindow(ReceiveTime now) noexcept;
  bool MustWait(ReceiveTime now, ReceiveTime& until) noexcept;
  void FollowClock(std::uint32_t steps) noexcept;
  void Housekeeping(std::uint64_t tsc) noexcept;
  void ChangePolicy() noexcept;
  void PublishBooks() noexcept;
  void Measure(std::uint64_t begin, std::uint64_t end, bool is_busy) noexcept;
  /// True if it slept.
  bool RestWhileIdle(std::uint64_t tsc, bool is_busy) noexcept;
  aggregator::SideTotals Totals() noexcept;
  std::int64_t TicksToNs(std::uint64_t ticks) const noexcept;

  Options options_;
  std::vector<RxQueue*> ports_;  ///< a queue of each port
  NoticeRing* notices_ = nullptr;
  PortFragments* current_ = nullptr;        ///< of the port that is polled
  std::unique_ptr<std::uint8_t[]> joined_;  ///< a frame or datagram that lies in several buffers
  PolicyHandover policies_;
  FrameTap frame_tap_;
  ipfix::Decoder decoder_;
  std::unique_ptr<aggregator::WorkerAggregator> aggregator_;
  Handover handover_;
  std::unique_ptr<aggregator::HostTable> spare_;
  std::optional<aggregator::WindowPart> last_part_;
  TscClock clock_;
  std::uint32_t clock_steps_ = 0;  ///< how many it has followed
  ClockSteps::State clock_state_;  ///< after them
  std::optional<Spreader> spreader_;
  ipfix::JobReader job_reader_;
  ReceiveTime waiting_since_;
  bool is_waiting_ = false;             ///< the window is over, but not closed yet
  bool is_overrun_ = false;             ///< it could not be closed, and takes what arrives
  std::uint32_t active_exporters_ = 0;  ///< of the open window, once it was due

  std::uint64_t second_began_;  ///< TSC
  std::uint64_t busy_ticks_ = 0;
  std::uint64_t longest_ticks_ = 0;
  std::uint64_t last_busy_;
  LoopGauges gauges_;
  SnapshotBox<WorkerBooks> books_;
  std::atomic<bool> has_ended_{false};
  alignas(64) std::atomic<bool> is_stopping_{false};
};

}  // namespace hostscope::dataplane
