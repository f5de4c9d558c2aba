#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "app/command_line.h"
#include "app/config/config_file.h"
#include "app/config/config_writer.h"

namespace hostscope::app {
namespace {

struct CheckOptions {
  std::string config_path;
  bool print = false;
  bool example = false;
};

int Print(const std::string& text) {
  std::cout << text << std::flush;
  return std::cout ? kExitSuccess : kExitFailure;
}

int Check(const CheckOptions& options) {
  if (options.example) return Print(WriteExample());
  const std::string path = ChooseConfigPath(options.config_path);
  std::optional<Config> config = path.empty() ? Config{} : LoadConfigOrReport(path, true);
  if (!config) return kExitFailure;
  if (options.print) return Print(WriteConfig(*config));
  if (path.empty()) {
    return Print(std::string("no file at ") + kDefaultConfigPath + ": the built-in defaults are in force\n");
  }
  return Print(path + ": no problems\n");
}

}  // namespace

void AddCheck(CLI::App& root, Command& chosen) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* check = root.add_subcommand(
      "check",
      "Read the configuration and name every problem as FILE:LINE: key: what is wrong; what is allowed.");
  check->add_option("-c,--config", options->config_path, "Configuration file")
      ->type_name("FILE")
      ->default_str(kDefaultConfigPath);
  check->add_flag("--print", options->print,
                  "Print the whole configuration that results, every key explained");
  check
      ->add_flag("--example", options->example,
                 "Print the built-in defaults instead, every key explained: a file to start from")
      ->excludes("--print")
      ->excludes("--config");
  check->callback([options, &chosen] { chosen = [options] { return Check(*options); }; });
}

}  // namespace hostscope::app
