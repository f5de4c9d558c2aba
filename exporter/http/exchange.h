#pragma once

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/http/access.h"
#include "exporter/http/http_books.h"
#include "exporter/http/message.h"
#include "exporter/http/router.h"

/// What HTTP says about one request and its response, apart from how their bytes come and go.
namespace hostscope::http {

using RequestHeader = boost::beast::http::request_header<>;

/// What must be known of a request to write its response.
struct ResponseFacts {
  bool is_head = false;
  bool keep_alive = true;
  bool is_http_1_0 = false;
  bool accepts_gzip = false;
  std::string if_none_match;
};

/// A request whose header is good, before anything of it is done.
struct AcceptedRequest {
  Request request;
  Router::Found found;
  std::string authorization;
  ResponseFacts facts;
};

/// Why a header is refused, and what the response says besides.
struct HeaderRefusal {
  Refusal refusal = Refusal::kMalformed;
  std::vector<NamedText> headers;
};

/// Takes a header apart and finds its handler, or says why it is refused; `facts` are set either way.
/// Everything but credentials is checked here.
std::optional<HeaderRefusal> AcceptHeader(const RequestHeader& header, const HttpOptions& options,
                                          const Router& router, AcceptedRequest& accepted);

/// A response as it goes over the wire. Both may be empty; the body is shared.
struct WireResponse {
  unsigned status = 0;
  std::string head;
  std::shared_ptr<const std::string> body;
};

/// Compresses, answers If-None-Match, adds every header. May take a while for a large body. Throws
/// std::logic_error where a header has a line feed or the like, which no client may see.
WireResponse Encode(Response response, const ResponseFacts& facts);

Response RefusalResponse(Refusal refusal, std::vector<NamedText> headers = {});

}  // namespace hostscope::http
