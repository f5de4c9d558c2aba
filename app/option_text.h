#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/config/text.h"

/// Options whose text is read as in the configuration. What can't be read is wrong usage.
namespace hostscope::app {

template <typename T>
T ParseOrThrow(const std::string& name, std::string_view text, Parsed<T> (*parse)(std::string_view)) {
  Parsed<T> parsed = parse(text);
  if (!parsed.value) throw CLI::ValidationError(name, parsed.wrong);
  return *std::move(parsed.value);
}

template <typename T>
CLI::Option* AddParsed(CLI::App& app, const std::string& name, T& target,
                       Parsed<T> (*parse)(std::string_view), const std::string& help) {
  return app.add_option_function<std::string>(
      name, [name, &target, parse](const std::string& text) { target = ParseOrThrow(name, text, parse); },
      help);
}

/// Separated by commas, in one argument: what follows after a space is something else.
template <typename T>
CLI::Option* AddParsedList(CLI::App& app, const std::string& name, std::vector<T>& target,
                           Parsed<T> (*parse)(std::string_view), const std::string& help) {
  return app.add_option_function<std::string>(
      name,
      [name, &target, parse](const std::string& text) {
        target.clear();
        for (std::size_t start = 0; start <= text.size();) {
          const std::size_t end = std::min(text.find(',', start), text.size());
          target.push_back(ParseOrThrow(name, std::string_view(text).substr(start, end - start), parse));
          start = end + 1;
        }
      },
      help);
}

/// One of a few names.
template <typename T>
CLI::Option* AddNamed(CLI::App& app, const std::string& name, T& target,
                      const std::map<std::string, T>& names, const std::string& help) {
  return app
      .add_option_function<std::string>(
          name, [&target, names](const std::string& text) { target = names.at(text); }, help)
      ->check(CLI::IsMember(names));
}

}  // namespace hostscope::app
