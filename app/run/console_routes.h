#pragma once

#include <memory>

#include "app/config/config.h"
#include "app/run/appliance.h"
#include "app/run/exporters/exporters_api.h"
#include "exporter/http/events.h"
#include "exporter/http/router.h"
#include "exporter/http/static_files.h"
#include "exporter/query/api.h"

namespace hostscope::app {

/// The console's files, and what they and others ask: GET /api/v1/… as docs/openapi.yaml says.
class ConsoleRoutes {
 public:
  /// Listens to the appliance's windows; before its Start(). It has HTTP, so it has history, and outlives
  /// this.
  ConsoleRoutes(const Config& config, Appliance& appliance);

  /// Whatever no other route has is the console's. `router` is used only as long as this lives.
  void AddTo(http::Router& router) const;
  /// See ExportersApi.
  void Look() { exporters_->Look(); }

 private:
  http::Response File(std::string_view path) const;

  std::shared_ptr<ExportersApi> exporters_;
  std::shared_ptr<const exporter::Api> api_;  // shared with who is told of windows
  std::shared_ptr<http::EventBroadcaster> events_ = std::make_shared<http::EventBroadcaster>();  // the same
  http::StaticFiles files_;
};

}  // namespace hostscope::app
