#include "exporter/http/target.h"

#include <utility>

namespace hostscope::http {
namespace {

int HexDigit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> Decode(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (text.size() - i < 3) return std::nullopt;
      const int high = HexDigit(text[i + 1]);
      const int low = HexDigit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_blank) {
      c = ' ';
    }
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x20 || code == 0x7f) return std::nullopt;
    out += c;
  }
  return out;
}

/// The part of `rest` before `separator`, which is taken away with it.
std::string_view TakeUpTo(std::string_view& rest, char separator) noexcept {
  const std::size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return part;
}

bool ParsePath(std::string_view path, std::vector<std::string>& segments) {
  path.remove_prefix(1);
  if (path.empty()) return true;
  for (bool is_last = false; !is_last;) {
    is_last = path.find('/') == std::string_view::npos;
    std::optional<std::string> segment = Decode(TakeUpTo(path, '/'), false);
    if (!segment || *segment == "." || *segment == "..") return false;
    segments.push_back(*std::move(segment));
  }
  return true;
}

bool ParseQuery(std::string_view text, std::vector<NamedText>& query) {
  while (!text.empty()) {
    std::string_view value = TakeUpTo(text, '&');
    if (value.empty()) continue;
    std::optional<std::string> name = Decode(TakeUpTo(value, '='), true);
    std::optional<std::string> decoded = Decode(value, true);
    if (!name || !decoded) return false;
    query.emplace_back(*std::move(name), *std::move(decoded));
  }
  return true;
}

}  // namespace

std::optional<Target> ParseTarget(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    const std::size_t slash = target.find('/', scheme.size());
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
    break;
  }
  if (!target.starts_with('/') || target.find('#') != std::string_view::npos) return std::nullopt;
  Target parsed;
  const std::string_view path = TakeUpTo(target, '?');
  if (!ParsePath(path, parsed.segments) || !ParseQuery(target, parsed.query)) return std::nullopt;
  return parsed;
}

}  // namespace hostscope::http
