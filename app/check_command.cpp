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
};

int Check(const CheckOptions& options) {
  const std::string path = ChooseConfigPath(options.config_path);
  std::optional<Config> config = path.empty() ? Config{} : LoadConfigOrReport(path);
  if (!config) return kExitFailure;
  if (options.print) {
    std::cout << WriteConfig(*config);
  } else if (path.empty()) {
    std::cout << "no file at " << kDefaultConfigPath << ": the built-in defaults are in force\n";
  } else {
    std::cout << path << ": no problems\n";
  }
  std::cout.flush();
  return std::cout ? kExitSuccess : kExitFailure;
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
  check->callback([options, &chosen] { chosen = [options] { return Check(*options); }; });
}

}  // namespace hostscope::app
