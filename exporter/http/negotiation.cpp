#include "exporter/http/negotiation.h"

#include <algorithm>
#include <array>

namespace hostscope::http {
namespace {

std::string_view Trim(std::string_view text) noexcept {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t start = text.find_first_not_of(kBlanks);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(kBlanks) - start + 1);
}

std::string_view TakeItem(std::string_view& list, char separator) noexcept {
  const std::size_t end = std::min(list.find(separator), list.size());
  const std::string_view item = Trim(list.substr(0, end));
  list.remove_prefix(std::min(end + 1, list.size()));
  return item;
}

// "q=0", "q=0.000": not wanted. Any other weight is, whatever its size.
bool IsWeightZero(std::string_view parameters) noexcept {
  while (!parameters.empty()) {
    std::string_view value = TakeItem(parameters, ';');
    if (!EqualsInAnyCase(TakeItem(value, '='), "q")) continue;
    return !value.empty() && value.find_first_not_of("0.") == std::string_view::npos;
  }
  return false;
}

}  // namespace

bool EqualsInAnyCase(std::string_view a, std::string_view b) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [lower](char x, char y) { return lower(x) == lower(y); });
}

bool AcceptsGzip(std::string_view accept_encoding) noexcept {
  bool is_any_accepted = false;
  while (!accept_encoding.empty()) {
    std::string_view parameters = TakeItem(accept_encoding, ',');
    const std::string_view coding = TakeItem(parameters, ';');
    if (EqualsInAnyCase(coding, "gzip") || EqualsInAnyCase(coding, "x-gzip"))
      return !IsWeightZero(parameters);
    if (coding == "*") is_any_accepted = !IsWeightZero(parameters);
  }
  return is_any_accepted;
}

bool NamesEtag(std::string_view if_none_match, std::string_view etag) noexcept {
  if (Trim(if_none_match) == "*") return true;
  // Our etags have no comma, so that one inside another's quotation marks only makes parts that match none.
  while (!if_none_match.empty()) {
    std::string_view tag = TakeItem(if_none_match, ',');
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"' && tag.substr(1, tag.size() - 2) == etag) {
      return true;
    }
  }
  return false;
}

bool IsCompressible(std::string_view content_type) noexcept {
  constexpr std::array<std::string_view, 6> kTypes = {"application/json",          "application/javascript",
                                                      "application/x-ndjson",      "application/xml",
                                                      "application/manifest+json", "image/svg+xml"};
  std::string_view rest = content_type;
  const std::string_view type = TakeItem(rest, ';');
  return (type.starts_with("text/") && type != "text/event-stream") ||
         std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

std::string_view HostIn(std::string_view authority) noexcept {
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    return end == std::string_view::npos ? authority : authority.substr(0, end + 1);
  }
  return authority.substr(0, authority.find(':'));
}

}  // namespace hostscope::http
