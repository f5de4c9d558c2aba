#include "app/config/config_check.h"

#include <algorithm>
#include <set>

namespace hostscope::app {
namespace {

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
  int LineOf(const std::string& key) const {
    const auto found = lines_.find(key);
    return found == lines_.end() ? 0 : found->second;
  }

  const KeyLines& lines_;
  std::vector<Problem>& problems_;
};

void CheckPorts(const Config& config, Checker& checker) {
  checker.NoneTwice("ports", config.ports, [](const PortConfig& port) { return port.device; });
  for (std::size_t i = 0; i < config.ports.size(); ++i) {
    const std::string path = "ports[" + std::to_string(i) + "]";
    const PortConfig& port = config.ports[i];
    checker.NotEmpty(path + ".addresses", port.addresses.empty(), "at least one address");
    checker.NotEmpty(path + ".udp_ports", port.udp_ports.empty(), "at least one port");
    checker.NoneTwice(path + ".addresses", port.addresses, FormatInterfaceAddress);
    checker.NoneTwice(path + ".udp_ports", port.udp_ports, [](std::uint16_t n) { return std::to_string(n); });
  }
}

void CheckWorkers(const WorkersConfig& workers, Checker& checker) {
  checker.NoneTwice("workers.cores", workers.cores, [](std::uint32_t core) { return std::to_string(core); });
  if (checker.IsSound("workers") && !workers.cores.empty() && workers.cores.size() != workers.count) {
    checker.Report(
        "workers.cores", "names " + std::to_string(workers.cores.size()) + " cores",
        "one for each of the " + std::to_string(workers.count) + " workers (workers.count), or none");
  }
}

void CheckExporters(const ipfix::Settings& settings, Checker& checker) {
  std::vector<Prefix> prefixes;
  for (const ipfix::ExporterRule& rule : settings.exporters) prefixes.push_back(rule.prefix);
  checker.NoneTwice("exporters.rules", prefixes, FormatPrefix);
  if (checker.IsSound("exporters") && settings.only_listed_exporters && settings.exporters.empty()) {
    checker.Report("exporters.only_listed", "is true but there are no rules, so nothing would be decoded",
                   "true with exporters.rules, or false");
  }
}

void CheckSinks(const SinksConfig& sinks, Checker& checker) {
  checker.NoneTwice("sinks.ndjson", sinks.ndjson, [](const NdjsonConfig& sink) { return sink.path; });
  for (std::size_t i = 0; i < sinks.kafka.size(); ++i) {
    checker.NotEmpty("sinks.kafka[" + std::to_string(i) + "].brokers", sinks.kafka[i].brokers.empty(),
                     "at least one host:port");
  }
}

}  // namespace

std::string CheckWindowLengths(std::vector<std::int64_t>& lengths_ns) {
  if (lengths_ns.empty()) return "is empty";
  std::sort(lengths_ns.begin(), lengths_ns.end());
  const std::int64_t base = lengths_ns.front();
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
  checker.NoneTwice("networks", config.networks, FormatPrefix);
  CheckPorts(config, checker);
  CheckWorkers(config.workers, checker);
  CheckExporters(config.decoder, checker);
  CheckSinks(config.sinks, checker);
}

}  // namespace hostscope::app
