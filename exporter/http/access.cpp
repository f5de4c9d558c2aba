#include "exporter/http/access.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <optional>
#include <utility>

#include "exporter/http/negotiation.h"

namespace hostscope::http {
namespace {

constexpr std::size_t kShortestToken = 16;
constexpr std::size_t kBcryptLength = 60;
constexpr std::size_t kMaxLearnt = 256;
constexpr std::size_t kMaxCredentials = 1024;

struct Credentials {
  std::string user;
  std::string password;
};

/// The part after the scheme, where that is `scheme`.
std::optional<std::string_view> AfterScheme(std::string_view authorization,
                                            std::string_view scheme) noexcept {
  if (authorization.size() <= scheme.size() || authorization[scheme.size()] != ' ' ||
      !EqualsInAnyCase(authorization.substr(0, scheme.size()), scheme)) {
    return std::nullopt;
  }
  authorization.remove_prefix(scheme.size());
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' '), authorization.size()));
  return authorization;
}

std::optional<std::string> FromBase64(std::string_view text) {
  if (text.size() % 4 != 0 || text.empty() || text.size() > kMaxCredentials) return std::nullopt;
  std::string out(text.size() / 4 * 3, '\0');
  const int length =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (length < 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  out.resize(static_cast<std::size_t>(length) - padding);
  return out;
}

std::optional<Credentials> CredentialsIn(std::string_view authorization) {
  const std::optional<std::string_view> encoded = AfterScheme(authorization, "Basic");
  if (!encoded) return std::nullopt;
  const std::optional<std::string> decoded = FromBase64(*encoded);
  if (!decoded || decoded->find('\0') != std::string::npos) return std::nullopt;
  const std::size_t colon = decoded->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{decoded->substr(0, colon), decoded->substr(colon + 1)};
}

bool IsBcrypt(std::string_view hash) noexcept {
  return hash.size() == kBcryptLength &&
         (hash.starts_with("$2y$") || hash.starts_with("$2b$") || hash.starts_with("$2a$"));
}

bool HasPassword(const std::string& hash, const std::string& password) {
  const auto scratch = std::make_unique<crypt_data>();  // 32 KiB
  const char* made = crypt_rn(password.c_str(), hash.c_str(), scratch.get(), sizeof(crypt_data));
  return made != nullptr && std::strlen(made) == hash.size() &&
         CRYPTO_memcmp(made, hash.data(), hash.size()) == 0;
}

/// Calls `take(line, text)` for every line that is neither blank nor a comment.
void ForEachLine(const std::string& key, const std::string& path, std::vector<OptionProblem>& problems,
                 const std::function<void(int, std::string)>& take) {
  std::ifstream file(path);
  std::string text;
  for (int line = 1; std::getline(file, text); ++line) {
    while (!text.empty() && (text.back() == '\r' || text.back() == ' ')) text.pop_back();
    if (!text.empty() && text.front() != '#') take(line, std::move(text));
  }
  if (!file.eof()) problems.push_back({key, path + ": " + std::strerror(errno), "a file that can be read"});
}

std::string At(const std::string& path, int line) {
  return path + ":" + std::to_string(line) + ": ";
}

}  // namespace

struct Access::Learnt {
  std::mutex mutex;
  std::map<Digest, std::string> users;
};

Access::Digest Access::DigestOf(std::string_view text) {
  Digest digest{};
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr);
  return digest;
}

void Access::ReadTokens(const std::string& path, std::vector<OptionProblem>& problems) {
  const std::string allowed =
      "one token of at least " + std::to_string(kShortestToken) + " characters a line";
  const std::size_t before = problems.size();
  ForEachLine("tokens", path, problems, [&](int line, const std::string& token) {
    const bool has_blank = token.find_first_of(" \t") != std::string::npos;
    if (has_blank || token.size() < kShortestToken) {
      problems.push_back({"tokens", At(path, line) + (has_blank ? "has a blank" : "is too short"), allowed});
    }
    tokens_.insert(DigestOf(token));
  });
  if (tokens_.empty() && problems.size() == before) {
    problems.push_back({"tokens", path + ": has no token", allowed});
  }
}

void Access::ReadPasswords(const std::string& path, std::vector<OptionProblem>& problems) {
  const std::string allowed = "user:hash a line, as htpasswd -B writes";
  const std::size_t before = problems.size();
  ForEachLine("passwords", path, problems, [&](int line, const std::string& text) {
    const std::size_t colon = text.find(':');
    const std::string user = text.substr(0, colon);
    const std::string hash = colon == std::string::npos ? std::string() : text.substr(colon + 1);
    if (user.empty() || !IsBcrypt(hash)) {
      problems.push_back({"passwords", At(path, line) + "is no user with a bcrypt hash", allowed});
    } else if (!passwords_.emplace(user, hash).second) {
      problems.push_back({"passwords", At(path, line) + "user " + user + " is there twice", "each once"});
    }
  });
  if (passwords_.empty() && problems.size() == before) {
    problems.push_back({"passwords", path + ": has no user", allowed});
  }
}

Access::Opened Access::Open(const HttpOptions& options) {
  Opened opened;
  opened.access.is_open_ = !options.HasAccessControl();
  opened.access.learnt_ = std::make_shared<Learnt>();
  if (!options.tokens_path.empty()) opened.access.ReadTokens(options.tokens_path, opened.problems);
  if (!options.passwords_path.empty()) opened.access.ReadPasswords(options.passwords_path, opened.problems);
  return opened;
}

Identity Access::Know(std::string_view authorization) const {
  if (is_open()) return {true, {}};
  if (const auto token = AfterScheme(authorization, "Bearer"))
    return {tokens_.contains(DigestOf(*token)), {}};
  const std::lock_guard lock(learnt_->mutex);
  const auto found = learnt_->users.find(DigestOf(authorization));
  return found == learnt_->users.end() ? Identity{} : Identity{true, found->second};
}

bool Access::MayLearn(std::string_view authorization) const {
  return !passwords_.empty() && CredentialsIn(authorization).has_value();
}

Identity Access::Authenticate(std::string_view authorization) {
  const std::optional<Credentials> given = CredentialsIn(authorization);
  if (!given || passwords_.empty()) return {};
  const auto user = passwords_.find(given->user);
  const bool is_user = user != passwords_.end();
  // An unknown user takes as long as a wrong password.
  const std::string& hash = is_user ? user->second : passwords_.begin()->second;
  if (!HasPassword(hash, given->password) || !is_user) return {};
  const std::lock_guard lock(learnt_->mutex);
  if (learnt_->users.size() >= kMaxLearnt) learnt_->users.clear();
  learnt_->users.emplace(DigestOf(authorization), given->user);
  return {true, given->user};
}

std::vector<std::string> Access::challenges() const {
  std::vector<std::string> challenges;
  if (!passwords_.empty()) challenges.emplace_back(R"(Basic realm="hostscope", charset="UTF-8")");
  if (!tokens_.empty()) challenges.emplace_back(R"(Bearer realm="hostscope")");
  return challenges;
}

}  // namespace hostscope::http
