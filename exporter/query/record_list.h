#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include "aggregator/closed_window.h"
#include "exporter/encoding/json_encoder.h"

namespace hostscope::exporter {

/// Records of docs/records.md as the items of a JSON array. One thread.
class RecordList {
 public:
  explicit RecordList(const std::string& observer)
      : encoder_(observer, Schema::kHostscope), buffer_(encoder_.max_record_size(), '\0') {}

  /// Of the records that follow.
  void SetWindow(const aggregator::WindowSpan& span, bool is_partial) {
    encoder_.SetWindow(span, is_partial);
  }
  void Add(const aggregator::HostRecord& record) { Take(encoder_.EncodeHost(record, buffer_.data())); }
  void Add(const aggregator::NetworkRecord& record) { Take(encoder_.EncodeNetwork(record, buffer_.data())); }
  void Add(const aggregator::ProfileEvent& event) { Take(encoder_.EncodeAnomaly(event, buffer_.data())); }
  void Add(const aggregator::WindowSummary& summary, std::uint64_t networks) {
    Take(encoder_.EncodeWindow(summary, buffer_.data(), networks));
  }

  /// Without brackets.
  const std::string& items() const noexcept { return items_; }
  /// The same, after which there are none.
  std::string TakeItems() { return std::exchange(items_, {}); }

 private:
  void Take(const char* end) {
    if (!items_.empty()) items_ += ',';
    items_.append(buffer_.data(), static_cast<std::size_t>(end - buffer_.data()));
  }

  JsonEncoder encoder_;
  std::string buffer_;
  std::string items_;
};

}  // namespace hostscope::exporter
