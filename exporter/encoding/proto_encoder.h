#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "aggregator/host_record.h"
#include "aggregator/network_record.h"
#include "aggregator/profile/profile_event.h"
#include "exporter/encoding/record_id.h"
#include "exporter/encoding/sketch_source.h"

namespace hostscope::exporter {

/// Host, network, anomaly and window records as Protocol Buffers, one message `Record` of hostscope.proto
/// each, without any framing. The content is that of JsonEncoder's records with schema hostscope; fields come
/// in the order of their numbers and zeros are left out, so the same record gives the same bytes.
///
/// Written by hand and not through generated classes: those build each record as a tree of objects first.
/// bench/record_encoding_bench.cpp compares.
///
/// All that is the same for a window is written once a window. Nothing is allocated after construction. One
/// thread.
class ProtoEncoder {
 public:
  explicit ProtoEncoder(std::string_view observer, bool with_sketches = false);

  /// No record is longer than this.
  std::size_t max_record_size() const noexcept { return max_record_size_; }
  /// How many records there are beside the host records of a window.
  std::size_t window_records() const noexcept { return 1; }

  /// Of the records that follow.
  void SetWindow(const aggregator::WindowSpan& span, bool partial) noexcept;

  /// Writes at most max_record_size() bytes to `out`; returns the end. `sketches` is asked only by an encoder
  /// that was made with them.
  char* EncodeHost(const aggregator::HostRecord& record, char* out,
                   const SketchSource& sketches = {}) noexcept;
  /// The same for a network record, which has no sketches.
  char* EncodeNetwork(const aggregator::NetworkRecord& record, char* out) noexcept;
  /// The same for an anomaly record.
  char* EncodeAnomaly(const aggregator::ProfileEvent& event, char* out) noexcept;
  /// The same for the window record; `networks` as in JsonEncoder.
  char* EncodeWindow(const aggregator::WindowSummary& summary, char* out,
                     std::uint64_t networks = 0) const noexcept;

 private:
  bool with_sketches_;
  std::string observer_;  // the field
  std::string head_;      // of every record of this window: fields 1 to 3
  std::size_t max_record_size_;
  RecordIdMaker id_maker_;
};

}  // namespace hostscope::exporter
