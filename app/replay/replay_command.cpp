#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/command_line.h"
#include "app/config/config_check.h"
#include "app/config/config_file.h"
#include "app/config/text.h"
#include "app/config/value.h"
#include "app/option_text.h"
#include "app/replay/replay.h"

namespace hostscope::app {
namespace {

// Without a configuration: room for every host of a large network's day. Reserved, and taken only as hosts
// come.
constexpr std::size_t kDefaultMaxHosts = 4'000'000;
constexpr std::size_t kDefaultSketchBytes = std::size_t{2} << 30;

// Where profiles stand in their table: fixed, as all that a replay does. Who made a capture could crowd the
// table, which makes it slow and nothing wrong.
constexpr std::uint64_t kTableKey = 0;

struct ReplayArguments {
  std::string config_path;
  std::vector<std::int64_t> window_lengths_ns;
  std::vector<Prefix> networks;
  std::optional<bool> apply_sampling;
  std::optional<exporter::Schema> schema;
  bool sketches = false;
  bool hold_data = false;
  bool has_network_records = false;
  std::vector<std::uint8_t> ipv4_levels;  ///< empty: not said
  std::vector<std::uint8_t> ipv6_levels;
  std::optional<std::size_t> top_peers;
  std::optional<std::size_t> top_dst_ports;
  std::optional<aggregator::TopBy> top_by;
  std::string stats_path;
  std::vector<std::string> captures;
};

constexpr std::uint8_t kNoLevel = 0;

template <std::uint64_t Longest>
Parsed<std::uint8_t> ParseLevel(std::string_view text) {
  if (text == "none") return Parsed<std::uint8_t>::Of(kNoLevel);
  std::uint64_t length = 0;
  const std::string wrong = AssignWhole(text, 1, Longest, length);
  if (!wrong.empty()) {
    return Parsed<std::uint8_t>::Wrong(wrong + "; " + AllowedRange(1, Longest) + ", or none");
  }
  return Parsed<std::uint8_t>::Of(static_cast<std::uint8_t>(length));
}

void AddNetworkRecords(CLI::App& command, ReplayArguments& arguments) {
  constexpr const char* kHelp =
      "Network records of prefixes of these lengths in them, or none; implies --network-records";
  command.add_flag("--network-records", arguments.has_network_records,
                   "Also write records of networks: the monitored ones, and levels of detail in them");
  AddParsedList(command, "--ipv4-levels", arguments.ipv4_levels, ParseLevel<31>, kHelp)
      ->type_name("LENGTH,…")
      ->default_str("8,16,24");
  AddParsedList(command, "--ipv6-levels", arguments.ipv6_levels, ParseLevel<127>, kHelp)
      ->type_name("LENGTH,…")
      ->default_str("32,48,64");
}

/// Nothing where none are asked for: without being told, replay writes hosts and windows, as any version did.
std::optional<aggregator::NetworkLevels> NetworkRecordsOf(const ReplayArguments& arguments,
                                                          aggregator::NetworkLevels levels) {
  const bool has_levels = !arguments.ipv4_levels.empty() || !arguments.ipv6_levels.empty();
  if (!arguments.has_network_records && !has_levels) return std::nullopt;
  if (!arguments.ipv4_levels.empty()) levels.ipv4 = arguments.ipv4_levels;
  if (!arguments.ipv6_levels.empty()) levels.ipv6 = arguments.ipv6_levels;
  std::erase(levels.ipv4, kNoLevel);
  std::erase(levels.ipv6, kNoLevel);
  return levels;
}

std::optional<ReplayOptions> OptionsOf(const ReplayArguments& arguments) {
  ReplayOptions options;
  options.table = {kDefaultMaxHosts, kDefaultSketchBytes, 0, {}};
  aggregator::NetworkLevels levels;
  if (!arguments.config_path.empty()) {
    const std::optional<Config> config = LoadConfigOrReport(arguments.config_path);
    if (!config) return std::nullopt;
    options.observer = config->observer_name;
    options.window_lengths_ns = config->window_lengths_ns;
    std::sort(options.window_lengths_ns.begin(), options.window_lengths_ns.end());
    options.networks = config->networks;
    levels = config->network_records.levels;
    options.decoder = config->dataplane.decoder;
    options.table.max_hosts = config->memory.max_hosts;
    options.table.sketch_bytes = config->memory.sketch_bytes;
    options.table.top = config->top;
    if (config->profiles.is_enabled) options.profiles = ProfileOptionsOf(config->profiles, kTableKey);
  }
  // A capture may span months: what its exporters sent holds until they send something else.
  options.decoder.template_lifetime_ns = 0;
  options.decoder.exporter_lifetime_ns = 0;
  // Off unless asked for: as other decoders read a capture.
  if (!arguments.hold_data) {
    options.decoder.held_bytes = 0;
  } else if (options.decoder.held_bytes == 0) {
    options.decoder.held_bytes = dataplane::LiveDecoderSettings().held_bytes;
  }
  if (!arguments.window_lengths_ns.empty()) options.window_lengths_ns = arguments.window_lengths_ns;
  if (!arguments.networks.empty()) options.networks = arguments.networks;
  if (arguments.apply_sampling) {
    options.decoder.default_exporter.apply_sampling = *arguments.apply_sampling;
    for (ipfix::ExporterRule& rule : options.decoder.exporters) {
      rule.settings.apply_sampling = *arguments.apply_sampling;
    }
  }
  if (options.profiles && std::find(options.window_lengths_ns.begin(), options.window_lengths_ns.end(),
                                    options.profiles->window_ns) == options.window_lengths_ns.end()) {
    std::cerr << "hostscope replay: --windows: profiles.window of the configuration, "
              << FormatDuration(options.profiles->window_ns) << ", is none of them\n";
    return std::nullopt;
  }
  if (arguments.schema) options.schema = *arguments.schema;
  options.sketches = arguments.sketches;
  options.network_records = NetworkRecordsOf(arguments, std::move(levels));
  if (arguments.top_peers) options.table.top.peers = *arguments.top_peers;
  if (arguments.top_dst_ports) options.table.top.dst_ports = *arguments.top_dst_ports;
  if (arguments.top_by) options.table.top.by = *arguments.top_by;
  options.captures = arguments.captures;
  options.stats_path = arguments.stats_path;
  return options;
}

int RunReplay(const ReplayArguments& arguments) {
  const std::optional<ReplayOptions> options = OptionsOf(arguments);
  return options ? Replay(*options) : kExitFailure;
}

void AddTopOptions(CLI::App& command, ReplayArguments& arguments) {
  const auto add = [&](const std::string& name, std::optional<std::size_t>& length, const std::string& help) {
    command.add_option(name, length, help)
        ->type_name("N")
        ->check(CLI::Range(std::size_t{0}, aggregator::TopOptions::kMax))
        ->default_str("0");
  };
  add("--top-peers", arguments.top_peers, "List the N peers with most flows or bytes of each host and role");
  add("--top-dst-ports", arguments.top_dst_ports, "The same for destination ports");
  command
      .add_option_function<std::string>(
          "--top-by",
          [&arguments](const std::string& text) {
            arguments.top_by = text == "flows" ? aggregator::TopBy::kFlows : aggregator::TopBy::kBytes;
          },
          "What these lists are ranked by")
      ->check(CLI::IsMember({"flows", "bytes"}))
      ->default_str("flows");
}

void AddOptions(CLI::App& command, ReplayArguments& arguments) {
  command
      .add_option("-c,--config", arguments.config_path, "Configuration file; without it, the defaults below")
      ->type_name("FILE");
  AddParsedList(command, "--windows", arguments.window_lengths_ns, ParseDuration,
                "Window lengths, each a multiple of the shortest")
      ->type_name("DURATION,…")
      ->default_str("10s");
  AddParsedList(command, "--networks", arguments.networks, ParsePrefix, "Monitored networks")
      ->type_name("CIDR,…")
      ->default_str("0.0.0.0/0,::/0");
  command
      .add_option_function<std::string>(
          "--sampling", [&arguments](const std::string& text) { arguments.apply_sampling = text == "apply"; },
          "Multiply packets and bytes by the sampling rate of their exporter, or don't")
      ->check(CLI::IsMember({"apply", "ignore"}))
      ->default_str("apply");
  command
      .add_option_function<std::string>(
          "--schema",
          [&arguments](const std::string& text) {
            arguments.schema =
                text == "hostscope" ? exporter::Schema::kHostscope : exporter::Schema::kStream4Flow;
          },
          "Layout of the records")
      ->check(CLI::IsMember({"hostscope", "stream4flow"}))
      ->default_str("hostscope");
  command.add_flag("--sketches", arguments.sketches,
                   "Add the sketches behind distinct counts, in the form of Apache DataSketches");
  command.add_flag("--hold-data", arguments.hold_data,
                   "Hold data that come before their template, and count them when it comes");
  AddNetworkRecords(command, arguments);
  AddTopOptions(command, arguments);
  command.add_option("--stats", arguments.stats_path, "Write the accounting as JSON here")->type_name("FILE");
  command
      .add_option("captures", arguments.captures,
                  "pcap or pcapng files, \"-\" for standard input; several are merged by time")
      ->type_name("PCAP")
      ->required();
}

}  // namespace

void AddReplay(CLI::App& root, Command& chosen) {
  auto arguments = std::make_shared<ReplayArguments>();
  CLI::App* command = root.add_subcommand(
      "replay",
      "Decode and count the export datagrams of capture files; host records go to standard output.");
  command->footer(
      "Every UDP datagram that starts with a version of NetFlow or IPFIX counts, whatever its ports. Host "
      "records come\n"
      "window by window, in address order, then network records if asked for, then the window's own record. "
      "A configuration with `profiles` has hosts\n"
      "compared with profiles that start empty.");
  AddOptions(*command, *arguments);
  command->callback([arguments, &chosen] {
    if (std::vector<std::int64_t>& lengths = arguments->window_lengths_ns; !lengths.empty()) {
      if (const std::string wrong = CheckWindowLengths(lengths); !wrong.empty()) {
        throw CLI::ValidationError("--windows", wrong);
      }
    }
    if (arguments->sketches && arguments->schema == exporter::Schema::kStream4Flow) {
      throw CLI::ValidationError("--sketches", "schema stream4flow has no place for them");
    }
    if (arguments->schema == exporter::Schema::kStream4Flow && NetworkRecordsOf(*arguments, {})) {
      throw CLI::ValidationError("--network-records", "schema stream4flow has no network records");
    }
    chosen = [arguments] { return RunReplay(*arguments); };
  });
}

}  // namespace hostscope::app
