#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "app/run/exporters/exporter_id.h"
#include "dataplane/snapshot.h"

namespace hostscope::app {

/// A second.
struct ExporterRate {
  double datagrams = 0;
  double records = 0;
};

/// How much each exporter sends, over the last five to ten seconds. Thread-safe.
class ExporterRates {
 public:
  static constexpr std::chrono::seconds kInterval{5};

  /// To be called once in kInterval.
  void Look(const dataplane::DataplaneSnapshot& snapshot);
  /// What `books`, which worker `worker` wrote down at `taken`, say beyond what was remembered.
  ExporterRate Of(std::size_t worker, ReceiveTime taken, const ipfix::ExporterBooks& books) const;

 private:
  struct Counts {
    std::uint64_t datagrams = 0;
    std::uint64_t records = 0;
  };
  /// A worker's exporters at one moment.
  struct Mark {
    ReceiveTime taken;
    std::map<ExporterId, Counts> counts;
  };
  using Marks = std::vector<Mark>;  ///< by worker

  mutable std::mutex mutex_;
  Marks older_;  ///< what rates count from
  Marks newer_;
};

}  // namespace hostscope::app
