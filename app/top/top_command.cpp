#include <CLI/CLI.hpp>
#include <memory>

#include "app/command_line.h"
#include "app/option_text.h"
#include "app/server_arguments.h"
#include "app/top/top.h"
#include "ipfix/time.h"

namespace hostscope::app {
namespace {

struct TopArguments {
  ServerArguments server;
  std::int64_t interval_ns = 2'000'000'000;
  bool is_once = false;
};

int RunTop(const TopArguments& arguments) {
  TopOptions options;
  options.client = ClientOptionsOf(arguments.server);
  options.url = arguments.server.url;
  options.interval = std::chrono::milliseconds(arguments.interval_ns / kNanosecondsPerMillisecond);
  options.is_once = arguments.is_once;
  return Top(options);
}

Parsed<std::int64_t> ParseInterval(std::string_view text) {
  const Parsed<std::int64_t> parsed = ParseDuration(text);
  if (parsed.value && *parsed.value < 1'000'000'000)
    return Parsed<std::int64_t>::Wrong("is too short; at least 1s: so often workers tell what they count");
  return parsed;
}

}  // namespace

void AddTop(CLI::App& root, Command& chosen) {
  auto arguments = std::make_shared<TopArguments>();
  CLI::App* command = root.add_subcommand(
      "top", "Show what a running appliance does: rates, exporters, drops, busiest hosts, sinks. q ends it.");
  AddServerUrl(*command, arguments->server);
  AddServerAccess(*command, arguments->server);
  AddParsed(*command, "--interval", arguments->interval_ns, ParseInterval, "Between two looks; 2s")
      ->type_name("DURATION");
  command->add_flag("--once", arguments->is_once,
                    "Print one frame, 80 columns wide, of rates over one interval, and end");
  command->callback([arguments, &chosen] { chosen = [arguments] { return RunTop(*arguments); }; });
}

}  // namespace hostscope::app
