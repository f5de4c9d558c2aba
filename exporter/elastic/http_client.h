#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/elastic/credentials.h"

namespace hostscope::exporter {

struct HttpOptions {
  std::vector<std::string> urls;  ///< of the nodes; without anything behind host and port but a path
  CredentialOptions credentials;
  std::string ca_file;                        ///< empty: the system's certificate authorities
  std::string certificate_file;               ///< of ours, for servers that ask for one; PEM
  std::string key_file;                       ///< of that certificate; PEM, not encrypted
  std::chrono::milliseconds timeout{60'000};  ///< of a whole request
  std::size_t slots = 1;                      ///< requests at the same time
};

/// What is wrong with a URL of a node, or an empty string. Never repeats the URL, which may hold a secret.
std::string CheckNodeUrl(const std::string& url);

struct HttpRequest {
  const char* method = "GET";
  std::string path;                   ///< and query, from "/" on
  std::string_view body;              ///< must stay where it is until the request is done; empty: none
  bool is_gzip = false;               ///< the body
  bool is_ndjson = false;             ///< the body; else JSON
  std::size_t max_answer = 16 << 20;  ///< a longer answer is a failure
};

struct HttpAnswer {
  long status = 0;      ///< 0: there was no whole answer; `problem` says why
  std::string body;     ///< of a whole answer; where it says a failure, without secrets
  std::string problem;  ///< in words, with the URL, without secrets
};

/// For the log: what was asked, what came, and the beginning of what the server says to it.
std::string DescribeFailure(const std::string& request, const HttpAnswer& answer);

/// HTTP/1.1 requests to one of several equal nodes, over kept connections, by libcurl. A node that gives no
/// whole answer, or is in trouble itself (5xx), is left for the next one. Redirections are not followed and
/// proxies not used: who gets our credentials is who is configured. Servers' certificates are verified. One
/// thread.
class HttpClient {
 public:
  using Done = std::function<void(std::size_t slot, HttpAnswer& answer)>;

  /// Null, with the reason, where a file of it can't be read.
  static std::unique_ptr<HttpClient> Make(const HttpOptions& options, std::string& problem);
  virtual ~HttpClient() = default;

  virtual std::size_t slots() const noexcept = 0;
  /// Begins a request in a slot that has none under way.
  virtual void Start(std::size_t slot, const HttpRequest& request) = 0;
  /// Moves everything on, waiting up to `wait` for something to happen; calls `done` for each request that is
  /// over, whose slot is then free.
  virtual void Poll(std::chrono::milliseconds wait, const Done& done) = 0;
  /// Ends all that are under way, at once, without calling anyone.
  virtual void Abort() noexcept = 0;
  /// Of problems and answers: no secret is in it.
  virtual std::string Scrub(std::string text) const = 0;
};

}  // namespace hostscope::exporter
