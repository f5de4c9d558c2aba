#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipfix/address.h"

namespace hostscope::http {

struct ListenAddress {
  Address address;
  std::uint16_t port = 0;  ///< 0: one that the system chooses

  bool operator==(const ListenAddress&) const = default;
  bool IsLoopback() const noexcept;  ///< reached from this machine alone
};

/// 127.0.0.1:8080, [::1]:8080. Nothing else.
std::optional<ListenAddress> ParseListenAddress(std::string_view text) noexcept;
std::string ToText(const ListenAddress& listen);

/// What one client, and all together, may take. What is beyond is refused with the status that says so, and
/// counted (http_books.h).
struct HttpLimits {
  std::size_t connections = 256;
  std::size_t streams = 64;  ///< of these connections, those that are event streams
  std::size_t request_line_bytes = 8 << 10;
  std::size_t header_bytes = 32 << 10;  ///< request line and header fields
  std::size_t body_bytes = 64 << 10;
  std::int64_t header_time_ns = 10'000'000'000;   ///< from a request's first byte to the header's end
  std::int64_t request_time_ns = 30'000'000'000;  ///< body and handler together
  std::int64_t idle_time_ns = 60'000'000'000;     ///< between two requests
  std::size_t waiting = 64;                       ///< requests that wait for a worker
};

struct HttpOptions {
  bool is_enabled = true;
  ListenAddress listen{DefaultAddress(), 8080};
  /// Without access control a request's Host must be an address, localhost or one of these, so that no page
  /// on the web can reach us under a name of its own (DNS rebinding).
  std::vector<std::string> names;
  std::string tokens_path;       ///< empty: none. A bearer token a line (RFC 6750)
  std::string passwords_path;    ///< empty: none. user:bcrypt a line, as `htpasswd -B` writes (RFC 7617)
  std::string certificate_path;  ///< empty: no TLS. PEM, the whole chain
  std::string key_path;          ///< PEM
  std::size_t workers = 2;       ///< threads that run handlers
  HttpLimits limits;

  bool HasAccessControl() const noexcept { return !tokens_path.empty() || !passwords_path.empty(); }
  bool HasTls() const noexcept { return !certificate_path.empty(); }

 private:
  static Address DefaultAddress() noexcept;
};

/// What is wrong with one option.
struct OptionProblem {
  std::string key;    ///< as the configuration calls it: "tls.key"
  std::string wrong;  ///< in words that can follow the key
  std::string allowed;
};

/// Every problem that options have with each other. A server that is not enabled has none.
std::vector<OptionProblem> CheckHttpOptions(const HttpOptions& options);
/// Every problem of the files that they name, with its line; reads them.
std::vector<OptionProblem> CheckHttpFiles(const HttpOptions& options);

}  // namespace hostscope::http
