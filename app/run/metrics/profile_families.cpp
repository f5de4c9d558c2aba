#include "app/run/metrics/families.h"

namespace hostscope::app {

using exporter::MetricsText;
using exporter::MetricType;

void AddProfiles(MetricsText& text, const Profiler* profiler) {
  const bool is_on = profiler != nullptr;
  const ProfilerStatus status = is_on ? profiler->status() : ProfilerStatus{};
  const auto add = [&](std::string_view name, MetricType type, std::string_view help, auto value) {
    text.Family(name, type, help);
    if (is_on) text.Sample(value);
  };
  add("profiles", MetricType::kGauge, "Hosts that have a profile.", status.profiles);
  add("profiles_refused", MetricType::kCounter,
      "Host records without a profile, for which there was no room.", status.counts.refused);
  add("profiles_forgotten", MetricType::kCounter, "Profiles of hosts that were silent for too long.",
      status.counts.forgotten);
  text.Family(
      "profile_windows", MetricType::kCounter,
      "Windows of the profiles' length, by what became of them. compared: with profiles, which learned from "
      "them. skipped: not after the last one. passed_on: not compared, since others still waited.");
  if (is_on) {
    text.Sample(status.counts.windows, {{"outcome", "compared"}});
    text.Sample(status.counts.skipped_windows, {{"outcome", "skipped"}});
    text.Sample(status.passed_on, {{"outcome", "passed_on"}});
  }
  add("profile_blind_windows", MetricType::kCounter,
      "Compared windows with so few of the hosts that are always there that nobody was called silent.",
      status.counts.blind_windows);
  add("profile_compare_seconds", MetricType::kGauge, "CPU time that comparing the last window took.",
      static_cast<double>(status.last_compare_ns) / 1e9);
  text.Family("anomalies", MetricType::kCounter, "Anomalies that were opened, by kind.");
  for (std::size_t i = 0; is_on && i < status.counts.opened.size(); ++i)
    text.Sample(status.counts.opened[i], {{"kind", NameOf(static_cast<aggregator::DeviationKind>(i))}});
  add("anomalies_open", MetricType::kGauge, "Anomalies that are open now.", status.open_events);
  add("profile_file_written", MetricType::kCounter, "Times that the file of profiles was written.",
      status.saved);
  add("profile_file_failures", MetricType::kCounter, "Times that it could not be.", status.save_failures);
  add("profile_file_damaged", MetricType::kCounter,
      "Files that were not what had been written, and were set aside.", status.damaged);
}

}  // namespace hostscope::app
