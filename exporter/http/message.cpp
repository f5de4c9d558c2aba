#include "exporter/http/message.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "exporter/encoding/json_text.h"
#include "exporter/http/negotiation.h"

namespace hostscope::http {

std::optional<std::string_view> Request::Query(std::string_view name) const noexcept {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::optional<std::string_view> Request::Header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers) {
    if (EqualsInAnyCase(key, name)) return value;
  }
  return std::nullopt;
}

std::string_view Request::Parameter(std::string_view name) const noexcept {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return {};
}

Response Response::Of(std::string content_type, std::string body, unsigned status) {
  Response response;
  response.status = status;
  response.content_type = std::move(content_type);
  response.body = std::make_shared<const std::string>(std::move(body));
  return response;
}

Response Response::Json(std::string json, unsigned status) {
  return Of("application/json", std::move(json), status);
}

Response Response::Error(unsigned status, std::string_view message) {
  return Json("{\"error\":{\"status\":" + std::to_string(status) +
                  ",\"message\":" + exporter::JsonString(message) + "}}\n",
              status);
}

Response Response::Events(std::shared_ptr<EventSubscription> events, std::string first) {
  Response response;
  response.content_type = "text/event-stream";
  response.events = std::move(events);
  response.first_events = std::move(first);
  return response;
}

Response Response::WithEtag() && {
  if (body == nullptr) return std::move(*this);
  const XXH128_hash_t hash = XXH3_128bits(body->data(), body->size());
  constexpr std::string_view kHex = "0123456789abcdef";
  etag.clear();
  for (const std::uint64_t half : {hash.high64, hash.low64}) {
    for (int shift = 60; shift >= 0; shift -= 4) etag += kHex[half >> shift & 0xf];
  }
  return std::move(*this);
}

}  // namespace hostscope::http
