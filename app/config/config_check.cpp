#include "app/config/config_check.h"

#include <algorithm>
#include <map>
#include <set>

#include "app/config/text.h"
#include "exporter/context/context_file.h"
#include "exporter/context/topic_reader.h"
#include "exporter/elastic/elastic_sink.h"
#include "exporter/encoding/address_text.h"
#include "exporter/kafka/kafka_sink.h"

namespace hostscope::app {
namespace {

std::string WritePrefix(const Prefix& prefix) {
  return exporter::ToText(prefix);
}
std::string WriteAddress(const Address& address) {
  return exporter::ToText(address);
}

class Checker {
 public:
  Checker(const KeyLines& lines, std::vector<Problem>& problems) : lines_(lines), problems_(problems) {}

  void Report(const std::string& key, std::string wrong, std::string allowed) {
    problems_.push_back({LineOf(key), key, std::move(wrong), std::move(allowed)});
  }

  /// False where a value under `key` was already refused, so that what is held is not what the file says.
  bool IsSound(const std::string& key) const {
    return std::none_of(problems_.begin(), problems_.end(),
                        [&](const Problem& problem) { return problem.key.compare(0, key.size(), key) == 0; });
  }

  /// Reports every item that equals an earlier one.
  template <typename T, typename Write>
  void NoneTwice(const std::string& key, const std::vector<T>& items, Write write) {
    if (!IsSound(key)) return;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const std::string text = write(items[i]);
      if (!seen.insert(text).second) {
        Report(key + "[" + std::to_string(i) + "]", Quote(text) + " is there twice", "each once");
      }
    }
  }

  void NotEmpty(const std::string& key, bool is_empty, const std::string& allowed) {
    if (is_empty && lines_.contains(key)) Report(key, "is empty", allowed);
  }

 private:
  // Of a key that is not in the file, the line of what it would be in.
  int LineOf(std::string key) const {
    while (true) {
      const auto found = lines_.find(key);
      if (found != lines_.end()) return found->second;
      const std::size_t end = key.find_last_of(".[");
      if (end == std::string::npos) return 0;
      key.resize(end);
    }
  }

  const KeyLines& lines_;
  std::vector<Problem>& problems_;
};

void CheckPorts(const std::vector<dataplane::PortConfig>& ports, Checker& checker) {
  checker.NoneTwice("ports", ports, [](const dataplane::PortConfig& port) { return port.device; });
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const std::string path = "ports[" + std::to_string(i) + "]";
    const dataplane::PortConfig& port = ports[i];
    checker.NotEmpty(path + ".addresses", port.addresses.empty(), "at least one address");
    checker.NotEmpty(path + ".udp_ports", port.collector_ports.empty(), "at least one port");
    checker.NoneTwice(path + ".addresses", port.addresses, WriteAddress);
    checker.NoneTwice(path + ".udp_ports", port.collector_ports,
                      [](std::uint16_t n) { return std::to_string(n); });
  }
}

void CheckCores(const dataplane::DataplaneConfig& config, Checker& checker) {
  const auto write = [](unsigned core) { return std::to_string(core); };
  checker.NoneTwice("cores.workers", config.worker_cpus, write);
  checker.NoneTwice("cores.others", config.control_cpus, write);
}

void CheckExporters(const ipfix::Settings& settings, Checker& checker) {
  std::vector<Prefix> prefixes;
  for (const ipfix::ExporterRule& rule : settings.exporters) prefixes.push_back(rule.prefix);
  checker.NoneTwice("exporters.rules", prefixes, WritePrefix);
  if (checker.IsSound("exporters") && settings.only_listed_exporters && settings.exporters.empty()) {
    checker.Report("exporters.only_listed", "is true but there are no rules, so nothing would be decoded",
                   "true with exporters.rules, or false");
  }
}

void CheckBurst(const std::string& path, const ipfix::ExporterSettings& settings, Checker& checker) {
  if (settings.rate_burst == 0 || settings.rate_limit != 0) return;
  checker.Report(path + ".rate_burst",
                 "is " + std::to_string(settings.rate_burst) + ", but there is no rate_limit",
                 "a number with rate_limit, or auto");
}

void CheckBursts(const ipfix::Settings& settings, Checker& checker) {
  if (!checker.IsSound("exporters.defaults") || !checker.IsSound("exporters.rules")) return;
  CheckBurst("exporters.defaults", settings.default_exporter, checker);
  for (std::size_t i = 0; i < settings.exporters.size(); ++i) {
    const ipfix::ExporterSettings& rule = settings.exporters[i].settings;
    if (rule.rate_burst == settings.default_exporter.rate_burst) continue;  // said once, or good
    CheckBurst("exporters.rules[" + std::to_string(i) + "]", rule, checker);
  }
}

void CheckNetworkRecords(const NetworkRecordsConfig& networks, Checker& checker) {
  const auto write = [](std::uint8_t length) { return std::to_string(length); };
  checker.NoneTwice("network_records.ipv4", networks.levels.ipv4, write);
  checker.NoneTwice("network_records.ipv6", networks.levels.ipv6, write);
}

