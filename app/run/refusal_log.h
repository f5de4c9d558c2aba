#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "app/run/metrics/exporter_series.h"
#include "dataplane/snapshot.h"

namespace hostscope::app {

/// What the log says of exporters whose templates are refused. Whatever they send, it says little: of each
/// exporter a line in ten minutes at most, and of many at once only the first ones. One thread.
class RefusalLog {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::minutes kSilence{10};
  static constexpr std::size_t kMostLines = 10;

  /// Lines about what was refused since the last ones.
  std::vector<std::string> Look(const dataplane::DataplaneSnapshot& snapshot, Clock::time_point now);

 private:
  struct Said {
    std::uint64_t refused = 0;
    Clock::time_point at;
  };
  std::map<ExporterSeries::Key, Said> said_;  ///< of exporters that are tracked
};

}  // namespace hostscope::app
