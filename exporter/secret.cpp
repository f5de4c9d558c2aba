#include "exporter/secret.h"

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <system_error>
#include <utility>

namespace hostscope::exporter {
namespace {

constexpr std::size_t kMaxSecret = 65'536;  // a key with its chain of certificates is some KiB

Secret Problem(std::string text) {
  return {"", std::move(text), false};
}

}  // namespace

std::optional<std::string> SecretPath(const std::string& file) {
  if (file.find('/') != std::string::npos) return file;
  const char* const folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr || *folder == '\0') return std::nullopt;
  return std::string(folder) + "/" + file;
}

Secret ReadSecret(const std::string& file) {
  const std::optional<std::string> path = SecretPath(file);
  if (!path)
    return {"", "is no absolute path, and $CREDENTIALS_DIRECTORY, where it would be, is not set", true};
  errno = 0;
  std::ifstream stream(*path, std::ios::binary);
  std::string text(kMaxSecret + 1, '\0');
  // Opening a folder works; reading it is what fails, and sets badbit.
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!stream.is_open() || stream.bad())
    return Problem("can't be read: " + std::generic_category().message(errno != 0 ? errno : EIO));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > kMaxSecret) return Problem("has more than 64 KiB");
  if (!text.empty() && text.back() == '\n') text.pop_back();
  if (text.empty()) return Problem("is empty");
  if (text.find('\0') != std::string::npos) return Problem("has a byte of 0, which no property can hold");
  return {std::move(text), "", false};
}

}  // namespace hostscope::exporter
