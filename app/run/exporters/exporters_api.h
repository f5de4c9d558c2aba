#pragma once

#include <string>

#include "app/run/appliance.h"
#include "app/run/exporters/exporter_rates.h"
#include "exporter/query/parameters.h"

namespace hostscope::app {

/// Who sends, and how that goes: what /api/v1/exporters answers. Reads the workers' books, which they write
/// down once a second. Thread-safe.
class ExportersApi {
 public:
  /// `appliance` lives longer.
  explicit ExportersApi(const Appliance& appliance) : appliance_(appliance) {}

  /// To be called once in ExporterRates::kInterval, so that rates can be told.
  void Look() { rates_.Look(appliance_.Snapshot()); }
  /// Throws exporter::QueryError where a parameter is wrong.
  std::string Answer(const exporter::Parameters& parameters) const;

 private:
  const Appliance& appliance_;
  ExporterRates rates_;
};

}  // namespace hostscope::app