void CheckSinks(const SinksConfig& sinks, Checker& checker) {
  checker.NoneTwice("sinks.ndjson", sinks.ndjson, [](const NdjsonConfig& sink) { return sink.path; });
  for (std::size_t i = 0; i < sinks.ndjson.size(); ++i) {
    const NdjsonConfig& sink = sinks.ndjson[i];
    if (!sink.sketches || sink.schema != exporter::Schema::kStream4Flow) continue;
    checker.Report("sinks.ndjson[" + std::to_string(i) + "].sketches",
                   "is true, but schema stream4flow has no place for them",
                   "true with schema hostscope, or false");
  }
  for (std::size_t i = 0; i < sinks.kafka.size(); ++i) {
    const std::string path = "sinks.kafka[" + std::to_string(i) + "]";
    checker.NotEmpty(path + ".brokers", sinks.kafka[i].brokers.empty(), "at least one host:port");
    if (!checker.IsSound(path)) continue;
    for (std::string& wrong : exporter::CheckKafkaOptions(KafkaOptionsOf(sinks.kafka[i], "any"))) {
      checker.Report(path, std::move(wrong), "what librdkafka and this sink's guarantees allow");
    }
  }
}

void CheckSecrets(const std::string& key, const exporter::KafkaOptions& options, Checker& checker) {
  for (std::string& wrong : exporter::CheckKafkaFiles(options))
    checker.Report(key, std::move(wrong), "a file that this user can read, with what librdkafka allows");
}

/// That `length_ns`, which stands at `key`, is one of the lengths of windows.
void CheckIsLength(const std::string& key, std::int64_t length_ns, const Config& config, Checker& checker) {
  const std::vector<std::int64_t>& windows = config.window_lengths_ns;
  if (std::find(windows.begin(), windows.end(), length_ns) != windows.end()) return;
  checker.Report(key, FormatDuration(length_ns) + " is no length of `windows`", "one of those");
}

void CheckElastic(const Config& config, Checker& checker) {
  for (std::size_t i = 0; i < config.sinks.elasticsearch.size(); ++i) {
    const std::string path = "sinks.elasticsearch[" + std::to_string(i) + "]";
    const exporter::ElasticOptions options = ElasticOptionsOf(config.sinks.elasticsearch[i], "any");
    checker.NoneTwice(path + ".windows", options.window_lengths_ns, FormatDuration);
    checker.NoneTwice(path + ".hosts.networks", options.hosts.networks, WritePrefix);
    if (!checker.IsSound(path) || !checker.IsSound("windows")) continue;
    for (exporter::ElasticProblem& problem : exporter::CheckElasticOptions(options)) {
      checker.Report(path + "." + problem.key, std::move(problem.wrong), std::move(problem.allowed));
    }
    for (std::size_t w = 0; w < options.window_lengths_ns.size(); ++w)
      CheckIsLength(path + ".windows[" + std::to_string(w) + "]", options.window_lengths_ns[w], config,
                    checker);
  }
}

void CheckRawFlows(const RawFlowsConfig& flows, Checker& checker) {
  if (flows.brokers.empty() || !checker.IsSound("raw_flows")) return;
  for (std::string& wrong : exporter::CheckRawFlowOptions(RawFlowOptionsOf(flows)))
    checker.Report("raw_flows", std::move(wrong), "what librdkafka and the order of messages allow");
}

void CheckStore(const Config& config, Checker& checker) {
  const std::vector<RetentionConfig>& rules = config.store.retention;
  if (!checker.IsSound("windows") || !checker.IsSound("store")) return;
  std::vector<std::int64_t> lengths;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    lengths.push_back(rules[i].window_ns);
    CheckIsLength("store.retention[" + std::to_string(i) + "].window", rules[i].window_ns, config, checker);
  }
  checker.NoneTwice("store.retention", lengths, FormatDuration);
}

void CheckProfiles(const Config& config, Checker& checker) {
  if (!config.profiles.is_enabled || !checker.IsSound("windows") || !checker.IsSound("profiles")) return;
  CheckIsLength("profiles.window", config.profiles.options.window_ns, config, checker);
}

void CheckAttributes(const std::string& path, const context::TopicMapping& topic,
                     std::map<std::string, context::Keep>& kept, Checker& checker) {
  if (topic.attributes.empty())
    checker.Report(path + ".attributes", "has no attribute, so the topic says nothing", "at least one");
  checker.NoneTwice(path + ".attributes", topic.attributes,
                    [](const context::AttributeMapping& attribute) { return attribute.name; });
  for (std::size_t i = 0; i < topic.attributes.size(); ++i) {
    const context::AttributeMapping& attribute = topic.attributes[i];
    const std::string item = path + ".attributes[" + std::to_string(i) + "]";
    if (!context::IsAttributeName(attribute.name))
      checker.Report(item + ".name", Quote(attribute.name) + " is no name", context::kAllowedNames);
    if (kept.emplace(attribute.name, attribute.keep).first->second != attribute.keep)
      checker.Report(item + ".keep", "differs from that of " + Quote(attribute.name) + " in another topic",
                     "the same in each");
  }
}

