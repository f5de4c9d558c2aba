#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <stdexcept>
#include <utility>

#include "exporter/http/exchange.h"
#include "exporter/http/gzip.h"
#include "exporter/http/negotiation.h"

namespace hostscope::http {
namespace {

// Below, a header more costs what compression saves.
constexpr std::size_t kWorthCompressing = 1024;
// zlib's levels 1 to 9: made anew for each request, so a fast one.
constexpr int kCompression = 3;

// No script, style or picture but our own, none of it inline, and in nobody's frame.
constexpr std::string_view kSecurityHeaders =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Permissions-Policy: camera=(), geolocation=(), microphone=()\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";

struct Reason {
  unsigned status;
  std::string_view text;
};
constexpr std::array kReasons{
    Reason{200, "OK"},
    Reason{201, "Created"},
    Reason{202, "Accepted"},
    Reason{204, "No Content"},
    Reason{301, "Moved Permanently"},
    Reason{302, "Found"},
    Reason{303, "See Other"},
    Reason{304, "Not Modified"},
    Reason{307, "Temporary Redirect"},
    Reason{308, "Permanent Redirect"},
    Reason{400, "Bad Request"},
    Reason{401, "Unauthorized"},
    Reason{403, "Forbidden"},
    Reason{404, "Not Found"},
    Reason{405, "Method Not Allowed"},
    Reason{408, "Request Timeout"},
    Reason{409, "Conflict"},
    Reason{413, "Content Too Large"},
    Reason{414, "URI Too Long"},
    Reason{417, "Expectation Failed"},
    Reason{421, "Misdirected Request"},
    Reason{422, "Unprocessable Content"},
    Reason{431, "Request Header Fields Too Large"},
    Reason{500, "Internal Server Error"},
    Reason{501, "Not Implemented"},
    Reason{503, "Service Unavailable"},
    Reason{505, "HTTP Version Not Supported"},
};

std::string_view ReasonOf(unsigned status) noexcept {
  const auto* const found = std::find_if(kReasons.begin(), kReasons.end(),
                                         [status](const Reason& reason) { return reason.status == status; });
  return found == kReasons.end() ? std::string_view("Other") : found->text;
}

bool IsSafe(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto code = static_cast<unsigned char>(c);
    return (code < 0x20 && c != '\t') || code == 0x7f;
  });
}

bool IsWritable(const Response& response) noexcept {
  return response.status >= 200 && response.status <= 599 && IsSafe(response.content_type) &&
         IsSafe(response.etag) && IsSafe(response.cache_control) &&
         std::all_of(response.headers.begin(), response.headers.end(), [](const NamedText& header) {
           return !header.first.empty() && IsSafe(header.first) && IsSafe(header.second) &&
                  header.first.find_first_of(": \t") == std::string::npos;
         });
}

bool HasBody(unsigned status) noexcept {
  return status != 204 && status != 304;
}

/// Replaces the body by its compressed form where the client takes that; says whether it did.
bool Compress(Response& response, const ResponseFacts& facts) {
  if (!facts.accepts_gzip || response.body == nullptr) return false;
  if (response.gzip_body == nullptr) {
    if (response.body->size() < kWorthCompressing) return false;
    std::optional<std::string> compressed = Gzip(*response.body, kCompression);
    if (!compressed || compressed->size() >= response.body->size()) return false;
    response.gzip_body = std::make_shared<const std::string>(*std::move(compressed));
  }
  response.body = std::move(response.gzip_body);
  return true;
}

std::string HttpDate() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  gmtime_r(&now, &utc);
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", utc);
}

void Put(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

std::string_view CacheControlOf(const Response& response) noexcept {
  if (!response.cache_control.empty()) return response.cache_control;
  return response.etag.empty() ? "no-store" : "no-cache";
}

}  // namespace

WireResponse Encode(Response response, const ResponseFacts& facts) {
  if (!IsWritable(response)) throw std::logic_error("a response with a bad status or a bad header");
  const bool is_same =
      response.status == 200 && !response.etag.empty() && NamesEtag(facts.if_none_match, response.etag);
  if (is_same) response.status = 304;
  const bool may_compress = response.gzip_body != nullptr || IsCompressible(response.content_type);
  const bool is_stream = response.events != nullptr;
  const bool is_compressed =
      !is_stream && may_compress && HasBody(response.status) && Compress(response, facts);

  WireResponse wire;
  wire.status = response.status;
  wire.head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, ReasonOf(response.status));
  Put(wire.head, "Date", HttpDate());
  Put(wire.head, "Server", "hostscope");
  if (is_stream || !facts.keep_alive) {
    Put(wire.head, "Connection", "close");
  } else if (facts.is_http_1_0) {
    Put(wire.head, "Connection", "keep-alive");
  }
  if (!response.content_type.empty()) {
    const bool needs_charset =
        response.content_type.starts_with("text/") && response.content_type.find(';') == std::string::npos;
    Put(wire.head, "Content-Type", response.content_type + (needs_charset ? "; charset=utf-8" : ""));
  }
  if (may_compress) Put(wire.head, "Vary", "Accept-Encoding");
  if (is_compressed) Put(wire.head, "Content-Encoding", "gzip");
  // Weak, since the compressed body has the same.
  if (!response.etag.empty()) Put(wire.head, "ETag", "W/\"" + response.etag + "\"");
  Put(wire.head, "Cache-Control", CacheControlOf(response));
  for (const auto& [name, value] : response.headers) Put(wire.head, name, value);
  if (!is_stream && HasBody(response.status)) {
    Put(wire.head, "Content-Length", std::to_string(response.body == nullptr ? 0 : response.body->size()));
  }
  wire.head.append(kSecurityHeaders).append("\r\n");
  if (!facts.is_head && !is_stream && HasBody(response.status)) wire.body = std::move(response.body);
  return wire;
}

}  // namespace hostscope::http
