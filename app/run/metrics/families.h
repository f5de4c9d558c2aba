#pragma once

#include <string>
#include <string_view>

#include "app/run/delivery.h"
#include "app/run/frame_capture.h"
#include "app/run/metrics/exporter_series.h"
#include "app/run/profiler.h"
#include "dataplane/snapshot.h"
#include "exporter/context/context.h"
#include "exporter/encoding/metrics_text.h"
#include "exporter/http/http_books.h"
#include "exporter/raw_flow/raw_flow_publisher.h"
#include "ipfix/accounting.h"

namespace hostscope::app {

/// A family's help where a label has the values of an enumeration: what it is, and what each value means.
template <typename Enum>
std::string HelpByValue(std::string_view what) {
  std::string help(what);
  for (std::size_t i = 0; i < static_cast<std::size_t>(Enum::kCount); ++i) {
    const auto& name = NameOf(static_cast<Enum>(i));
    help.append(" ").append(name.name).append(": ").append(name.help);
  }
  return help;
}

// What each part of the appliance counts, as metrics. Every family is there in every scrape, also one without
// samples, so that whoever looks for it finds its help.

void AddDatagrams(exporter::MetricsText& text, const dataplane::DataplaneSnapshot& snapshot);
void AddRecords(exporter::MetricsText& text, const dataplane::DataplaneSnapshot& snapshot);
void AddPorts(exporter::MetricsText& text, const dataplane::DataplaneSnapshot& snapshot);
void AddClock(exporter::MetricsText& text, const dataplane::ClockStatus& clock);
void AddWorkers(exporter::MetricsText& text, const dataplane::DataplaneSnapshot& snapshot);
void AddExporters(exporter::MetricsText& text, const std::vector<ExporterSeries::Row>& rows);
void AddRules(exporter::MetricsText& text, const std::vector<ipfix::RuleStatus>& rules);
void AddStore(exporter::MetricsText& text, const Delivery& delivery);
void AddSinks(exporter::MetricsText& text, const Delivery& delivery);
/// Null: none are sent.
void AddRawFlows(exporter::MetricsText& text, const exporter::RawFlowPublisher* raw_flows);
/// Null: there is none.
void AddContext(exporter::MetricsText& text, const context::Context* context);
/// Null: there are none.
void AddProfiles(exporter::MetricsText& text, const Profiler* profiler);
void AddHttp(exporter::MetricsText& text, const http::HttpBooks& books);
void AddCaptures(exporter::MetricsText& text, const CaptureBooks& books);

}  // namespace hostscope::app
