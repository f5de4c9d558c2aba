#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/network_record.h"
#include "exporter/context/context.h"
#include "exporter/query/parameters.h"
#include "exporter/query/query.h"
#include "exporter/query/window_source.h"

namespace hostscope::exporter {

struct ApiOptions {
  std::string observer;
  std::string version;
  std::string history;                   ///< where windows come from, for people: "store" or "memory"
  std::vector<std::int64_t> lengths_ns;  ///< configured
  std::vector<Prefix> networks;          ///< monitored
  std::optional<aggregator::NetworkLevels> levels;  ///< of network records; without: there are none
  std::int64_t profiles_length_ns = 0;  ///< of the windows that profiles are made of; 0: there are none
  QueryLimits limits;
  const context::Context* context = nullptr;  ///< lives longer; null: nothing is known of hosts
  std::function<std::string()> stats;         ///< the accounting as JSON
  /// Exporters as JSON; checks its parameters by itself.
  std::function<std::string(const Parameters&)> exporters;
};

struct ApiAnswer {
  unsigned status = 200;  ///< of HTTP
  std::string body;       ///< JSON: the answer, or {"error":{"status":…,"message":…}}
  bool is_final = false;  ///< the same question will have the same answer, so caches may keep it
};

/// The questions of docs/openapi.yaml, without the server: paths below /api/v1/ and parameters in, JSON out.
/// Records in answers are those of docs/records.md, byte for byte what the sinks write. Thread-safe.
class Api {
 public:
  /// `source` must live longer.
  Api(WindowSource& source, ApiOptions options);

  /// `path` without /api/v1/: "tile".
  ApiAnswer Answer(std::string_view path, const Parameters::List& parameters) const;
  /// Every path that is answered.
  static std::vector<std::string_view> Paths();

  /// What is told to who listens when a window closes: its window record.
  std::string EventOf(const aggregator::ClosedWindow& window) const;
  /// Its anomaly records, the first kMostAnomalies of them.
  std::vector<std::string> AnomaliesOf(const aggregator::ClosedWindow& window) const;
  static constexpr std::size_t kMostAnomalies = 100;

 private:
  ApiAnswer Status(const Parameters& parameters) const;
  ApiAnswer Windows(const Parameters& parameters) const;
  ApiAnswer Tile(const Parameters& parameters) const;
  ApiAnswer Series(const Parameters& parameters) const;
  ApiAnswer Top(const Parameters& parameters) const;
  ApiAnswer Networks(const Parameters& parameters) const;
  ApiAnswer Search(const Parameters& parameters) const;
  ApiAnswer Context(const Parameters& parameters) const;
  ApiAnswer Anomalies(const Parameters& parameters) const;
  ApiAnswer Exporters(const Parameters& parameters) const;
  ApiAnswer Stats(const Parameters& parameters) const;

  struct Route {
    std::string_view path;
    ApiAnswer (Api::*answer)(const Parameters&) const;
  };
  static const std::vector<Route>& Routes();

  WindowRange RangeOf(const Query& query, const Parameters& parameters) const;
  bool IsFinal(const WindowRange& range, const Parameters& parameters) const;
  std::string SearchHost(const Address& host) const;
  std::string SearchPrefix(const Prefix& prefix) const;
  std::string NetworkOf(const Prefix& prefix) const;
  bool HasRecords(const Prefix& prefix) const;

  WindowSource& source_;
  ApiOptions options_;
};

}  // namespace hostscope::exporter
