#include "exporter/http/http_books.h"

namespace hostscope::http {
namespace {

constexpr std::array kRows{
    RefusalName{"too_many_connections", 503, "too many connections; try again later",
                "Connections beyond the configured number."},
    RefusalName{"tls_failed", 0, "", "Connections whose TLS handshake failed or took too long."},
    RefusalName{"malformed", 400, "the request is malformed", "Requests that break HTTP's grammar."},
    RefusalName{"header_too_slow", 408, "the request's header took too long",
                "Requests whose header did not come in time."},
    RefusalName{"body_too_slow", 408, "the request's body took too long",
                "Requests whose body did not come in time."},
    RefusalName{"request_line_too_long", 414, "the request line is too long",
                "Requests whose request line is beyond the configured length."},
    RefusalName{"header_too_large", 431, "the request's header is too large",
                "Requests whose header is beyond the configured size."},
    RefusalName{"body_too_large", 413, "the request's body is too large",
                "Requests whose body is beyond the configured size."},
    RefusalName{"unknown_version", 505, "HTTP/1.1 and HTTP/1.0 are spoken here",
                "Requests of another version of HTTP."},
    RefusalName{"unknown_method", 501, "the method is not known here", "Requests with an unknown method."},
    RefusalName{"expectation", 417, "only 100-continue can be expected",
                "Requests with an Expect header other than 100-continue."},
    RefusalName{
        "wrong_host", 421,
        "the Host header is neither an address, localhost, nor one of http.names in the configuration",
        "Requests for a host name that is not ours, as of a page that rebinds DNS."},
    RefusalName{"cross_origin", 403, "requests that change something are taken from this origin only",
                "Requests that would change something, from a page of another origin."},
    RefusalName{"unauthorized", 401, "a valid bearer token, or a user with a password, is needed",
                "Requests without, or with wrong, credentials."},
    RefusalName{"not_found", 404, "nothing is here", "Requests for a path that nothing answers."},
    RefusalName{"method_not_allowed", 405, "not with this method",
                "Requests with a method that their path does not have."},
    RefusalName{"busy", 503, "too many requests are waiting; try again later",
                "Requests beyond the number that may wait for a worker."},
    RefusalName{"too_many_streams", 503, "too many event streams are open; try again later",
                "Event streams beyond the configured number."},
    RefusalName{"handler_too_slow", 503, "the answer took too long", "Requests whose answer took too long."},
    RefusalName{"handler_failed", 500, "an error occurred; the log says which",
                "Requests whose answer could not be made."},
    RefusalName{"reader_too_slow", 0, "", "Clients that took their response too slowly."},
    RefusalName{"subscriber_too_slow", 0, "", "Event streams ended because too much was waiting for them."},
};
static_assert(kRows.size() == kRefusals, "a row for each refusal");

}  // namespace

const RefusalName& NameOf(Refusal refusal) noexcept {
  return kRows[static_cast<std::size_t>(refusal)];
}

}  // namespace hostscope::http
