#include "app/run/exporters/exporters_api.h"

#include "app/run/exporters/exporter_rows.h"
#include "exporter/delay_histogram.h"
#include "exporter/query/api_text.h"

namespace hostscope::app {

std::string ExportersApi::Answer(const exporter::Parameters& parameters) const {
  constexpr std::size_t kMost = 1000;
  parameters.CheckNames({"per", "prefix", "n"});
  const auto per = static_cast<RowsPer>(parameters.Choice("per", {"address", "domain"}));
  const auto within = parameters.PrefixIn("prefix");
  const std::size_t most = parameters.Number("n", kMost, kMost);
  const ExporterRows found = RowsOf(appliance_.Snapshot(), rates_, per, within, most);
  std::string body = exporter::Join("{\"time\":", exporter::Quoted(exporter::TimeText(exporter::WallClock())),
                                    ",\"exporters\":", std::to_string(found.all), ",\"rows\":[");
  exporter::AppendList(body, found.rows, ToJson);
  return body + "]}\n";
}

}  // namespace hostscope::app
