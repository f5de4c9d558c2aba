#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "app/config/config.h"
#include "app/run/appliance.h"
#include "app/run/console_routes.h"
#include "app/run/frame_capture.h"
#include "app/run/metrics/metrics.h"
#include "exporter/http/http_server.h"

namespace hostscope::app {

/// What a running appliance answers over HTTP. The main thread's; its handlers run on the server's threads
/// and only read.
class HttpApi {
 public:
  /// `appliance` outlives it. Throws std::runtime_error where access control or TLS files are no good. No
  /// server where the configuration has none. Before the appliance's Start().
  HttpApi(const Config& config, Appliance& appliance);

  void Start();
  void Stop();
  /// What rates are made of; once in ExporterRates::kInterval, after the appliance's Start().
  void Look() {
    if (console_ != nullptr) console_->Look();
  }
  /// Where it can be reached; empty: there is no server, or it does not listen yet.
  std::string url() const;

 private:
  http::Router MakeRouter();

  http::HttpOptions options_;
  const Appliance& appliance_;
  Metrics metrics_;
  FrameCapture capture_;
  std::unique_ptr<ConsoleRoutes> console_;    // null with the server, which it outlives
  std::unique_ptr<http::HttpServer> server_;  // null: none
};

}  // namespace hostscope::app
