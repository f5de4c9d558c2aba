#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "exporter/elastic/http_client.h"
#include "exporter/sink.h"

namespace hostscope::exporter {

/// How indices are made and how long they are kept.
struct IndexOptions {
  bool install = true;  ///< false: somebody else does it
  unsigned shards = 1;
  unsigned replicas = 1;
  std::uint64_t rollover_bytes = std::uint64_t{30} << 30;                    ///< of primary shards
  std::int64_t rollover_age_ns = std::int64_t{86'400} * 1'000'000'000;       ///< of an index
  std::int64_t delete_after_ns = std::int64_t{30} * 86'400 * 1'000'000'000;  ///< its rollover; 0: never
};

/// The composable index template of all records of one window length, as it is sent: data streams, mappings,
/// and aliases for the names of the Elastic Common Schema. `policy` is the lifecycle policy's name, where the
/// template has to name it (Elasticsearch). `marker` says who made it.
std::string IndexTemplate(const IndexOptions& options, std::string_view prefix, std::int64_t length_ns,
                          std::string_view policy, std::string_view marker);
/// Elasticsearch's index lifecycle policy.
std::string IlmPolicy(const IndexOptions& options, std::string_view marker);
/// OpenSearch's index state policy, which names the data streams itself.
std::string IsmPolicy(const IndexOptions& options, std::string_view prefix, std::int64_t length_ns,
                      std::string_view marker);

/// In each of them, so that what is there can be told from what should be there: the layout that this program
/// knows, and a hash of the whole.
std::string SetupMarker(std::string_view content);
enum class InstalledState : std::uint8_t {
  kOutdated,  ///< of an older layout, or with other settings
  kCurrent,
  kNewer,    ///< of a later layout
  kForeign,  ///< nothing of ours
};
/// What is in the cluster, by its text as the server returns it.
InstalledState CompareMarker(std::string_view installed, std::string_view marker);

/// Sees to it that the cluster has the template and the policy of a window length. Leaves alone what a later
/// version or somebody else has made, and says so. One thread.
class IndexSetup {
 public:
  using Ask = std::function<HttpAnswer(const HttpRequest&)>;

  IndexSetup(const IndexOptions& options, std::string prefix, LogFunction log)
      : options_(options), prefix_(std::move(prefix)), log_(std::move(log)) {}

  /// Returns why it is not so, or an empty string.
  std::string Ensure(std::int64_t length_ns, const Ask& ask);

 private:
  struct Item;
  std::string DetectServer(const Ask& ask);
  std::string EnsurePolicy(std::int64_t length_ns, const Ask& ask, bool& has_policy);
  std::string EnsureTemplate(std::int64_t length_ns, const Ask& ask, bool has_policy);
  std::string EnsureItem(const Item& item, const Ask& ask, bool& is_there);
  void SayOnce(const std::string& text);

  IndexOptions options_;
  std::string prefix_;
  LogFunction log_;
  bool is_opensearch_ = false;
  std::string said_;  // what was said already, a line each
};

}  // namespace hostscope::exporter
