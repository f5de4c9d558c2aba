#include <CLI/CLI.hpp>
#include <fstream>
#include <memory>
#include <stdexcept>

#include "app/command_line.h"
#include "app/option_text.h"
#include "app/top/top.h"
#include "ipfix/time.h"

namespace hostscope::app {
namespace {

struct TopArguments {
  std::string url = "http://127.0.0.1:8080";
  std::string token_path;
  std::string ca_path;
  std::int64_t interval_ns = 2'000'000'000;
  bool is_once = false;
};

/// The first line of the file.
std::string ReadToken(const std::string& path) {
  std::ifstream file(path);
  std::string token;
  if (!std::getline(file, token) || token.empty()) throw std::runtime_error(path + ": has no token");
  return token;
}

int RunTop(const TopArguments& arguments) {
  TopOptions options;
  options.client.server = http::ParseServerUrl(arguments.url).value();
  if (!arguments.token_path.empty()) options.client.token = ReadToken(arguments.token_path);
  options.client.ca_path = arguments.ca_path;
  options.url = arguments.url;
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
  command->add_option("url", arguments->url, "Its HTTP interface")
      ->capture_default_str()
      ->check([](const std::string& text) {
        return http::ParseServerUrl(text) ? std::string()
                                          : "'" + text + "' is no http:// or https:// URL of a server";
      });
  command->add_option("--token", arguments->token_path, "File with the bearer token that it wants")
      ->type_name("FILE");
  command
      ->add_option("--ca", arguments->ca_path,
                   "PEM file of the authority of its certificate, where the system does not know it")
      ->type_name("FILE");
  AddParsed(*command, "--interval", arguments->interval_ns, ParseInterval, "Between two looks; 2s")
      ->type_name("DURATION");
  command->add_flag("--once", arguments->is_once,
                    "Print one frame, 80 columns wide, of rates over one interval, and end");
  command->callback([arguments, &chosen] { chosen = [arguments] { return RunTop(*arguments); }; });
}

}  // namespace hostscope::app
