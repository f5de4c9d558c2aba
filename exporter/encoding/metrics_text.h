#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "exporter/delay_histogram.h"

namespace hostscope::exporter {

enum class MetricType : std::uint8_t { kCounter, kGauge, kHistogram };

/// Metrics as Prometheus' text format (version 0.0.4) has them. A writer over figures that are counted
/// anyway: what a library of metrics would count once more is whole here to the last of 64 bits.
class MetricsText {
 public:
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";
  using Label = std::pair<std::string_view, std::string_view>;
  using Labels = std::initializer_list<Label>;

  /// Begins a family, whose samples follow, if it has any. Its name is "hostscope_" and `name`, for a counter
  /// also "_total". Once for each name. `help` is one sentence.
  void Family(std::string_view name, MetricType type, std::string_view help);

  // Samples of the last family, which differ in their labels. A label whose value is empty is left out.
  void Sample(std::uint64_t value, Labels labels = {});
  void Sample(std::int64_t value, Labels labels = {});
  void Sample(double value, Labels labels = {});
  /// In seconds.
  void Sample(const DelayHistogram& delay, Labels labels = {});

  // A family of one sample.
  void Counter(std::string_view name, std::string_view help, std::uint64_t value) {
    Family(name, MetricType::kCounter, help);
    Sample(value);
  }
  void Gauge(std::string_view name, std::string_view help, std::uint64_t value) {
    Family(name, MetricType::kGauge, help);
    Sample(value);
  }

  std::string Take() { return std::move(text_); }

 private:
  void Line(std::string_view suffix, Labels labels, Label last, std::string_view value);

  std::string text_;
  std::string family_;
};

}  // namespace hostscope::exporter
