#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace hostscope::http {

/// http://127.0.0.1:8080, https://[2001:db8::1], http://mon1.example.net:8080/.
struct ServerUrl {
  bool has_tls = false;
  std::string host;  ///< a name or an address, without brackets
  std::string port;
};
/// Nothing where it is no such URL: with a path, a user or another scheme.
std::optional<ServerUrl> ParseServerUrl(std::string_view text);

struct ClientOptions {
  ServerUrl server;
  std::string token;    ///< empty: none
  std::string ca_path;  ///< PEM; empty: the authorities that the system trusts
  std::int64_t timeout_ns = 10'000'000'000;
};

struct ClientReply {
  unsigned status = 0;  ///< 0: there is none
  std::string body;
  std::string problem;  ///< why there is none, in words for a person
};

/// Is given a piece of an answer; false: that is enough. Throws nothing.
using StreamTaker = std::function<bool(std::string_view)>;
/// A GET whose answer goes to `take` as it comes, piece by piece, until it ends, `take` has enough, or
/// `is_over` is set, which takes up to a second. The reply has the body only where the status is not 200.
/// Throws nothing.
ClientReply GetStream(const ClientOptions& options, std::string_view path, const StreamTaker& take,
                      const std::atomic<bool>& is_over);

/// One GET of a path, on a connection of its own. Waits; throws nothing.
ClientReply Get(const ClientOptions& options, std::string_view path);

}  // namespace hostscope::http
