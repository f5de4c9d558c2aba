#pragma once

#include <cstdint>
#include <memory>

#include "aggregator/host_record.h"
#include "aggregator/host_table.h"

namespace hostscope::aggregator {

/// One worker's share of one base window, on its way from the worker to the merger. Exactly one owner at a
/// time.
struct WindowPart {
  WindowSpan span;
  /// The worker will deliver nothing for windows that start before this. After a silence it lies beyond
  /// span.end().
  ReceiveTime next_start;
  std::uint32_t next_generation = 0;  ///< and of no generation before this
  /// How often the clock had been set back before: what lies in later generations comes later, whatever its
  /// span.
  std::uint32_t generation = 0;
  bool partial = false;  ///< closed before span.end(), by shutdown or since the clock was set back
  /// Null where the worker counted no host in this window: it then keeps its clean table for the next one.
  std::unique_ptr<HostTable> table;
  /// flows, packets, bytes, exporters, dropped, scaled_flows and sequence figures of this worker in this
  /// window; hosts and other_hosts are the merger's to fill.
  WindowSummary summary;
};

}  // namespace hostscope::aggregator
