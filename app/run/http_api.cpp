#include "app/run/http_api.h"

#include <spdlog/spdlog.h>

#include <string>
#include <utility>

#include "exporter/encoding/metrics_text.h"

namespace hostscope::app {

HttpApi::HttpApi(const Config& config, Appliance& appliance)
    : options_(config.http),
      appliance_(appliance),
      metrics_(appliance, config.metrics.max_exporters),
      capture_(appliance) {
  if (!options_.is_enabled) return;
  console_ = std::make_unique<ConsoleRoutes>(config, appliance);
  server_ = std::make_unique<http::HttpServer>(
      options_, MakeRouter(), [](std::string_view message) { spdlog::warn("http: {}", message); });
}

http::Router HttpApi::MakeRouter() {
  http::Router router;
  router.Add(
      http::Method::kGet, "/healthz",
      [this](const http::Request&) {
        if (appliance_.has_failed())
          return http::Response::Error(503, "merging has failed; the log says why");
        return http::Response::Json("{\"status\":\"ok\"}\n");
      },
      http::RunOn::kServer);
  router.Add(http::Method::kGet, "/metrics", [this](const http::Request&) {
    return http::Response::Of(std::string(exporter::MetricsText::kContentType),
                              metrics_.Scrape(server_->books(), capture_.books()));
  });
  router.Add(http::Method::kGet, "/api/v1/capture",
             [this](const http::Request& request) { return capture_.Answer(request); });
  console_->AddTo(router);
  return router;
}

void HttpApi::Start() {
  if (server_ != nullptr) server_->Start();
}

void HttpApi::Stop() {
  capture_.Stop();
  if (server_ != nullptr) server_->Stop();
}

std::string HttpApi::url() const {
  const std::uint16_t port = server_ == nullptr ? std::uint16_t{0} : server_->port();
  if (port == 0) return {};
  return (options_.HasTls() ? "https://" : "http://") + http::ToText({options_.listen.address, port}) + "/";
}

}  // namespace hostscope::app
