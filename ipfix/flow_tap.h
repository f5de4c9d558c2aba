#pragma once

#include <cstdint>
#include <span>

#include "ipfix/flow_record.h"

namespace hostscope {

/// When a flow began and ended: milliseconds since the Unix epoch, by the exporter's clock. Not part of the
/// flow record, whose cache line is full and whose aggregation needs only the duration.
struct FlowTimes {
  static constexpr std::int64_t kUnknown = INT64_MIN;

  std::int64_t start_ms = kUnknown;
  std::int64_t end_ms = kUnknown;
};

/// Is shown every flow record that a decoder makes, monitored or not, before the consumer is. Called on the
/// decoding thread with a batch, which is valid only during the call; `times` has as many as `records`.
class FlowTap {
 public:
  virtual ~FlowTap() = default;
  virtual void Take(std::span<const FlowRecord> records, std::span<const FlowTimes> times) noexcept = 0;
};

}  // namespace hostscope
