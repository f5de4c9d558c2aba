#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "app/command_line.h"
#include "app/config/config_check.h"
#include "app/config/config_file.h"
#include "app/option_text.h"
#include "app/run/run.h"

namespace hostscope::app {
namespace {

struct RunArguments {
  std::string config_path;
  std::string device;
  std::vector<Address> addresses;
  std::string output;
  std::vector<std::int64_t> window_lengths_ns;
  std::string stats_path;
  std::optional<http::HttpOptions> http;
};

std::optional<Config> ConfigOf(const RunArguments& arguments) {
  const std::string path = ChooseConfigPath(arguments.config_path);
  std::optional<Config> config = path.empty() ? Config{} : LoadConfigOrReport(path, true);
  if (!config) return std::nullopt;
  if (!arguments.device.empty()) {
    dataplane::PortConfig port;
    port.device = arguments.device;
    port.addresses = arguments.addresses;
    config->dataplane.ports = {port};
  }
  if (!arguments.output.empty()) {
    config->sinks = {};
    config->sinks.ndjson.push_back({arguments.output, exporter::Schema::kHostscope});
  }
  if (!arguments.window_lengths_ns.empty()) config->window_lengths_ns = arguments.window_lengths_ns;
  if (arguments.http) {
    config->http.is_enabled = arguments.http->is_enabled;
    config->http.listen = arguments.http->listen;
  }
  return config;
}

Parsed<http::HttpOptions> ParseHttp(std::string_view text) {
  http::HttpOptions options;
  options.is_enabled = text != "none";
  if (!options.is_enabled) return Parsed<http::HttpOptions>::Of(options);
  Parsed<http::ListenAddress> listen = ParseListen(text);
  if (!listen.value) return Parsed<http::HttpOptions>::Wrong(listen.wrong);
  options.listen = *listen.value;
  return Parsed<http::HttpOptions>::Of(options);
}

int RunRun(const RunArguments& arguments) {
  std::optional<Config> config = ConfigOf(arguments);
  if (!config) return kExitFailure;
  RunOptions options;
  options.config = *std::move(config);
  options.reload = [&arguments] { return ConfigOf(arguments); };
  options.stats_path = arguments.stats_path;
  return Run(options);
}

}  // namespace

void AddRun(CLI::App& root, Command& chosen) {
  auto arguments = std::make_shared<RunArguments>();
  CLI::App* command =
      root.add_subcommand("run", "Be the appliance: receive, count, and send out host records.");
  command
      ->add_option("-c,--config", arguments->config_path,
                   "Configuration file; built-in defaults where there is none")
      ->type_name("FILE")
      ->default_str(kDefaultConfigPath);
  CLI::Option* device =
      command
          ->add_option("--device", arguments->device,
                       "Receive on this PCI address or DPDK virtual device, not on the configured ports")
          ->type_name("DEVICE");
  CLI::Option* address =
      AddParsedList(*command, "--address", arguments->addresses, ParseAddress, "Its addresses");
  address->type_name("ADDRESS,…")->needs(device);
  device->needs(address);
  command
      ->add_option("--output", arguments->output,
                   "Write host records to this file, \"-\" for standard output, not to the configured sinks")
      ->type_name("FILE");
  AddParsedList(*command, "--windows", arguments->window_lengths_ns, ParseDuration,
                "Window lengths, each a multiple of the shortest, not the configured ones")
      ->type_name("DURATION,…");
  command
      ->add_option("--stats", arguments->stats_path,
                   "Write the accounting as JSON here, at each window's edge and at the end")
      ->type_name("FILE");
  command
      ->add_option_function<std::string>(
          "--http",
          [arguments](const std::string& text) { arguments->http = ParseOrThrow("--http", text, ParseHttp); },
          "Serve HTTP here, not where the configuration says; none: not at all")
      ->type_name("ADDRESS:PORT|none");
  command->footer(
      "SIGTERM and SIGINT end it: open windows are written, marked partial. SIGHUP reads the configuration "
      "again and changes what can change while running; the log says what needs a restart.");
  command->callback([arguments, &chosen] {
    if (std::vector<std::int64_t>& lengths = arguments->window_lengths_ns; !lengths.empty()) {
      if (const std::string wrong = CheckWindowLengths(lengths); !wrong.empty()) {
        throw CLI::ValidationError("--windows", wrong);
      }
    }
    chosen = [arguments] { return RunRun(*arguments); };
  });
}

}  // namespace hostscope::app
