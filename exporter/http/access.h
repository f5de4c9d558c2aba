#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/http/http_options.h"

namespace hostscope::http {

/// Who a client has shown to be.
struct Identity {
  bool is_known = false;
  std::string user;  ///< empty: by a token, or without access control
};

/// Access control: open to all, or by bearer tokens (RFC 6750), or by users with passwords (RFC 7617), whose
/// bcrypt hashes the system's crypt(3) checks. Files are read once. Any thread.
class Access {
 public:
  struct Opened;
  /// With the files that `options` name; every problem of theirs is said, with its line.
  static Opened Open(const HttpOptions& options);

  bool is_open() const noexcept { return is_open_; }

  /// By what can be told at once: a token, or a password that was right before.
  Identity Know(std::string_view authorization) const;
  /// Whether Authenticate() could know more: it is a user with a password, and there are some.
  bool MayLearn(std::string_view authorization) const;
  /// Hashes the password, which takes a good part of a second: for a worker.
  Identity Authenticate(std::string_view authorization);

  /// What a 401 says in WWW-Authenticate.
  std::vector<std::string> challenges() const;

 private:
  using Digest = std::array<std::uint8_t, 32>;  // SHA-256: equal times for right and wrong secrets
  static Digest DigestOf(std::string_view text);
  void ReadTokens(const std::string& path, std::vector<OptionProblem>& problems);
  void ReadPasswords(const std::string& path, std::vector<OptionProblem>& problems);

  bool is_open_ = true;
  std::set<Digest> tokens_;
  std::map<std::string, std::string, std::less<>> passwords_;  // user: hash
  struct Learnt;
  std::shared_ptr<Learnt> learnt_;  // Authorization headers whose password was right
};

struct Access::Opened {
  Access access;
  std::vector<OptionProblem> problems;  ///< empty: `access` is what the options ask for
};

}  // namespace hostscope::http
