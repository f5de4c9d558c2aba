#include "exporter/elastic/elastic_names.h"
#include "exporter/elastic/elastic_sink.h"

namespace hostscope::exporter {
namespace {

class Checker {
 public:
  void Report(std::string key, std::string wrong, std::string allowed) {
    problems_.push_back({std::move(key), std::move(wrong), std::move(allowed)});
  }
  std::vector<ElasticProblem> Take() { return std::move(problems_); }

 private:
  std::vector<ElasticProblem> problems_;
};

void CheckUrls(const std::vector<std::string>& urls, Checker& checker) {
  constexpr const char* kAllowed = "http:// or https://, host and port; credentials have keys of their own";
  if (urls.empty()) checker.Report("urls", "is empty", "at least one URL");
  for (std::size_t i = 0; i < urls.size(); ++i) {
    std::string wrong = CheckNodeUrl(urls[i]);
    if (!wrong.empty()) checker.Report("urls[" + std::to_string(i) + "]", std::move(wrong), kAllowed);
  }
}

void CheckCredentials(const HttpOptions& http, Checker& checker) {
  const CredentialOptions& credentials = http.credentials;
  const bool has_user = !credentials.user.empty();
  const bool has_password = !credentials.password_file.empty();
  if (has_user != has_password) {
    checker.Report(has_user ? "user" : "password_file", has_user ? "has no password_file" : "has no user",
                   "both, or neither");
  }
  if (!credentials.api_key_file.empty() && (has_user || has_password)) {
    checker.Report("api_key_file", "is there beside a user", "either an API key, or a user and a password");
  }
  const bool has_certificate = !http.certificate_file.empty();
  if (has_certificate != !http.key_file.empty()) {
    checker.Report(has_certificate ? "tls.certificate" : "tls.key",
                   has_certificate ? "has no tls.key" : "has no tls.certificate", "both, or neither");
  }
}

}  // namespace

std::vector<ElasticProblem> CheckElasticOptions(const ElasticOptions& options) {
  Checker checker;
  CheckUrls(options.http.urls, checker);
  CheckCredentials(options.http, checker);
  if (std::string wrong = CheckStreamPrefix(options.data_stream); !wrong.empty()) {
    checker.Report("data_stream", "'" + options.data_stream + "' " + wrong,
                   "1 to 200 of the characters a-z 0-9 . _ -, a letter or digit first");
  }
  const bool is_by_network = options.hosts.kind == HostSelection::Kind::kNetworks;
  if (is_by_network && options.hosts.networks.empty()) {
    checker.Report("hosts.networks", "is empty, but hosts.select is networks", "at least one prefix");
  }
  if (!is_by_network && !options.hosts.networks.empty()) {
    checker.Report("hosts.networks", "is not used, since hosts.select is not networks",
                   "prefixes with hosts.select: networks, or none");
  }
  return checker.Take();
}

}  // namespace hostscope::exporter
