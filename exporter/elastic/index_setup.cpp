#include "exporter/elastic/index_setup.h"

#include <simdjson.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <utility>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "exporter/elastic/elastic_names.h"
#include "exporter/elastic/elastic_probe.h"

namespace hostscope::exporter {
namespace {

namespace dom = simdjson::dom;

// To be raised when the template or a policy changes, so that older ones are replaced.
constexpr unsigned kLayout = 2;
constexpr std::string_view kMarkerHead = "Hostscope, layout ";
constexpr std::string_view kMarkerHash = ", settings ";
constexpr std::size_t kHashText = 16;

constexpr long kOk = 200;
constexpr long kCreated = 201;
constexpr long kBadRequest = 400;
constexpr long kNotFound = 404;
constexpr long kNotAllowed = 405;

struct Marker {
  unsigned layout = 0;
  std::string_view hash;
};

// Of layout 0 where there is none.
Marker FindMarker(std::string_view text) {
  const std::size_t at = text.find(kMarkerHead);
  if (at == std::string_view::npos) return {};
  const char* const begin = text.data() + at + kMarkerHead.size();
  Marker marker;
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), marker.layout);
  const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  if (error != std::errc() || rest.substr(0, kMarkerHash.size()) != kMarkerHash) return {};
  marker.hash = rest.substr(kMarkerHash.size(), kHashText);
  return marker;
}

bool IsUnknownPath(long status) noexcept {
  return status == kBadRequest || status == kNotAllowed;
}

}  // namespace

/// Something in the cluster: a template or a policy.
struct IndexSetup::Item {
  std::string path;
  std::string content;
  std::string marker;
  bool may_be_unknown = false;  ///< the server may have no such things
};

std::string SetupMarker(std::string_view content) {
  std::array<char, kHashText + 1> hash{};
  std::snprintf(hash.data(), hash.size(), "%016llx",
                static_cast<unsigned long long>(XXH3_64bits(content.data(), content.size())));
  return std::string(kMarkerHead).append(std::to_string(kLayout)).append(kMarkerHash).append(hash.data());
}

InstalledState CompareMarker(std::string_view installed, std::string_view marker) {
  const Marker theirs = FindMarker(installed);
  const Marker ours = FindMarker(marker);
  if (theirs.layout == 0) return InstalledState::kForeign;
  if (theirs.layout > ours.layout) return InstalledState::kNewer;
  return theirs.layout == ours.layout && theirs.hash == ours.hash ? InstalledState::kCurrent
                                                                  : InstalledState::kOutdated;
}

std::string IndexSetup::Ensure(std::int64_t length_ns, const Ask& ask) {
  if (!options_.install) return {};
  bool has_policy = false;
  std::string problem = DetectServer(ask);
  if (problem.empty()) problem = EnsurePolicy(length_ns, ask, has_policy);
  if (problem.empty()) problem = EnsureTemplate(length_ns, ask, has_policy);
  return problem;
}

std::string IndexSetup::DetectServer(const Ask& ask) {
  HttpRequest request;
  request.path = "/";
  const HttpAnswer answer = ask(request);
  if (answer.status != kOk) return DescribeFailure("GET /", answer);
  const ServerVersion version = ReadServerVersion(answer.body);
  if (version.server.empty()) return "GET /: the answer is neither Elasticsearch's nor OpenSearch's";
  is_opensearch_ = version.is_opensearch;
  return {};
}

std::string IndexSetup::EnsurePolicy(std::int64_t length_ns, const Ask& ask, bool& has_policy) {
  const auto content = [&](std::string_view marker) {
    return is_opensearch_ ? IsmPolicy(options_, prefix_, length_ns, marker) : IlmPolicy(options_, marker);
  };
  Item item;
  item.path = (is_opensearch_ ? "/_plugins/_ism/policies/" : "/_ilm/policy/") + SetupName(prefix_, length_ns);
  item.marker = SetupMarker(content({}));
  item.content = content(item.marker);
  item.may_be_unknown = true;
  return EnsureItem(item, ask, has_policy);
}

std::string IndexSetup::EnsureTemplate(std::int64_t length_ns, const Ask& ask, bool has_policy) {
  const std::string name = SetupName(prefix_, length_ns);
  const auto content = [&](std::string_view marker) {
    return IndexTemplate(options_, prefix_, length_ns, has_policy && !is_opensearch_ ? name : "", marker);
  };
  Item item;
  item.path = "/_index_template/" + name;
  item.marker = SetupMarker(content({}));
  item.content = content(item.marker);
  bool is_there = false;
  return EnsureItem(item, ask, is_there);
}

std::string IndexSetup::EnsureItem(const Item& item, const Ask& ask, bool& is_there) {
  HttpRequest request;
  request.path = item.path;
  HttpAnswer answer = ask(request);
  if (item.may_be_unknown && IsUnknownPath(answer.status)) {
    SayOnce("the server has no index lifecycle policies: nothing will be rolled over or deleted");
    return {};
  }
  if (answer.status != kOk && answer.status != kNotFound) return DescribeFailure("GET " + item.path, answer);
  is_there = true;
  request.path = item.path;
  if (answer.status == kOk) {
    const InstalledState state = CompareMarker(answer.body, item.marker);
    if (state == InstalledState::kCurrent) return {};
    if (state != InstalledState::kOutdated) {
      SayOnce(item.path + (state == InstalledState::kNewer
                               ? ": is of a later version of Hostscope, and stays as it is"
                               : ": was made by somebody else, and stays as it is"));
      return {};
    }
    // OpenSearch wants to know which version of a policy is to be replaced.
    dom::parser parser;
    dom::element there;
    std::int64_t number = 0;
    std::int64_t term = 0;
    if (parser.parse(answer.body).get(there) == simdjson::SUCCESS &&
        there["_seq_no"].get(number) == simdjson::SUCCESS &&
        there["_primary_term"].get(term) == simdjson::SUCCESS) {
      request.path += "?if_seq_no=" + std::to_string(number) + "&if_primary_term=" + std::to_string(term);
    }
  }
  request.method = "PUT";
  request.body = item.content;
  answer = ask(request);
  if (answer.status == kOk || answer.status == kCreated) return {};
  if (item.may_be_unknown && answer.status == kNotAllowed) {
    is_there = false;
    SayOnce("the server has no index lifecycle policies: nothing will be rolled over or deleted");
    return {};
  }
  return DescribeFailure("PUT " + item.path, answer);
}

void IndexSetup::SayOnce(const std::string& text) {
  if (said_.find(text) != std::string::npos) return;
  said_ += text + '\n';
  log_(text);
}

}  // namespace hostscope::exporter
