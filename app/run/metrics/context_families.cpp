#include "app/run/metrics/families.h"

namespace hostscope::app {

using exporter::MetricsText;
using exporter::MetricType;

void AddContext(MetricsText& text, const context::Context* context) {
  const context::ContextStatus status = context == nullptr ? context::ContextStatus() : context->status();
  text.Family("context_entries", MetricType::kGauge,
              "Hosts and prefixes of which something is known beside their traffic, by where from.");
  text.Sample(std::uint64_t{status.file_entries}, {{"source", "files"}});
  text.Sample(std::uint64_t{status.log_hosts}, {{"source", "logs"}});
  text.Family("context_bytes", MetricType::kGauge, "What it takes, as its bound is counted, by where from.");
  text.Sample(std::uint64_t{status.file_bytes}, {{"source", "files"}});
  text.Sample(std::uint64_t{status.log_bytes}, {{"source", "logs"}});
  text.Family(
      "context_loads", MetricType::kCounter,
      "Times that the files were read. good: what they say is in force. bad: they had problems and changed "
      "nothing.");
  text.Sample(status.good_loads, {{"result", "good"}});
  text.Sample(status.bad_loads, {{"result", "bad"}});
  text.Counter("context_forgotten", "Hosts of which logs said nothing for too long.", status.forgotten);
  text.Counter("context_kafka_errors", "Troubles with brokers and topics of logs.", status.kafka_errors);
  text.Family("context_messages", MetricType::kCounter,
              HelpByValue<context::LogOutcome>(
                  "Log messages by topic and by what became of them; each has one outcome."));
  for (const context::ContextStatus::Topic& topic : status.topics) {
    for (std::size_t i = 0; i < context::kLogOutcomes; ++i) {
      text.Sample(topic.outcomes[i],
                  {{"topic", topic.name}, {"outcome", NameOf(static_cast<context::LogOutcome>(i)).name}});
    }
  }
}

}  // namespace hostscope::app
