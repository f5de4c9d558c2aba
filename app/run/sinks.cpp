#include "app/run/sinks.h"

#include <spdlog/spdlog.h>

#include <optional>
#include <stdexcept>
#include <utility>

namespace hostscope::app {
namespace {

class Opener {
 public:
  void Add(exporter::OpenedSink opened) {
    if (opened.sink == nullptr) {
      if (!problems_.empty()) problems_ += '\n';
      problems_ += opened.problem;
      return;
    }
    std::string name(opened.sink->name());
    exporter::LogFunction log = [name](std::string_view message) { spdlog::warn("{}: {}", name, message); };
    sinks_.push_back(
        {name, std::make_unique<exporter::SinkRunner>(
                   std::move(opened.sink), exporter::SinkRunnerOptions{kWindowsWaiting}, std::move(log))});
  }

  std::vector<RunningSink> Take() {
    if (!problems_.empty()) throw std::runtime_error(problems_);
    return std::move(sinks_);
  }

 private:
  std::vector<RunningSink> sinks_;
  std::string problems_;
};

}  // namespace

std::vector<RunningSink> OpenSinks(const Config& config) {
  const std::string& observer = config.observer_name;
  const std::optional<aggregator::NetworkLevels> networks = config.network_records.Wanted();
  Opener opener;
  for (const NdjsonConfig& sink : config.sinks.ndjson) {
    opener.Add(exporter::OpenNdjsonSink(NdjsonOptionsOf(sink, observer, networks)));
  }
  for (const KafkaConfig& sink : config.sinks.kafka) {
    opener.Add(exporter::OpenKafkaSink(KafkaOptionsOf(sink, observer, networks),
                                       [](std::string_view message) { spdlog::warn("kafka: {}", message); }));
  }
  if (config.sinks.ndjson.empty() && config.sinks.kafka.empty()) {
    opener.Add(exporter::OpenNdjsonSink(NdjsonOptionsOf({"-"}, observer, networks)));
  }
  return opener.Take();
}

}  // namespace hostscope::app
