#include "exporter/elastic/elastic_probe.h"

#include <simdjson.h>

#include <memory>
#include <string_view>

namespace hostscope::exporter {

ElasticAnswer AskElastic(HttpOptions options, std::chrono::milliseconds timeout) {
  options.timeout = timeout;
  options.slots = 1;
  ElasticAnswer result;
  const std::unique_ptr<HttpClient> client = HttpClient::Make(options, result.problem);
  if (client == nullptr) return result;
  HttpRequest request;
  request.path = "/";
  client->Start(0, request);
  for (bool is_done = false; !is_done;) {
    client->Poll(timeout, [&](std::size_t, HttpAnswer& answer) {
      is_done = true;
      constexpr long kOk = 200;
      if (answer.status == kOk) result.server = ReadServerVersion(answer.body).server;
      if (answer.status != kOk) result.problem = DescribeFailure("GET /", answer);
    });
  }
  if (result.problem.empty() && result.server.empty()) {
    result.problem = "GET /: the answer is neither Elasticsearch's nor OpenSearch's";
  }
  return result;
}

ServerVersion ReadServerVersion(const std::string& answer) {
  simdjson::dom::parser parser;
  simdjson::dom::element version;
  std::string_view number;
  if (parser.parse(answer)["version"].get(version) != simdjson::SUCCESS ||
      version["number"].get(number) != simdjson::SUCCESS) {
    return {};
  }
  std::string_view distribution;
  const bool is_opensearch =
      version["distribution"].get(distribution) == simdjson::SUCCESS && distribution == "opensearch";
  return {(is_opensearch ? "OpenSearch " : "Elasticsearch ") + std::string(number), is_opensearch};
}

}  // namespace hostscope::exporter
