#pragma once

#include <functional>

#include "dataplane/snapshot.h"

namespace hostscope::dataplane {

/// Commands of ours on DPDK's telemetry socket, besides DPDK's own: /hostscope/stats, /hostscope/workers,
/// /hostscope/exporters. For whoever looks at DPDK applications with dpdk-telemetry.py. The EAL has a thread
/// of its own for it. One at a time; construction and destruction are a control thread's.
class Telemetry {
 public:
  /// `source` is asked on the EAL's thread, until this is destroyed. Throws std::runtime_error.
  explicit Telemetry(std::function<DataplaneSnapshot()> source);
  ~Telemetry();
  Telemetry(const Telemetry&) = delete;
  Telemetry& operator=(const Telemetry&) = delete;
};

}  // namespace hostscope::dataplane
