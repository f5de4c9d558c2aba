#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "aggregator/merger.h"
#include "aggregator/window_part.h"
#include "aggregator/worker_aggregator.h"
#include "dataplane/config.h"
#include "dataplane/fragment_counters.h"
#include "dataplane/frame_outcome.h"
#include "dataplane/frame_tap.h"
#include "dataplane/memory_status.h"
#include "dataplane/notice_ring.h"
#include "dataplane/port.h"
#include "dataplane/spread_counters.h"
#include "ipfix/accounting.h"
#include "ipfix/decoder.h"
#include "ipfix/flow_tap.h"

namespace hostscope::dataplane {

struct PortStatus {
  std::string device;
  std::string driver;
  MacAddress mac{};
  Link link;                       ///< up to 0.1 s old
  std::uint64_t link_changes = 0;  ///< times that it went up or down since the start
  std::uint16_t mtu = 0;
  std::vector<std::string> offloads;  ///< what the device does of checksums, tags, scattering
  std::vector<std::string> rss;       ///< what it spreads by; empty: by nothing that we know of
  FrameCounters frames;               ///< over its queues: taken from them = the sum of all outcomes
  FragmentCounters fragments;
  NicDrops nic;  ///< lost before; up to 0.1 s old
  std::uint64_t replies = 0;
  std::uint64_t replies_failed = 0;
  std::uint64_t replies_limited = 0;
  std::uint64_t announcements = 0;
  std::uint64_t scattered = 0;  ///< frames that came in several buffers
};

struct WorkerStatus {
  unsigned cpu = 0;
  double busy_share = 0;             ///< of the last second
  std::int64_t longest_loop_ns = 0;  ///< in the last second
  std::int64_t longest_loop_ever_ns = 0;
  std::uint32_t exporters = 0;
  const ipfix::Accounting* accounting = nullptr;  ///< these live as long as the data plane
  const aggregator::AggregatorCounters* aggregator = nullptr;
  const SpreadCounters* spread = nullptr;  ///< null where workers don't help each other
};

/// The books of export datagrams over all ports and workers: received = decoded + the sum of dropped. Exact
/// once the data plane is stopped; before, apart from the bursts that are being worked on.
struct DatagramBooks {
  struct Drop {
    /// A decoder's outcome, "frame_" and a frame's, "fragment_" and what became of a datagram in fragments,
    /// or "nic_" and what the NIC says.
    std::string reason;
    std::string help;
    std::uint64_t count = 0;
  };
  std::uint64_t received = 0;
  std::uint64_t decoded = 0;
  std::vector<Drop> dropped;  ///< every reason, zero or not, always in the same order
};

/// What was done to the system's clock.
struct ClockStatus {
  std::uint64_t forward = 0;  ///< steps
  std::uint64_t backward = 0;
  std::int64_t last_step_ns = 0;
};

struct DataplaneStatus {
  ClockStatus clock;
  std::vector<PortStatus> ports;
  std::vector<WorkerStatus> workers;
  std::vector<ipfix::RuleStatus> rules;  ///< of exporters, over all workers; empty before Start()
};
struct DataplaneSnapshot;  // snapshot.h
DatagramBooks BooksOf(const DataplaneStatus& status);

/// A window part and the worker that it comes from.
struct WorkerPart {
  std::size_t worker = 0;
  aggregator::WindowPart part;
};

/// The receiving side as a whole: the EAL, ports, and pinned workers that decode and count. One per process.
/// Three kinds of thread: the one that constructs, starts, stops and destroys; the merging one; any, for the
/// status.
class Dataplane {
 public:
  /// Starts the EAL, which pins the calling thread (and all that it starts later) to the control CPUs, and
  /// opens the ports. Throws std::runtime_error that names every port that could not be opened, and why.
  explicit Dataplane(const DataplaneConfig& config);
  ~Dataplane();
  Dataplane(const Dataplane&) = delete;
  Dataplane& operator=(const Dataplane&) = delete;

  /// What works less well than it could, for the log.
  const std::vector<std::string>& warnings() const noexcept;
  std::size_t worker_count() const noexcept;

  /// Starts the workers, each with a table from `merger`, which was made for worker_count() workers. Once.
  /// Each worker shows every flow record to its own of `taps`, where there are any. Throws
  /// std::runtime_error.
  void Start(aggregator::Merger& merger, std::span<FlowTap* const> taps = {});
  /// Ends the workers within a few milliseconds. Their open windows come out of TakePart(). No effect if
  /// repeated.
  void Stop() noexcept;

  /// Merging thread: the next window part of any worker, those of one worker in time order. Null: none now;
  /// after Stop() has returned: none any more. To be called every few milliseconds, followed by
  /// SupplyTables().
  std::optional<WorkerPart> TakePart();
  /// Merging thread: gives each worker a clean table in reserve.
  void SupplyTables(aggregator::Merger& merger);

  /// Replaces who may send, and the settings of exporters: those parts of `settings` that Decoder::Adopt()
  /// takes. Each worker goes over within two seconds, or within half a minute where it is still busy with the
  /// change before. Any control thread, after Start().
  void SetExporters(const ipfix::Settings& settings);
  /// A control thread, always the same: what a worker's decoder has learned that is to outlive the program,
  /// where the configuration wants that; null: nothing now, or, after Stop(), nothing any more.
  std::optional<NoticeRing::Notice> TakeNotice();

  /// Begins to copy frames that the workers receive, anew where it has begun already. One control thread at a
  /// time, between Start() and the end, as for the other functions of the capture. See FrameTap.
  void StartCapture(const CaptureFilter& filter);
  void StopCapture() noexcept;
  /// The oldest copy of one worker's; its `port` is a place in DataplaneStatus::ports. False: none now.
  bool TakeFrame(std::size_t worker, CapturedFrame& frame);
  /// Frames of this capture that were not copied, since the copies before were not taken in time.
  std::uint64_t FramesMissed() const noexcept;

  DataplaneStatus status() const;
  /// Any control thread, some times a second at most.
  MemoryStatus memory() const;
  /// Of each worker, a number that grows about once a second while its loop runs. Any control thread, after
  /// Start().
  std::vector<std::uint64_t> beats() const;
  DataplaneSnapshot Snapshot() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hostscope::dataplane
