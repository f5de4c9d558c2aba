#include <CLI/CLI.hpp>
#include <cmath>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>

#include "app/command_line.h"
#include "app/config/text.h"
#include "app/generate/generator.h"
#include "app/option_text.h"

namespace hostscope::app {
namespace {

// 2026-01-01T00:00:00Z: captures are the same whenever they are made.
constexpr std::int64_t kDefaultStart = 1'767'225'600 * kNanosecondsPerSecond;
constexpr std::uint64_t kMaxHosts = 1'000'000'000;

struct GenerateArguments {
  GenerateOptions options;
  double datagrams_per_second = 0;
  std::int64_t duration_ns = 0;
};

void SetDefaults(GenerateOptions& options) {
  options.ipv4_network = *ParsePrefix("10.0.0.0/8").value;
  options.ipv6_network = *ParsePrefix("2001:db8::/32").value;
  options.start = {kDefaultStart};
}

/// What no option by itself can tell; in words, or empty.
std::string WhatIsWrong(const GenerateArguments& arguments) {
  const GenerateOptions& options = arguments.options;
  if (options.pcap_path.empty() == options.udp_target.empty())
    return "exactly one of --pcap and --udp is needed";
  // CLI11's ranges let "nan" through.
  for (const double number :
       {options.zipf, options.ipv6_share, options.records_per_second, arguments.datagrams_per_second}) {
    if (std::isnan(number)) return "--zipf, --ipv6-share and rates must be numbers";
  }
  if (options.format == ExportFormat::kNetflow5) {
    if (options.ipv6_share > 0) return "--format v5 has no IPv6: leave out --ipv6-share";
    if (options.records_per_datagram > 30) return "--format v5 has at most 30 records in a datagram";
    if (options.sampling_interval > 0x3fff) return "--format v5 has sampling intervals of at most 16383";
  }
  if (arguments.datagrams_per_second > 0 && options.records_per_datagram == 0) {
    return "--datagram-rate needs --records-per-datagram";
  }
  if (options.records_per_second <= 0 && arguments.duration_ns > 0)
    return "--duration needs a --rate above 0";
  if (options.records_per_second <= 0 && !options.pcap_path.empty()) return "--pcap needs a --rate above 0";
  return {};
}

int RunGenerate(GenerateArguments arguments) {
  GenerateOptions& options = arguments.options;
  if (arguments.datagrams_per_second > 0) {
    options.records_per_second =
        arguments.datagrams_per_second * static_cast<double>(options.records_per_datagram);
  }
  if (const std::string wrong = WhatIsWrong(arguments); !wrong.empty()) {
    std::cerr << "hostscope generate: " << wrong << "\nRun with --help for more information.\n";
    return kExitUsage;
  }
  if (arguments.duration_ns > 0) {
    const double seconds = static_cast<double>(arguments.duration_ns) / 1e9;
    options.records = static_cast<std::uint64_t>(options.records_per_second * seconds);
  }
  const std::string summary = Generate(options);
  if (options.summary_path.empty()) {
    std::cerr << summary;
    return kExitSuccess;
  }
  std::ofstream file(options.summary_path, std::ios::binary);
  file << summary;
  file.flush();
  if (!file) throw std::runtime_error(options.summary_path + ": can't be written");
  return kExitSuccess;
}

void AddTrafficOptions(CLI::App& command, GenerateOptions& options) {
  command.add_option("--hosts", options.hosts, "Hosts that the flows run between")
      ->check(CLI::Range(std::uint64_t{2}, kMaxHosts))
      ->capture_default_str();
  command.add_option("--zipf", options.zipf, "Exponent of their activity; 0: all alike")
      ->check(CLI::Range(0.0, 10.0))
      ->capture_default_str();
  command.add_option("--ipv6-share", options.ipv6_share, "Share of hosts and flows with IPv6, 0 to 1")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  AddParsed(command, "--ipv4-network", options.ipv4_network, ParsePrefix,
            "Hosts with IPv4 are in this prefix")
      ->type_name("CIDR")
      ->default_str("10.0.0.0/8");
  AddParsed(command, "--ipv6-network", options.ipv6_network, ParsePrefix,
            "Hosts with IPv6 are in this prefix")
      ->type_name("CIDR")
      ->default_str("2001:db8::/32");
  command.add_option("--seed", options.seed, "The same seed makes the same flows")->capture_default_str();
}

void AddMessageOptions(CLI::App& command, GenerateOptions& options) {
  const std::map<std::string, ExportFormat> formats = {
      {"v5", ExportFormat::kNetflow5}, {"v9", ExportFormat::kNetflow9}, {"ipfix", ExportFormat::kIpfix}};
  const std::map<std::string, RecordLayout> layouts = {{"typical", RecordLayout::kTypical},
                                                       {"reduced", RecordLayout::kReduced},
                                                       {"wide", RecordLayout::kWide}};
  AddNamed(command, "--format", options.format, formats, "Format of the datagrams")->default_str("ipfix");
  AddNamed(command, "--layout", options.layout, layouts,
           "Fields of a v9 or IPFIX record: typical has 46 bytes; reduced has short counters and sysUptime; "
           "wide has "
           "what routers add")
      ->default_str("typical");
  command.add_option("--exporters", options.exporters, "Exporters, which send in turn")
      ->check(CLI::Range(1U, 65'536U))
      ->capture_default_str();
  command
      .add_option("--records-per-datagram", options.records_per_datagram,
                  "At most so many; otherwise as many as fit")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1000}));
  command
      .add_option("--datagram-bytes", options.datagram_bytes,
                  "Longest UDP payload of v9 and IPFIX; beyond the network's MTU it comes in fragments")
      ->check(CLI::Range(std::size_t{1472}, std::size_t{65'507}))
      ->capture_default_str();
  command
      .add_option("--sampling", options.sampling_interval,
                  "Announce that one packet in so many was looked at")
      ->check(CLI::Range(1U, UINT32_MAX))
      ->capture_default_str();
  AddParsed(command, "--template-interval", options.template_interval_ns, ParseDuration,
            "Send templates again so often")
      ->type_name("DURATION")
      ->default_str("30s");
}

void AddRateOptions(CLI::App& command, GenerateArguments& arguments) {
  GenerateOptions& options = arguments.options;
  CLI::Option* records =
      command.add_option("--records", options.records, "Flow records in all")->capture_default_str();
  CLI::Option* duration = AddParsed(command, "--duration", arguments.duration_ns, ParseDuration,
                                    "Instead: as many as the rate makes")
                              ->type_name("DURATION");
  duration->excludes(records);
  CLI::Option* rate = command
                          .add_option("--rate", options.records_per_second,
                                      "Flow records a second; 0 with --udp: as fast as possible")
                          ->check(CLI::Range(0.0, 1e9))
                          ->capture_default_str();
  command.add_option("--datagram-rate", arguments.datagrams_per_second, "Instead: datagrams a second")
      ->check(CLI::Range(0.0, 1e8))
      ->excludes(rate);
}

void AddOutputOptions(CLI::App& command, GenerateOptions& options) {
  command.add_option("--pcap", options.pcap_path, "Write a capture; exporters are 198.18.0.1 and up")
      ->type_name("FILE");
  command
      .add_option("--udp", options.udp_target,
                  "Send to HOST:PORT; each exporter has a source port of its own")
      ->type_name("HOST:PORT");
  AddParsedList(command, "--source", options.udp_sources, ParseAddress,
                "Own addresses to send from, dealt out to the exporters")
      ->type_name("ADDRESS,…");
  command
      .add_option("--summary", options.summary_path,
                  "Write the exact totals as JSON here, not to standard error")
      ->type_name("FILE");
  command
      .add_option(
          "--truth", options.truth_path,
          "Write the exact figures of every host as NDJSON; takes memory for each distinct peer and port")
      ->type_name("FILE");
}

}  // namespace

void AddGenerate(CLI::App& root, Command& chosen) {
  auto arguments = std::make_shared<GenerateArguments>();
  SetDefaults(arguments->options);
  CLI::App* command = root.add_subcommand(
      "generate", "Generate NetFlow v5, NetFlow v9 or IPFIX datagrams, to a capture file or to a collector.");
  AddMessageOptions(*command, arguments->options);
  AddTrafficOptions(*command, arguments->options);
  AddRateOptions(*command, *arguments);
  AddOutputOptions(*command, arguments->options);
  command->callback([arguments, &chosen] { chosen = [arguments] { return RunGenerate(*arguments); }; });
}

}  // namespace hostscope::app
