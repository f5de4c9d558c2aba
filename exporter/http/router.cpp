#include "exporter/http/router.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace hostscope::http {
namespace {

constexpr std::array<std::string_view, 7> kMethods = {"GET",   "HEAD",   "POST",   "PUT",
                                                      "PATCH", "DELETE", "OPTIONS"};

[[noreturn]] void Refuse(std::string_view pattern, std::string_view why) {
  throw std::invalid_argument("route " + std::string(pattern) + ": " + std::string(why));
}

}  // namespace

std::string_view NameOf(Method method) noexcept {
  return kMethods[static_cast<std::size_t>(method)];
}

std::vector<Router::Segment> Router::ParsePattern(std::string_view pattern) {
  if (!pattern.starts_with('/')) Refuse(pattern, "does not begin with /");
  std::vector<Segment> parsed;
  std::string_view rest = pattern.substr(1);
  while (!rest.empty()) {
    if (!parsed.empty() && parsed.back().kind == Segment::Kind::kRest) Refuse(pattern, "{name*} is not last");
    const std::size_t end = std::min(rest.find('/'), rest.size());
    std::string_view text = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    Segment segment{Segment::Kind::kLiteral, std::string(text)};
    if (text.starts_with('{')) {
      if (!text.ends_with('}')) Refuse(pattern, "{ without }");
      text = text.substr(1, text.size() - 2);
      const bool is_rest = text.ends_with('*');
      if (is_rest) text.remove_suffix(1);
      segment = {is_rest ? Segment::Kind::kRest : Segment::Kind::kName, std::string(text)};
    }
    if (segment.text.empty()) Refuse(pattern, "has a segment without name");
    parsed.push_back(std::move(segment));
  }
  return parsed;
}

void Router::Add(Method method, std::string_view pattern, Handler handler, RunOn where) {
  Route added{ParsePattern(pattern), {}};
  const auto is_same = [&](const Route& route) {
    return std::equal(
        route.pattern.begin(), route.pattern.end(), added.pattern.begin(), added.pattern.end(),
        [](const Segment& a, const Segment& b) { return a.kind == b.kind && a.text == b.text; });
  };
  auto route = std::find_if(routes_.begin(), routes_.end(), is_same);
  if (route == routes_.end()) route = routes_.insert(route, std::move(added));
  for (const Way& way : route->ways) {
    if (way.method == method) Refuse(pattern, "is there already");
  }
  route->ways.push_back({method, std::move(handler), where});
}

bool Router::Matches(const Route& route, const std::vector<std::string>& segments) {
  const std::vector<Segment>& pattern = route.pattern;
  const bool has_rest = !pattern.empty() && pattern.back().kind == Segment::Kind::kRest;
  const std::size_t fixed = pattern.size() - (has_rest ? 1 : 0);
  if (segments.size() < fixed || (segments.size() > fixed && !has_rest)) return false;
  for (std::size_t i = 0; i < fixed; ++i) {
    if (pattern[i].kind == Segment::Kind::kLiteral && pattern[i].text != segments[i]) return false;
    if (pattern[i].kind == Segment::Kind::kName && segments[i].empty()) return false;
  }
  return true;
}

bool Router::IsMoreSpecific(const Route& one, const Route& other) noexcept {
  const std::size_t common = std::min(one.pattern.size(), other.pattern.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (one.pattern[i].kind != other.pattern[i].kind) return one.pattern[i].kind < other.pattern[i].kind;
  }
  // Of two that match the same path, the longer one only has a rest, here an empty one, more.
  return one.pattern.size() < other.pattern.size();
}

std::vector<NamedText> Router::ParametersOf(const Route& route, const std::vector<std::string>& segments) {
  std::vector<NamedText> parameters;
  for (std::size_t i = 0; i < route.pattern.size(); ++i) {
    const Segment& segment = route.pattern[i];
    if (segment.kind == Segment::Kind::kName) parameters.emplace_back(segment.text, segments[i]);
    if (segment.kind != Segment::Kind::kRest) continue;
    std::string rest;
    for (std::size_t j = i; j < segments.size(); ++j) rest += (j > i ? "/" : "") + segments[j];
    parameters.emplace_back(segment.text, std::move(rest));
  }
  return parameters;
}

Router::Found Router::Find(Method method, const std::vector<std::string>& segments) const {
  const Route* best = nullptr;
  for (const Route& route : routes_) {
    if (Matches(route, segments) && (best == nullptr || IsMoreSpecific(route, *best))) best = &route;
  }
  Found found;
  if (best == nullptr) return found;
  const Method wanted = method == Method::kHead ? Method::kGet : method;
  found.allowed = "OPTIONS";
  for (const Way& way : best->ways) {
    found.allowed += ", " + std::string(NameOf(way.method));
    if (way.method == Method::kGet) found.allowed += ", HEAD";
    if (way.method != wanted) continue;
    found.handler = &way.handler;
    found.where = way.where;
  }
  if (found.handler != nullptr) found.parameters = ParametersOf(*best, segments);
  return found;
}

}  // namespace hostscope::http
