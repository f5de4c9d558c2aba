#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "app/command_line.h"
#include "app/config/config_file.h"
#include "app/config/config_reader.h"
#include "app/doctor/doctor.h"

namespace hostscope::app {
namespace {

struct DoctorOptions {
  std::string config_path;
  std::string root;
  bool json = false;
};

/// The configuration, whose problems are findings too.
Config Read(const DoctorOptions& options, Findings& findings) {
  const std::string path = ChooseConfigPath(options.config_path);
  if (path.empty()) {
    findings.push_back(
        {"configuration", Verdict::kWarn,
         std::string("there is no ") + kDefaultConfigPath + ": the built-in defaults are in force",
         std::string("hostscope check --example > ") + kDefaultConfigPath});
    return {};
  }
  LoadedConfig loaded = LoadConfig(path);
  for (const Problem& problem : loaded.problems)
    findings.push_back({"configuration", Verdict::kFail, FormatProblem(path, problem), "correct that line"});
  if (loaded.problems.empty())
    findings.push_back({"configuration", Verdict::kOk, path + " has no problems", ""});
  return std::move(loaded.config);
}

int Doctor(const DoctorOptions& options) {
  Findings findings;
  const Config config = Read(options, findings);
  // What is wrong in the file would be said again of the machine.
  if (!HasFailure(findings)) {
    const Findings examined = Examine(config, SystemView(options.root));
    findings.insert(findings.end(), examined.begin(), examined.end());
  }
  std::cout << (options.json ? ToJson(findings) : ToText(findings)) << std::flush;
  return HasFailure(findings) || !std::cout ? kExitFailure : kExitSuccess;
}

}  // namespace

void AddDoctor(CLI::App& root, Command& chosen) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App* doctor = root.add_subcommand(
      "doctor", "Look at what the configuration needs of this machine, and say how to mend what is wrong.");
  doctor
      ->add_option("-c,--config", options->config_path,
                   "Configuration file; built-in defaults where there is none")
      ->type_name("FILE")
      ->default_str(kDefaultConfigPath);
  doctor->add_flag("--json", options->json, "Write the findings as JSON");
  doctor
      ->add_option("--root", options->root,
                   "Read /proc, /sys and /dev below this folder: those of another machine, copied")
      ->type_name("FOLDER");
  doctor->footer(
      "Each line begins with ok, warn (it runs, but worse than it could) or FAIL (it does not run, or loses "
      "data). "
      "Nothing is changed. Exit status 1 when something fails.");
  doctor->callback([options, &chosen] { chosen = [options] { return Doctor(*options); }; });
}

}  // namespace hostscope::app
