#pragma once

#include <regex>
#include <string>

#include "app/config/config_reader.h"

namespace hostscope::app::testing {

/// A line for each problem, as `hostscope check` prints them of a file called FILE.
inline std::string ProblemsOf(const LoadedConfig& loaded) {
  std::string text;
  for (const Problem& problem : loaded.problems) text += FormatProblem("FILE", problem) + '\n';
  return text;
}

/// Turns items that are commented out into items, as a written configuration says of itself.
inline std::string UncommentItems(const std::string& yaml) {
  static const std::regex kItem("^( *)#(-|  )", std::regex::multiline);
  return std::regex_replace(yaml, kItem, "$1$2");
}

/// Without comments and blank lines.
inline std::string BareYaml(const std::string& yaml) {
  static const std::regex kComment("^ *(#.*)?\n", std::regex::multiline);
  return std::regex_replace(yaml, kComment, "");
}

}  // namespace hostscope::app::testing
