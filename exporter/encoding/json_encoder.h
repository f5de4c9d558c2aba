#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aggregator/closed_window.h"
#include "aggregator/host_record.h"
#include "aggregator/network_record.h"
#include "exporter/context_source.h"
#include "exporter/encoding/record_id.h"
#include "exporter/encoding/sketch_source.h"

namespace hostscope::exporter {

enum class Schema {
  kHostscope,    ///< one object for each host and window, then network records, then a window record
  kStream4Flow,  ///< what Stream4Flow's host_stats.py emits: hosts that sent something, no window record
};

/// What `host.network` is.
enum class HostNetwork {
  kText,    ///< "10.20.0.0/16"
  kObject,  ///< {"prefix":"10.20.0.0/16"}: for indices that have further fields below that name
};

/// Host, network, anomaly and window records as JSON, one object without line end each: docs/records.md.
///
/// Numbers are exact: counts as they are; avg_duration in seconds, rounded to the nearest millisecond, halves
/// up, as is Stream4Flow's avg_flow_duration; window.seconds as exact as its nanoseconds; shares are the
/// shortest decimal that reads back as the same double; clock_step is in seconds, with nine decimals at most.
/// No number has an exponent or trailing zeros.
///
/// Where a table keeps top lists, a role has `top_peers`, `top_dst_ports` or both, most first: each entry's
/// `flows` or `bytes` is a lower bound, and exact unless `top_peers_error` or `top_dst_ports_error` follows
/// the list, which says by how much the true figure may be larger at most.
///
/// All that is the same for a window is formatted once a window; a record is a few copies and its numbers.
/// Nothing is allocated after construction. One thread.
class JsonEncoder {
 public:
  /// `with_sketches` adds to each role what others need to unite it: the sketches of distinct counts, in
  /// base64, and the sum behind avg_duration; with kStream4Flow it says nothing. With `context`, which lives
  /// longer, host records of kHostscope have what it knows of the host; its texts are allocated.
  JsonEncoder(std::string_view observer, Schema schema, bool with_sketches = false,
              HostNetwork host_network = HostNetwork::kText, const ContextSource* context = nullptr);

  /// No record is longer than this.
  std::size_t max_record_size() const noexcept { return max_record_size_; }
  Schema schema() const noexcept { return schema_; }
  /// How many records the schema has beside the host records of a window: 1 or 0.
  std::size_t window_records() const noexcept { return schema_ == Schema::kHostscope ? 1 : 0; }

  /// How many anomaly records the schema has of a window.
  std::size_t AnomaliesIn(const aggregator::ClosedWindow& window) const noexcept {
    return schema_ == Schema::kHostscope ? window.CountEvents() : 0;
  }

  /// `levels` where the schema has network records.
  std::optional<aggregator::NetworkLevels> LevelsToWrite(
      const std::optional<aggregator::NetworkLevels>& levels) const {
    return schema_ == Schema::kHostscope ? levels : std::nullopt;
  }

  /// Of the records that follow. `partial` marks them `"partial":true`.
  void SetWindow(const aggregator::WindowSpan& span, bool partial) noexcept;

  /// Writes at most max_record_size() characters to `out`; returns the end, which is `out` where the schema
  /// has nothing to say of this record: with kStream4Flow a host that sent nothing, and every `other` record,
  /// since it has no address. `sketches` is asked only by an encoder that was made with them.
  char* EncodeHost(const aggregator::HostRecord& record, char* out,
                   const SketchSource& sketches = {}) noexcept;
  /// The same for a network record; there is none with kStream4Flow.
  char* EncodeNetwork(const aggregator::NetworkRecord& record, char* out) noexcept;
  /// The same for an anomaly record; there is none with kStream4Flow.
  char* EncodeAnomaly(const aggregator::ProfileEvent& event, char* out) noexcept;
  /// The same for the window record. `networks` is how many network records were encoded; 0, since a window
  /// with hosts has some, means that they are not wanted, and leaves the number out.
  char* EncodeWindow(const aggregator::WindowSummary& summary, char* out,
                     std::uint64_t networks = 0) const noexcept;

 private:
  char* EncodeHostscope(const aggregator::HostRecord& record, char* out,
                        const SketchSource& sketches) noexcept;
  char* PutHost(const aggregator::HostRecord& record, char* out) noexcept;
  void SetNetwork(const Prefix& network) noexcept;

  Schema schema_;
  bool with_sketches_;
  HostNetwork host_network_;
  const ContextSource* context_;  // null: none
  std::string observer_;          // ,"observer":{"name":…}
  std::string head_;              // of every record of this window, up to and with the observer
  std::string network_;           // ,"network":…}: of the record before, and mostly of the next one too
  Prefix named_network_;          // in network_, unless that is empty
  std::size_t max_record_size_;
  RecordIdMaker id_maker_;
};

/// avg_duration in milliseconds, rounded to the nearest, halves up. `role.duration_count` is not 0.
std::uint64_t MeanDurationMs(const aggregator::RoleFigures& role) noexcept;

/// The text by which records of the same host are found together, whatever the window: its address, or the
/// network of an `other` record. Writes at most kMaxPrefixText characters; returns the end.
char* FormatRecordKey(const aggregator::HostRecord& record, char* out) noexcept;
/// Of a network record: its prefix.
char* FormatRecordKey(const aggregator::NetworkRecord& record, char* out) noexcept;
/// Of an anomaly record: the host's address.
char* FormatRecordKey(const aggregator::ProfileEvent& event, char* out) noexcept;

}  // namespace hostscope::exporter
