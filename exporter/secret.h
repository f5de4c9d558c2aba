#pragma once

#include <optional>
#include <string>

namespace hostscope::exporter {

/// What a file has that holds one secret, or why it can't be had.
struct Secret {
  std::string value;
  std::string problem;  ///< without the value, and without the file's name
  /// The file is one of $CREDENTIALS_DIRECTORY, which is not set.
  bool is_of_the_service = false;
};

/// Where a file of secrets is: a name without "/" is of the folder $CREDENTIALS_DIRECTORY, which systemd
/// gives a service that has LoadCredential=. Nothing where that is not set, or empty.
std::optional<std::string> SecretPath(const std::string& file);

/// What is there. One line feed at the end is not part of the secret.
Secret ReadSecret(const std::string& file);

}  // namespace hostscope::exporter
