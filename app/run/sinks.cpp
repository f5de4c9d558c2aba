#include "app/run/sinks.h"

#include <spdlog/spdlog.h>

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace hostscope::app {
namespace {

class Opener {
 public:
  void Add(exporter::OpenedSink opened, std::string key) {
    if (opened.sink == nullptr) {
      if (!problems_.empty()) problems_ += '\n';
      problems_ += opened.problem;
      return;
    }
    // Two may lead to the same place, in different schemas: then their order tells them apart.
    const std::size_t same = ++times_[key];
    if (same > 1) key.append(" ").append(std::to_string(same));
    sinks_.push_back({std::move(opened.sink), std::move(key)});
  }

  std::vector<NamedSink> Take() {
    if (!problems_.empty()) throw std::runtime_error(problems_);
    return std::move(sinks_);
  }

 private:
  std::vector<NamedSink> sinks_;
  std::map<std::string, std::size_t> times_;
  std::string problems_;
};

}  // namespace

std::vector<NamedSink> OpenSinks(const Config& config, const exporter::ContextSource* context) {
  const std::string& observer = config.observer_name;
  const std::optional<aggregator::NetworkLevels> networks = config.network_records.Wanted();
  Opener opener;
  for (const NdjsonConfig& sink : config.sinks.ndjson) {
    exporter::NdjsonOptions options = NdjsonOptionsOf(sink, observer, networks);
    options.context = context;
    opener.Add(exporter::OpenNdjsonSink(options), "ndjson " + sink.path);
  }
  for (const KafkaConfig& sink : config.sinks.kafka) {
    exporter::KafkaOptions options = KafkaOptionsOf(sink, observer, networks);
    options.context = context;
    opener.Add(exporter::OpenKafkaSink(options,
                                       [](std::string_view message) { spdlog::warn("kafka: {}", message); }),
               "kafka " + options.brokers + " " + options.hosts_topic + " " + options.windows_topic);
  }
  for (const ElasticConfig& sink : config.sinks.elasticsearch) {
    exporter::ElasticOptions options = ElasticOptionsOf(sink, observer, networks);
    options.context = context;
    std::string key = "elasticsearch";
    for (const std::string& url : options.http.urls) key += " " + url;
    opener.Add(exporter::OpenElasticSink(
                   options, [](std::string_view message) { spdlog::warn("elasticsearch: {}", message); }),
               key + " " + options.data_stream);
  }
  if (config.sinks.ndjson.empty() && config.sinks.kafka.empty() && config.sinks.elasticsearch.empty()) {
    exporter::NdjsonOptions options = NdjsonOptionsOf({"-"}, observer, networks);
    options.context = context;
    opener.Add(exporter::OpenNdjsonSink(options), "ndjson -");
  }
  return opener.Take();
}

}  // namespace hostscope::app
