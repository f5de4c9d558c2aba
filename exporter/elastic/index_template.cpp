#include <algorithm>
#include <string>

#include "exporter/elastic/elastic_names.h"
#include "exporter/elastic/index_setup.h"
#include "exporter/encoding/json_text.h"
#include "ipfix/time.h"

namespace hostscope::exporter {
namespace {

std::string Quoted(std::string_view text) {
  return JsonString(text);
}

std::string Seconds(std::int64_t ns) {
  return std::string("\"").append(std::to_string(ns / kNanosecondsPerSecond)).append("s\"");
}

std::string Bytes(std::uint64_t bytes) {
  return std::string("\"").append(std::to_string(bytes)).append("b\"");
}

// Aliases are for queries; documents have the fields that docs/records.md names. What Hostscope has that the
// common schema has too, under another name or none:
constexpr std::string_view kEventAliases =
    R"("event":{"properties":{"start":{"type":"alias","path":"window.start"},)"
    R"("end":{"type":"alias","path":"window.end"},"id":{"type":"alias","path":"record_id"}}},)"
    R"("related":{"properties":{"ip":{"type":"alias","path":"host.ip"}}},)";

constexpr std::string_view kHost =
    R"("host":{"properties":{"ip":{"type":"ip"},"other":{"type":"boolean"},"network":{"properties":{)"
    R"("prefix":{"type":"keyword"},)"
    R"("egress":{"properties":{"bytes":{"type":"alias","path":"sent.bytes"},)"
    R"("packets":{"type":"alias","path":"sent.packets"}}},)"
    R"("ingress":{"properties":{"bytes":{"type":"alias","path":"received.bytes"},)"
    R"("packets":{"type":"alias","path":"received.packets"}}}}}}},)";

constexpr std::string_view kNetwork =
    R"("network":{"properties":{"prefix":{"type":"keyword"},"type":{"type":"keyword"},)"
    R"("level":{"type":"short"},"monitored":{"type":"boolean"},"within":{"type":"keyword"},)"
    R"("hosts":{"type":"long"},"other_hosts":{"type":"long"},"incomplete":{"type":"boolean"}}},)";

constexpr std::string_view kSummary =
    R"("summary":{"properties":{"hosts":{"type":"long"},"other_hosts":{"type":"long"},)"
    R"("networks":{"type":"long"},"flows":{"type":"long"},"packets":{"type":"long"},"bytes":{"type":"long"},)"
    R"("exporters":{"type":"long"},"dropped":{"type":"long"},"sequence_loss":{"type":"double"},)"
    R"("sampled_share":{"type":"double"},"clock_step":{"type":"double"}}},)";

constexpr std::string_view kAnomaly =
    R"("deviation":{"type":"float"},"anomaly":{"properties":{"id":{"type":"keyword"},"state":{"type":"keyword"},)"
    R"("kind":{"type":"keyword"},"figure":{"type":"keyword"},"expected":{"type":"double"},"seen":{"type":"double"},)"
    R"("score":{"type":"float"},"confidence":{"type":"keyword"},"since":{"type":"date"},"end":{"type":"keyword"}}},)";

constexpr std::string_view kRole =
    R"({"properties":{"flows":{"type":"long"},"packets":{"type":"long"},"bytes":{"type":"long"},)"
    R"("avg_duration":{"type":"double"},"peers":{"type":"long"},"src_ports":{"type":"long"},)"
    R"("dst_ports":{"type":"long"},"tcp_flags":{"properties":{"fin":{"type":"long"},"syn":{"type":"long"},)"
    R"("rst":{"type":"long"},"psh":{"type":"long"},"ack":{"type":"long"},"urg":{"type":"long"},)"
    R"("ece":{"type":"long"},"cwr":{"type":"long"}}},"protocols":{"properties":{"tcp":{"type":"long"},)"
    R"("udp":{"type":"long"},"icmp":{"type":"long"},"other":{"type":"long"}}},)"
    R"("top_peers":{"properties":{"ip":{"type":"ip"},"flows":{"type":"long"},"bytes":{"type":"long"}}},)"
    R"("top_peers_error":{"type":"long"},)"
    R"("top_dst_ports":{"properties":{"port":{"type":"integer"},"flows":{"type":"long"},)"
    R"("bytes":{"type":"long"}}},"top_dst_ports_error":{"type":"long"}}})";

// What later versions add is kept, and not searchable until the template knows it.
std::string Mappings() {
  std::string text = R"({"dynamic":false,"properties":{"@timestamp":{"type":"date"},"window":{"properties":{)"
                     R"("start":{"type":"date"},"end":{"type":"date"},"seconds":{"type":"double"}}},)"
                     R"("partial":{"type":"boolean"},"observer":{"properties":{"name":{"type":"keyword"}}},)";
  text.append(kEventAliases).append(kHost).append(kNetwork).append(kSummary).append(kAnomaly);
  text.append("\"sent\":").append(kRole).append(",\"received\":").append(kRole);
  return text + R"(,"record_id":{"type":"keyword"}}})";
}

std::string StreamNames(std::string_view prefix, std::int64_t length_ns) {
  std::string names = "[";
  for (const ElasticStream stream : kElasticStreams) {
    if (names.size() > 1) names += ',';
    names += Quoted(StreamName(prefix, stream, length_ns));
  }
  return names + "]";
}

}  // namespace

std::string IndexTemplate(const IndexOptions& options, std::string_view prefix, std::int64_t length_ns,
                          std::string_view policy, std::string_view marker) {
  constexpr int kAboveBuiltIn = 300;  // those that come with Elasticsearch have 200 and less
  std::string text =
      "{\"index_patterns\":" + StreamNames(prefix, length_ns) +
      ",\"data_stream\":{},\"priority\":" + std::to_string(kAboveBuiltIn) +
      ",\"_meta\":{\"description\":" + Quoted(marker) +
      "},\"template\":{\"settings\":{\"index.number_of_shards\":" + std::to_string(options.shards) +
      ",\"index.number_of_replicas\":" + std::to_string(options.replicas) +
      ",\"index.codec\":\"best_compression\",\"index.refresh_interval\":\"10s\"";
  if (!policy.empty()) text += ",\"index.lifecycle.name\":" + Quoted(policy);
  return text + "},\"mappings\":" + Mappings() + "}}";
}

std::string IlmPolicy(const IndexOptions& options, std::string_view marker) {
  std::string text = "{\"policy\":{\"_meta\":{\"description\":" + Quoted(marker) +
                     "},\"phases\":{\"hot\":{\"actions\":{\"rollover\":{\"max_primary_shard_size\":" +
                     Bytes(options.rollover_bytes / std::max(options.shards, 1U)) +
                     ",\"max_age\":" + Seconds(options.rollover_age_ns) + "}}}";
  if (options.delete_after_ns != 0) {
    text += ",\"delete\":{\"min_age\":" + Seconds(options.delete_after_ns) + ",\"actions\":{\"delete\":{}}}";
  }
  return text + "}}}";
}

std::string IsmPolicy(const IndexOptions& options, std::string_view prefix, std::int64_t length_ns,
                      std::string_view marker) {
  std::string text = "{\"policy\":{\"description\":" + Quoted(marker) +
                     ",\"default_state\":\"hot\",\"states\":[{\"name\":\"hot\",\"actions\":[{\"rollover\":"
                     "{\"min_size\":" +
                     Bytes(options.rollover_bytes) +
                     ",\"min_index_age\":" + Seconds(options.rollover_age_ns) + "}}],\"transitions\":[";
  if (options.delete_after_ns != 0) {
    text += "{\"state_name\":\"delete\",\"conditions\":{\"min_rollover_age\":" +
            Seconds(options.delete_after_ns) +
            "}}]},{\"name\":\"delete\",\"actions\":[{\"delete\":{}}],\"transitions\":[";
  }
  return text + "]}],\"ism_template\":[{\"index_patterns\":" + StreamNames(prefix, length_ns) +
         ",\"priority\":300}]}}";
}

}  // namespace hostscope::exporter
