#include "app/config/config_file.h"

#include <filesystem>
#include <iostream>

#include "app/config/config_check.h"
#include "app/config/config_reader.h"

namespace hostscope::app {

std::optional<Config> LoadConfigOrReport(const std::string& path, bool and_files) {
  LoadedConfig loaded = LoadConfig(path);
  if (loaded.problems.empty() && and_files) CheckConfigFiles(loaded.config, loaded.lines, loaded.problems);
  if (loaded.problems.empty()) return std::move(loaded.config);
  for (const Problem& problem : loaded.problems) std::cerr << FormatProblem(path, problem) << '\n';
  return std::nullopt;
}

std::string ChooseConfigPath(const std::string& given) {
  if (!given.empty()) return given;
  std::error_code ignored;
  return std::filesystem::exists(kDefaultConfigPath, ignored) ? kDefaultConfigPath : "";
}

}  // namespace hostscope::app
