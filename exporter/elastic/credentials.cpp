#include "exporter/elastic/credentials.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "exporter/encoding/base64.h"
#include "exporter/secret.h"

namespace hostscope::exporter {
namespace {

// Of a file of credentials, without what editors put behind it.
std::string FirstLine(const std::string& name, std::string& problem) {
  Secret secret = ReadSecret(name);
  std::string line = std::move(secret.value);
  line.resize(std::min(line.find('\n'), line.size()));
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.pop_back();
  if (secret.problem.empty() && line.empty())
    secret.problem = "has an empty first line; a secret is to be there";
  for (const char c : line) {
    if (static_cast<unsigned char>(c) < 0x20) secret.problem = "has a control character in its first line";
  }
  if (secret.problem.empty()) return line;
  problem = name + ": " + secret.problem;
  return {};
}

std::string Base64(std::string_view text) {
  std::string out(Base64Length(text.size()), '\0');
  PutBase64(out.data(), std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
  return out;
}

}  // namespace

std::string CredentialPath(const std::string& name, std::string& problem) {
  if (std::optional<std::string> path = SecretPath(name)) return *std::move(path);
  problem = name +
            ": is the name of a systemd credential, but $CREDENTIALS_DIRECTORY is not set; LoadCredential= "
            "in the unit, or a path";
  return {};
}

std::string Credentials::Read(const CredentialOptions& options) {
  std::string problem;
  std::string header;
  std::vector<std::string> secrets;
  if (!options.api_key_file.empty()) {
    secrets.push_back(FirstLine(options.api_key_file, problem));
    header = "Authorization: ApiKey " + secrets.back();
  } else if (!options.user.empty()) {
    secrets.push_back(FirstLine(options.password_file, problem));
    secrets.push_back(Base64(options.user + ":" + secrets.front()));
    header = "Authorization: Basic " + secrets.back();
  }
  if (!problem.empty()) return problem;
  header_ = std::move(header);
  secrets_ = std::move(secrets);
  return {};
}

std::string Credentials::Scrub(std::string text) const {
  for (const std::string& secret : secrets_) {
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at)) {
      text.replace(at, secret.size(), "***");
    }
  }
  return text;
}

}  // namespace hostscope::exporter
