#include "app/server_arguments.h"

#include <CLI/CLI.hpp>
#include <fstream>
#include <stdexcept>

namespace hostscope::app {
namespace {

/// The first line of the file.
std::string ReadToken(const std::string& path) {
  std::ifstream file(path);
  std::string token;
  if (!std::getline(file, token) || token.empty()) throw std::runtime_error(path + ": has no token");
  return token;
}

}  // namespace

void AddServerUrl(CLI::App& command, ServerArguments& arguments) {
  command.add_option("url", arguments.url, "Its HTTP interface")
      ->capture_default_str()
      ->check([](const std::string& text) {
        return http::ParseServerUrl(text) ? std::string()
                                          : "'" + text + "' is no http:// or https:// URL of a server";
      });
}

void AddServerAccess(CLI::App& command, ServerArguments& arguments) {
  command.add_option("--token", arguments.token_path, "File with the bearer token that it wants")
      ->type_name("FILE");
  command
      .add_option("--ca", arguments.ca_path,
                  "PEM file of the authority of its certificate, where the system does not know it")
      ->type_name("FILE");
}

http::ClientOptions ClientOptionsOf(const ServerArguments& arguments) {
  http::ClientOptions options;
  options.server = http::ParseServerUrl(arguments.url).value();
  options.ca_path = arguments.ca_path;
  if (!arguments.token_path.empty()) options.token = ReadToken(arguments.token_path);
  return options;
}

}  // namespace hostscope::app
