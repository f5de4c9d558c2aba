#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hostscope::exporter {

/// Who we are to the server. Secrets are in files, so that they are neither in the configuration nor in a
/// process list: exporter/secret.h.
struct CredentialOptions {
  std::string user;           ///< with password_file: HTTP's basic authentication
  std::string password_file;  ///< its first line
  std::string api_key_file;   ///< its first line: an API key in its encoded form, base64 of id:key
};

/// The path that `name` stands for. Returns why there is none in `problem`.
std::string CredentialPath(const std::string& name, std::string& problem);

/// What CredentialOptions stand for at this moment.
class Credentials {
 public:
  /// Reads the files. Returns what is wrong, without a secret in it, or an empty string; then what was read
  /// before is forgotten.
  std::string Read(const CredentialOptions& options);

  /// The request header, or empty where there are no credentials. A secret.
  const std::string& header() const noexcept { return header_; }

  /// `text`, which may come from the other side, without our secrets.
  std::string Scrub(std::string text) const;

 private:
  std::string header_;
  std::vector<std::string> secrets_;
};

}  // namespace hostscope::exporter
