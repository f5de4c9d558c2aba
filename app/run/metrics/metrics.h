#pragma once

#include <cstddef>
#include <mutex>
#include <string>

#include "app/run/appliance.h"
#include "app/run/frame_capture.h"
#include "app/run/metrics/exporter_series.h"
#include "exporter/http/http_books.h"

namespace hostscope::app {

/// A running appliance as Prometheus sees it: docs/metrics.md. Any thread.
class Metrics {
 public:
  /// `appliance` outlives it. So many exporters have time series of their own.
  Metrics(const Appliance& appliance, std::size_t max_exporters)
      : appliance_(appliance), series_(max_exporters) {}

  /// One scrape. Within it the books balance: datagrams received = decoded + the sum of dropped, records seen
  /// = counted + the sum of skipped, also for each exporter. What workers count is at most about a second
  /// old.
  std::string Scrape(const http::HttpBooks& http, const CaptureBooks& captures);

 private:
  const Appliance& appliance_;
  std::mutex mutex_;
  ExporterSeries series_;  // guarded by mutex_
};

}  // namespace hostscope::app
