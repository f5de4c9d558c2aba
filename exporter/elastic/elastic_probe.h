#pragma once

#include <chrono>
#include <string>

#include "exporter/elastic/http_client.h"

namespace hostscope::exporter {

struct ElasticAnswer {
  std::string problem;  ///< why there is no answer; empty if there is one; no secret is in it
  std::string server;   ///< "Elasticsearch 8.15.0", "OpenSearch 2.19.1"
};

/// Asks the first of the URLs what it is, as a sink of these options would, and waits for that up to
/// `timeout`. Any thread.
ElasticAnswer AskElastic(HttpOptions options, std::chrono::milliseconds timeout);

/// What the answer to `GET /` says; `server` is empty where it is neither.
struct ServerVersion {
  std::string server;
  bool is_opensearch = false;
};
ServerVersion ReadServerVersion(const std::string& answer);

}  // namespace hostscope::exporter
