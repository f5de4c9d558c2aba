#include "app/run/metrics/families.h"

namespace hostscope::app {

using exporter::MetricsText;
using exporter::MetricType;

void AddHttp(MetricsText& text, const http::HttpBooks& books) {
  // Closed ones first, so that there never are more of them.
  const std::uint64_t closed = books.closed.Get();
  const std::uint64_t streams_closed = books.streams_closed.Get();
  text.Counter("http_connections_accepted", "Connections to the HTTP server.", books.accepted.Get());
  text.Counter("http_connections_closed", "Of these, those that have ended.", closed);
  text.Counter("http_requests", "Requests whose header was read, or refused.", books.requests.Get());
  text.Family("http_responses", MetricType::kCounter, "Responses by the class of their status.");
  for (std::size_t i = 0; i < http::kStatusClasses; ++i) {
    text.Sample(books.responses[i].Get(), {{"class", std::to_string(i + 1) + "xx"}});
  }
  text.Family("http_refused", MetricType::kCounter,
              HelpByValue<http::Refusal>(
                  "Connections and requests that did not get what they asked for, by reason."));
  for (std::size_t i = 0; i < http::kRefusals; ++i) {
    const auto refusal = static_cast<http::Refusal>(i);
    text.Sample(books.RefusedFor(refusal), {{"reason", NameOf(refusal).name}});
  }
  text.Counter("http_sent_bytes", "Bytes of responses and events, before TLS.", books.sent_bytes.Get());
  text.Counter("http_streams_opened", "Event streams.", books.streams_opened.Get());
  text.Counter("http_streams_closed", "Of these, those that have ended.", streams_closed);
}

void AddCaptures(MetricsText& text, const CaptureBooks& books) {
  const std::uint64_t ended = books.ended.Get();
  text.Counter("captures", "Captures of received frames that were begun.", books.begun.Get());
  text.Gauge("captures_running", "Those of them that go on, one or none.", books.begun.Get() - ended);
  text.Family(
      "capture_frames", MetricType::kCounter,
      "Frames that captures wanted, by what became of them. written: Given to the reader. dropped: Left "
      "out, since they came faster than they were taken.");
  text.Sample(books.written.Get(), {{"outcome", "written"}});
  text.Sample(books.dropped.Get(), {{"outcome", "dropped"}});
}

}  // namespace hostscope::app