void CheckContext(const ContextConfig& config, Checker& checker) {
  if (!checker.IsSound("context")) return;
  const context::ContextOptions options = ContextOptionsOf(config);
  checker.NoneTwice("context.files", options.files, [](const std::string& path) { return path; });
  for (std::size_t i = 0; i < options.files.size(); ++i) {
    if (!context::KindOfFile(options.files[i]).empty()) continue;
    checker.Report("context.files[" + std::to_string(i) + "]",
                   Quote(options.files[i]) + " is of no known kind", "a name that ends in .csv or .json");
  }
  const std::vector<context::TopicMapping>& topics = config.options.topics;
  if (topics.empty() && !config.brokers.empty())
    checker.Report("context.kafka", "has brokers but no topics", "both, or no brokers");
  checker.NoneTwice("context.kafka.topics", topics,
                    [](const context::TopicMapping& topic) { return topic.topic; });
  std::map<std::string, context::Keep> kept;
  for (std::size_t i = 0; i < topics.size(); ++i)
    CheckAttributes("context.kafka.topics[" + std::to_string(i) + "]", topics[i], kept, checker);
  for (std::string& wrong : context::CheckReaderOptions(options.kafka, false))
    checker.Report("context.kafka", std::move(wrong), "what librdkafka allows of a consumer");
}

void ReportAll(const std::vector<http::OptionProblem>& problems, Checker& checker) {
  for (const http::OptionProblem& problem : problems) {
    checker.Report("http." + problem.key, problem.wrong, problem.allowed);
  }
}

void CheckHttp(const http::HttpOptions& options, Checker& checker) {
  checker.NoneTwice("http.names", options.names, [](const std::string& name) { return name; });
  if (checker.IsSound("http")) ReportAll(http::CheckHttpOptions(options), checker);
}

}  // namespace

std::string CheckWindowLengths(std::vector<std::int64_t>& lengths_ns) {
  if (lengths_ns.empty()) return "is empty";
  std::sort(lengths_ns.begin(), lengths_ns.end());
  const std::int64_t base = lengths_ns.front();
  if (base <= 0) return "has a length of 0";
  for (std::size_t i = 1; i < lengths_ns.size(); ++i) {
    if (lengths_ns[i] == lengths_ns[i - 1]) return FormatDuration(lengths_ns[i]) + " is there twice";
    if (lengths_ns[i] % base != 0) {
      return FormatDuration(lengths_ns[i]) + " is not a multiple of " + FormatDuration(base);
    }
  }
  return {};
}

void CheckConfig(const Config& config, const KeyLines& lines, std::vector<Problem>& problems) {
  Checker checker(lines, problems);
  std::vector<std::int64_t> lengths = config.window_lengths_ns;
  if (std::string wrong; checker.IsSound("windows") && !(wrong = CheckWindowLengths(lengths)).empty()) {
    checker.Report("windows", std::move(wrong), "one or more lengths, each a multiple of the shortest");
  }
  checker.NotEmpty("networks", config.networks.empty(), "at least one prefix");
  checker.NoneTwice("networks", config.networks, WritePrefix);
  CheckPorts(config.dataplane.ports, checker);
  CheckCores(config.dataplane, checker);
  CheckExporters(config.dataplane.decoder, checker);
  CheckBursts(config.dataplane.decoder, checker);
  CheckNetworkRecords(config.network_records, checker);
  CheckSinks(config.sinks, checker);
  CheckElastic(config, checker);
  CheckRawFlows(config.raw_flows, checker);
  CheckStore(config, checker);
  CheckProfiles(config, checker);
  CheckHttp(config.http, checker);
  CheckContext(config.context, checker);
}

void CheckConfigFiles(const Config& config, const KeyLines& lines, std::vector<Problem>& problems) {
  Checker checker(lines, problems);
  ReportAll(http::CheckHttpFiles(config.http), checker);
  for (std::size_t i = 0; i < config.sinks.kafka.size(); ++i)
    CheckSecrets("sinks.kafka[" + std::to_string(i) + "]", KafkaOptionsOf(config.sinks.kafka[i], "any"),
                 checker);
  if (!config.raw_flows.brokers.empty())
    CheckSecrets("raw_flows", RawFlowOptionsOf(config.raw_flows).kafka, checker);
  const context::ContextOptions options = ContextOptionsOf(config.context);
  for (std::string& wrong : context::Context::CheckFiles(options))
    checker.Report("context.files", std::move(wrong), "");
  if (!options.kafka.secrets.empty()) {
    for (std::string& wrong : context::CheckReaderOptions(options.kafka, true))
      checker.Report("context.kafka", std::move(wrong),
                     "a file that this user can read, with what librdkafka allows");
  }
}

}  // namespace hostscope::app
