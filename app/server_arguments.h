#pragma once

#include <string>

#include "exporter/http/http_client.h"

namespace CLI {
class App;
}

namespace hostscope::app {

/// Which running appliance a command asks, and how it shows who asks.
struct ServerArguments {
  std::string url = "http://127.0.0.1:8080";
  std::string token_path;
  std::string ca_path;
};

/// The argument `url`, of which ParseServerUrl() makes something.
void AddServerUrl(CLI::App& command, ServerArguments& arguments);
/// The options --token and --ca.
void AddServerAccess(CLI::App& command, ServerArguments& arguments);

/// Reads the token. Throws std::runtime_error, which names the file, where there is none.
http::ClientOptions ClientOptionsOf(const ServerArguments& arguments);

}  // namespace hostscope::app
