#include <map>

#include "app/run/metrics/families.h"
#include "exporter/encoding/address_text.h"

namespace hostscope::app {
namespace {

using exporter::MetricsText;
using exporter::MetricType;
using Row = ExporterSeries::Row;

constexpr auto kDecoded = static_cast<std::size_t>(ipfix::DatagramOutcome::kDecoded);

template <typename ValueOf>
void Add(MetricsText& text, const std::vector<Row>& rows, std::string_view name, MetricType type,
         std::string_view help, ValueOf value_of) {
  text.Family(name, type, help);
  for (const Row& row : rows)
    text.Sample(value_of(row.figures), {{"exporter", row.exporter},
                                        {"source_port", row.source_port},
                                        {"domain", row.domain},
                                        {"name", row.name}});
}

/// One sample for each value of `Enum` from `first` on.
template <typename Enum, std::size_t kSize>
void AddByValue(MetricsText& text, const std::vector<Row>& rows, std::string_view name, std::string_view help,
                std::array<std::int64_t, kSize> ExporterFigures::*figures, std::size_t first) {
  text.Family(name, MetricType::kCounter, help);
  for (const Row& row : rows) {
    for (std::size_t i = first; i < kSize; ++i) {
      text.Sample((row.figures.*figures)[i], {{"exporter", row.exporter},
                                              {"source_port", row.source_port},
                                              {"domain", row.domain},
                                              {"name", row.name},
                                              {"reason", NameOf(static_cast<Enum>(i)).name}});
    }
  }
}

}  // namespace

void AddExporters(MetricsText& text, const std::vector<Row>& rows) {
  static_assert(kDecoded == 0, "the rest are reasons to drop");
  using Figures = ExporterFigures;
  Add(text, rows, "exporter_datagrams_received", MetricType::kCounter,
      "Datagrams of the exporter, each of which was decoded or dropped.",
      [](const Figures& figures) { return figures.TotalDatagrams(); });
  Add(text, rows, "exporter_datagrams_decoded", MetricType::kCounter,
      "Datagrams of the exporter whose header was accepted.",
      [](const Figures& figures) { return figures.datagrams[kDecoded]; });
  AddByValue<ipfix::DatagramOutcome>(
      text, rows, "exporter_datagrams_dropped",
      "Datagrams of the exporter that were dropped, by reason; as hostscope_datagrams_dropped_total.",
      &Figures::datagrams, kDecoded + 1);
  Add(text, rows, "exporter_records_seen", MetricType::kCounter,
      "Flow records of the exporter, each of which was counted or skipped.", [](const Figures& figures) {
        std::int64_t seen = figures.records_counted;
        for (const std::int64_t skipped : figures.records_skipped) seen += skipped;
        return seen;
      });
  Add(text, rows, "exporter_records_counted", MetricType::kCounter,
      "Flow records of the exporter that were decoded. Those of unmonitored hosts are with them: whose they "
      "are is found later.",
      [](const Figures& figures) { return figures.records_counted; });
  AddByValue<ipfix::RecordSkip>(
      text, rows, "exporter_records_skipped",
      "Flow records of the exporter that were skipped, by reason; as hostscope_records_skipped_total.",
      &Figures::records_skipped, 0);
  AddByValue<ipfix::SetSkip>(
      text, rows, "exporter_sets_skipped",
      "Sets of the exporter that were not read, by reason; as hostscope_sets_skipped_total.",
      &Figures::sets_skipped, 0);
  AddByValue<ipfix::TemplateRefusal>(
      text, rows, "exporter_templates_refused",
      "Templates of the exporter that were not taken, by reason; as hostscope_templates_refused_total.",
      &Figures::templates_refused, 0);
  Add(text, rows, "exporter_sequence_expected", MetricType::kGauge,
      "What the exporter sent by its sequence numbers; as hostscope_sequence_expected.",
      [](const Figures& figures) { return figures.sequence_expected; });
  Add(text, rows, "exporter_sequence_lost", MetricType::kGauge,
      "Of these, those that never came; as hostscope_sequence_lost.",
      [](const Figures& figures) { return figures.sequence_lost; });
}

void AddRules(MetricsText& text, const std::vector<ipfix::RuleStatus>& rules) {
  using Outcome = ipfix::DatagramOutcome;
  std::map<std::string, ipfix::CounterArray<Outcome>> by_name;
  for (const ipfix::RuleStatus& rule : rules) {
    std::string name = rule.is_for_others ? "others" : exporter::ToText(rule.prefix);
    if (!rule.name.empty()) name = rule.name;
    for (std::size_t i = 0; i < ipfix::CounterArray<Outcome>::kSize; ++i)
      by_name[name].Add(static_cast<Outcome>(i), rule.outcomes.Get(static_cast<Outcome>(i)));
  }
  text.Family(
      "rule_datagrams_received", MetricType::kCounter,
      "Datagrams of the exporters that a rule of the configuration matches, by the rule's name, else its "
      "prefix; each was decoded or dropped. What is dropped before its exporter is known is in none.");
  for (const auto& [name, outcomes] : by_name) text.Sample(outcomes.Total(), {{"rule", name}});
  text.Family("rule_datagrams_decoded", MetricType::kCounter, "Of these, those whose header was accepted.");
  for (const auto& [name, outcomes] : by_name) text.Sample(outcomes.Get(Outcome::kDecoded), {{"rule", name}});
  text.Family("rule_datagrams_dropped", MetricType::kCounter,
              "Of these, those that were dropped, by reason; as hostscope_datagrams_dropped_total.");
  for (const auto& [name, outcomes] : by_name) {
    for (const Outcome outcome : ipfix::kRuleDrops)
      text.Sample(outcomes.Get(outcome), {{"rule", name}, {"reason", NameOf(outcome).name}});
  }
}

}  // namespace hostscope::app
