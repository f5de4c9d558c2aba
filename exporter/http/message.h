#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hostscope::http {

class EventSubscription;

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kTrace };

using NamedText = std::pair<std::string, std::string>;

/// A request that was read whole and is within the limits.
struct Request {
  Method method = Method::kGet;       ///< a handler for kGet also sees kHead; the server leaves out the body
  std::string target;                 ///< as it came, with the query
  std::vector<std::string> segments;  ///< of the path, each percent-decoded: "10.0.0.0/8" from 10.0.0.0%2F8
  std::vector<NamedText> query;       ///< decoded, in order
  std::vector<NamedText> parameters;  ///< what the route's {names} stand for, decoded
  std::vector<NamedText> headers;     ///< in order; names as they came
  std::string body;
  std::string peer;  ///< the client's address
  std::string user;  ///< who the client has shown to be; empty for a token or without access control

  /// True once nobody waits for the answer any more: a long handler looks now and then, and gives up.
  std::shared_ptr<const std::atomic<bool>> is_given_up;

  /// The first of that name; header names in any case.
  std::optional<std::string_view> Query(std::string_view name) const noexcept;
  std::optional<std::string_view> Header(std::string_view name) const noexcept;
  /// Of a {name} that the route has; empty for others.
  std::string_view Parameter(std::string_view name) const noexcept;
};

/// What a handler gives back. The server adds length, date, compression, caching and security headers.
struct Response {
  unsigned status = 200;
  std::string content_type;
  std::shared_ptr<const std::string> body;  ///< null: empty
  /// The same body gzipped, where a handler has it already; else the server compresses what is worth it.
  std::shared_ptr<const std::string> gzip_body;
  std::vector<NamedText> headers;
  std::string etag;           ///< opaque, without quotation marks; empty: none. See WithEtag()
  std::string cache_control;  ///< empty: no-cache with an etag (ask again each time), else no-store

  /// Not null: a stream instead of a body, of server-sent events or of what `content_type` says.
  std::shared_ptr<EventSubscription> events;
  std::string first_events;  ///< FormatEvent()s to send before those of the subscription

  static Response Of(std::string content_type, std::string body, unsigned status = 200);
  static Response Json(std::string json, unsigned status = 200);
  /// {"error":{"status":404,"message":"…"}}
  static Response Error(unsigned status, std::string_view message);
  /// Events that come after Subscribe(): a handler that subscribes first, and then makes `first` of what is
  /// now, leaves no gap.
  static Response Events(std::shared_ptr<EventSubscription> events, std::string first = {});

  /// With an etag made of the body, so that a client that has it already is told so (304).
  Response WithEtag() &&;
};

/// May throw: the client then gets a 500, and the log what it said.
using Handler = std::function<Response(const Request&)>;

}  // namespace hostscope::http
