#include "exporter/http/exchange.h"

#include <algorithm>
#include <boost/beast/http/rfc7230.hpp>
#include <utility>

#include "exporter/encoding/address_text.h"
#include "exporter/http/negotiation.h"
#include "exporter/http/target.h"

namespace hostscope::http {
namespace {

namespace beast_http = boost::beast::http;
using beast_http::field;

std::string_view View(boost::beast::string_view text) noexcept {
  return {text.data(), text.size()};
}

std::optional<Method> MethodOf(beast_http::verb verb) noexcept {
  switch (verb) {
    case beast_http::verb::get:
      return Method::kGet;
    case beast_http::verb::head:
      return Method::kHead;
    case beast_http::verb::post:
      return Method::kPost;
    case beast_http::verb::put:
      return Method::kPut;
    case beast_http::verb::patch:
      return Method::kPatch;
    case beast_http::verb::delete_:
      return Method::kDelete;
    case beast_http::verb::options:
      return Method::kOptions;
    case beast_http::verb::trace:
      return Method::kTrace;
    default:
      return std::nullopt;
  }
}

bool MayChangeSomething(Method method) noexcept {
  return method != Method::kGet && method != Method::kHead && method != Method::kOptions;
}

/// Addresses can't be bound to another name by whoever owns that name.
bool IsOurHost(std::string_view host, const HttpOptions& options) {
  std::string_view address = host;
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  if (exporter::ParseAddress(address) || EqualsInAnyCase(host, "localhost")) return true;
  return std::any_of(options.names.begin(), options.names.end(),
                     [host](const std::string& name) { return EqualsInAnyCase(host, name); });
}

/// Whether the page that sent this, if a page did, is one of ours.
bool IsSameOrigin(const RequestHeader& header, std::string_view host) {
  if (const std::string_view site = View(header["Sec-Fetch-Site"]); !site.empty()) {
    return site == "same-origin" || site == "none";
  }
  std::string_view origin = View(header[field::origin]);
  if (origin.empty()) return true;
  const std::size_t scheme = origin.find("://");
  return scheme != std::string_view::npos && EqualsInAnyCase(origin.substr(scheme + 3), host);
}

ResponseFacts FactsOf(const RequestHeader& header) {
  ResponseFacts facts;
  facts.is_head = header.method() == beast_http::verb::head;
  facts.is_http_1_0 = header.version() == 10;
  facts.keep_alive = !facts.is_http_1_0;
  for (const auto& token : beast_http::token_list(header[field::connection])) {
    if (EqualsInAnyCase(View(token), "close")) facts.keep_alive = false;
  }
  facts.accepts_gzip = AcceptsGzip(View(header[field::accept_encoding]));
  facts.if_none_match = View(header[field::if_none_match]);
  return facts;
}

/// One body has one length (RFC 9112 section 6.1); the parser has refused a Content-Length besides.
bool HasKnownFraming(const RequestHeader& header) {
  const auto codings = header.equal_range(field::transfer_encoding);
  if (codings.first == codings.second) return true;
  return std::next(codings.first) == codings.second && header.version() == 11 &&
         EqualsInAnyCase(View(codings.first->value()), "chunked");
}

std::optional<Refusal> CheckHost(const RequestHeader& header, const HttpOptions& options, Method method) {
  const auto hosts = header.equal_range(field::host);
  const auto count = std::distance(hosts.first, hosts.second);
  if (count > 1 || (count == 0 && header.version() == 11)) return Refusal::kMalformed;
  if (count == 0) return std::nullopt;
  const std::string_view host = View(hosts.first->value());
  if (!options.HasAccessControl() && !IsOurHost(HostIn(host), options)) return Refusal::kWrongHost;
  if (MayChangeSomething(method) && !IsSameOrigin(header, host)) return Refusal::kCrossOrigin;
  return std::nullopt;
}

void CopyFields(const RequestHeader& header, AcceptedRequest& accepted) {
  for (const auto& one : header) {
    // Credentials are for the server only, so that no handler logs them.
    if (one.name() == field::authorization) continue;
    accepted.request.headers.emplace_back(std::string(View(one.name_string())),
                                          std::string(View(one.value())));
  }
  accepted.authorization = View(header[field::authorization]);
  accepted.request.target = View(header.target());
}

}  // namespace

std::optional<HeaderRefusal> AcceptHeader(const RequestHeader& header, const HttpOptions& options,
                                          const Router& router, AcceptedRequest& accepted) {
  accepted.facts = FactsOf(header);
  if (header.version() != 11 && header.version() != 10) return HeaderRefusal{Refusal::kUnknownVersion};
  if (header.target().size() > options.limits.request_line_bytes) {
    return HeaderRefusal{Refusal::kRequestLineTooLong};
  }
  if (!HasKnownFraming(header)) return HeaderRefusal{Refusal::kMalformed};
  const std::optional<Method> method = MethodOf(header.method());
  if (!method) return HeaderRefusal{Refusal::kUnknownMethod};
  if (const auto refusal = CheckHost(header, options, *method)) return HeaderRefusal{*refusal};
  if (const auto expect = View(header[field::expect]); !expect.empty()) {
    if (!EqualsInAnyCase(expect, "100-continue")) return HeaderRefusal{Refusal::kExpectation};
  }
  std::optional<Target> target = ParseTarget(View(header.target()));
  if (!target) return HeaderRefusal{Refusal::kMalformed};
  accepted.request.method = *method;
  accepted.request.segments = std::move(target->segments);
  accepted.request.query = std::move(target->query);
  CopyFields(header, accepted);
  accepted.found = router.Find(*method, accepted.request.segments);
  accepted.request.parameters = std::move(accepted.found.parameters);
  return std::nullopt;
}

Response RefusalResponse(Refusal refusal, std::vector<NamedText> headers) {
  const RefusalName& name = NameOf(refusal);
  Response response = Response::Error(name.status, name.message);
  response.headers = std::move(headers);
  if (name.status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace hostscope::http
