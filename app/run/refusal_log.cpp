#include "app/run/refusal_log.h"

#include <fmt/format.h>

#include <utility>

#include "exporter/encoding/address_text.h"

namespace hostscope::app {
namespace {

using ipfix::TemplateRefusal;

std::string LineOf(const ipfix::ExporterBooks& exporter, const std::vector<ipfix::RuleStatus>& rules) {
  const std::string name = RuleNameOf(exporter.address, rules);
  std::string reasons;
  for (std::size_t i = 0; i < ipfix::CounterArray<TemplateRefusal>::kSize; ++i) {
    const auto reason = static_cast<TemplateRefusal>(i);
    if (const std::uint64_t count = exporter.accounting.refusals.Get(reason); count != 0)
      reasons += fmt::format("{}{} {}", reasons.empty() ? "" : ", ", NameOf(reason).name, count);
  }
  return fmt::format(
      "exporter {} port {} domain {}{}: so far {} templates were refused ({}), and {} data sets whose shape "
      "is "
      "not known for that",
      exporter::ToText(exporter.address), exporter.port, exporter.observation_domain,
      name.empty() ? name : " (" + name + ")", exporter.accounting.refusals.Total(), reasons,
      exporter.accounting.sets_skipped.Get(ipfix::SetSkip::kRefusedTemplate));
}

}  // namespace

std::vector<std::string> RefusalLog::Look(const dataplane::DataplaneSnapshot& snapshot,
                                          Clock::time_point now) {
  std::vector<std::string> lines;
  std::size_t left_out = 0;
  std::map<ExporterSeries::Key, Said> said;  // without those that are forgotten
  for (const auto& worker : snapshot.workers) {
    for (const ipfix::ExporterBooks& exporter : worker->exporters) {
      const std::uint64_t refused = exporter.accounting.refusals.Total();
      if (refused == 0) continue;
      const ExporterSeries::Key key{exporter.address, exporter.port, exporter.observation_domain};
      const auto before = said_.find(key);
      if (before != said_.end() &&
          (refused == before->second.refused || now - before->second.at < kSilence)) {
        said.insert(*before);
        continue;
      }
      said[key] = {refused, now};
      if (lines.size() == kMostLines) {
        ++left_out;
      } else {
        lines.push_back(LineOf(exporter, snapshot.status.rules));
      }
    }
  }
  if (left_out != 0) lines.push_back(fmt::format("templates of {} more exporters were refused", left_out));
  said_ = std::move(said);
  return lines;
}

}  // namespace hostscope::app
