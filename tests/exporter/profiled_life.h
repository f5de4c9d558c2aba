#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "aggregator/profile/profiled_window.h"
#include "exporter/encoding/address_text.h"
#include "tests/exporter/windows.h"

namespace hostscope::exporter {

/// Three clients, 10.20.0.1 to 3, whose flows vary by a tenth or so, window by window of five minutes. In two
/// of them the second one scans; an event opens in the second of these, kScan.
class ProfiledLife {
 public:
  static constexpr std::int64_t kLength = 300 * kNanosecondsPerSecond;
  static constexpr std::int64_t kScan = 9 * 288;  ///< on the tenth day

  static aggregator::ProfileOptions Options() {
    aggregator::ProfileOptions options;
    options.max_hosts = 1000;
    return options;
  }
  static aggregator::WindowSpan SpanOf(std::int64_t index) {
    constexpr std::int64_t kMonday = 1'795'392'000 * kNanosecondsPerSecond;  // 2026-11-23
    return {{kMonday + index * kLength}, kLength};
  }
  static aggregator::ClosedWindowPtr Window(std::int64_t index, bool is_partial = false) {
    std::vector<aggregator::HostRecord> records;
    for (const char* host : {"10.20.0.1", "10.20.0.2", "10.20.0.3"}) {
      aggregator::HostRecord record;
      record.host = *ParseAddress(host);
      record.network = *ParsePrefix("10.20.0.0/16");
      const std::uint64_t flows = 100 + static_cast<std::uint64_t>(index * 7 % 23);
      for (aggregator::RoleFigures* role : {&record.sent, &record.received}) {
        role->flows = role->tcp = flows;
        role->packets = 10 * flows;
        role->bytes = 5000 * flows;
        role->peers = 3;
        role->tcp_flags[1] = role->tcp_flags[4] = flows;
      }
      if ((index == kScan - 1 || index == kScan) && records.size() == 1) record.sent.peers = 2000;
      records.push_back(record);
    }
    return std::make_shared<ListedWindow>(SpanOf(index), std::move(records), is_partial);
  }
  /// Windows [first, last) compared; the last one.
  static aggregator::ClosedWindowPtr Live(aggregator::ProfileStore& profiles, std::int64_t first,
                                          std::int64_t last) {
    aggregator::ClosedWindowPtr window;
    for (std::int64_t i = first; i < last; ++i) window = CompareWithProfiles(profiles, Window(i));
    return window;
  }
};

}  // namespace hostscope::exporter
