#pragma once

#include <cstdint>
#include <vector>

#include "aggregator/worker_aggregator.h"
#include "dataplane/fragment_counters.h"
#include "dataplane/frame_outcome.h"
#include "dataplane/spread_counters.h"
#include "ipfix/accounting.h"
#include "ipfix/counter.h"
#include "ipfix/decoder.h"
#include "ipfix/time.h"

namespace hostscope::dataplane {

/// What a worker counts of one RX queue. Written by the worker, read by any thread.
struct QueueCounters {
  FrameCounters frames;
  Counter replies;          ///< handed to the NIC
  Counter replies_failed;   ///< the TX ring was full, or the queue can't answer
  Counter replies_limited;  ///< not given, since too many were asked for: see ReplyBudget
  Counter announcements;    ///< of the port's addresses, by the first queue
  Counter scattered;        ///< frames that came in several buffers
};

/// The same at one moment.
struct QueueBooks {
  std::uint16_t port = 0;  ///< DPDK's number
  std::uint16_t queue = 0;
  QueueCounters counters;
};

/// A port's fragments, as far as the worker counts them, at one moment.
struct FragmentBooks {
  std::uint16_t port = 0;  ///< DPDK's number
  FragmentCounters counters;
};

/// Everything that a worker counts, copied between two loops, when no burst is being worked on: the frames of
/// its queues that carried a datagram are as many as its decoder's outcomes.
struct WorkerBooks {
  ReceiveTime taken;  ///< when; the epoch before the first
  ipfix::Accounting accounting;
  aggregator::AggregatorCounters aggregator;
  SpreadCounters spread;
  std::vector<QueueBooks> queues;
  std::vector<FragmentBooks> fragments;
  std::vector<ipfix::ExporterBooks> exporters;  ///< its memory is all taken at the worker's start
};

}  // namespace hostscope::dataplane
