#include "app/run/metrics/metrics.h"

#include "app/run/metrics/families.h"
#include "exporter/encoding/metrics_text.h"

namespace hostscope::app {
namespace {

using exporter::MetricsText;
using exporter::MetricType;

void AddWindows(MetricsText& text, const Appliance& appliance) {
  const aggregator::MergerCounters& merger = appliance.merger();
  text.Counter("windows_closed", "Windows, of every length, that were closed.", merger.windows.Get());
  text.Counter("windows_merge_overflows",
               "Hosts that had no place in a united table and went to their network's other record.",
               merger.overflows.Get());
  text.Counter("windows_merge_saturated",
               "Distinct counts of a united table that stopped growing for want of memory.",
               merger.saturated.Get());
  text.Counter("windows_tables_missing", "Times that a longer window found no free table, and had to wait.",
               merger.tables_missing.Get());
  text.Counter("hosts", "Host records of base windows.", appliance.hosts());
  text.Gauge("hosts_of_last_window", "Host records of the base window that closed last.",
             appliance.hosts_of_last_window());
}

}  // namespace

std::string Metrics::Scrape(const http::HttpBooks& http, const CaptureBooks& captures) {
  const std::lock_guard lock(mutex_);
  const dataplane::DataplaneSnapshot snapshot = appliance_.Snapshot();
  MetricsText text;
  text.Family("build_info", MetricType::kGauge, "Always 1; its label says which version runs.");
  text.Sample(std::uint64_t{1}, {{"version", HOSTSCOPE_VERSION}});
  AddDatagrams(text, snapshot);
  AddRecords(text, snapshot);
  AddWindows(text, appliance_);
  AddPorts(text, snapshot);
  AddWorkers(text, snapshot);
  AddClock(text, snapshot.status.clock);
  AddExporters(text, series_.Update(snapshot, ExporterSeries::Clock::now()));
  AddRules(text, snapshot.status.rules);
  AddStore(text, appliance_.delivery());
  AddSinks(text, appliance_.delivery());
  AddRawFlows(text, appliance_.raw_flows());
  AddProfiles(text, appliance_.profiler());
  AddContext(text, appliance_.context());
  AddHttp(text, http);
  AddCaptures(text, captures);
  return text.Take();
}

}  // namespace hostscope::app
