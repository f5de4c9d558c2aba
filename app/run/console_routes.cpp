#include "app/run/console_routes.h"

#include <algorithm>
#include <string>
#include <utility>

#include "app/run/console_files.h"

namespace hostscope::app {
namespace {

// A window that is over is the same for everybody who asks again.
constexpr const char* kKeepFinal = "private, max-age=3600";

http::Response ResponseOf(exporter::ApiAnswer answer) {
  const bool is_good = answer.status == 200;
  http::Response response = http::Response::Json(std::move(answer.body), answer.status);
  if (!is_good) return response;
  response = std::move(response).WithEtag();
  if (answer.is_final) response.cache_control = kKeepFinal;
  return response;
}

exporter::ApiOptions ApiOptionsOf(const Config& config, const Appliance& appliance,
                                  const std::shared_ptr<ExportersApi>& exporters) {
  exporter::ApiOptions options;
  options.observer = config.observer_name;
  options.version = HOSTSCOPE_VERSION;
  options.history = config.store.path.empty() ? "memory" : "store";
  options.lengths_ns = config.window_lengths_ns;
  std::sort(options.lengths_ns.begin(), options.lengths_ns.end());
  options.networks = config.networks;
  options.levels = config.network_records.Wanted();
  if (config.profiles.is_enabled) options.profiles_length_ns = config.profiles.options.window_ns;
  options.context = appliance.context();
  options.stats = [&appliance] { return appliance.stats().ToJson(); };
  options.exporters = [exporters](const exporter::Parameters& parameters) {
    return exporters->Answer(parameters);
  };
  return options;
}

}  // namespace

ConsoleRoutes::ConsoleRoutes(const Config& config, Appliance& appliance)
    : exporters_(std::make_shared<ExportersApi>(appliance)),
      api_(std::make_shared<exporter::Api>(*appliance.delivery().history(),
                                           ApiOptionsOf(config, appliance, exporters_))),
      files_(ConsoleFiles()) {
  appliance.SetListener([api = api_, events = events_](const aggregator::ClosedWindow& window) {
    events->Publish("window", api->EventOf(window));
    for (const std::string& anomaly : api->AnomaliesOf(window)) events->Publish("anomaly", anomaly);
  });
}

void ConsoleRoutes::AddTo(http::Router& router) const {
  for (const std::string_view path : exporter::Api::Paths()) {
    router.Add(
        http::Method::kGet, "/api/v1/" + std::string(path),
        [this, path](const http::Request& request) { return ResponseOf(api_->Answer(path, request.query)); });
  }
  router.Add(
      http::Method::kGet, "/api/v1/events",
      [this](const http::Request&) { return http::Response::Events(events_->Subscribe()); },
      http::RunOn::kServer);
  router.Add(
      http::Method::kGet, "/{path*}",
      [this](const http::Request& request) { return File(request.Parameter("path")); }, http::RunOn::kServer);
}

// The console's pages are in the part of an address that browsers keep to themselves: every path is a file.
http::Response ConsoleRoutes::File(std::string_view path) const {
  if (!path.empty() && path.find('.') == std::string_view::npos)
    return http::Response::Error(404, "nothing is here");
  return files_.Get(path);
}

}  // namespace hostscope::app
