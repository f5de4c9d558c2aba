#include "exporter/encoding/metrics_text.h"

#include <array>
#include <charconv>
#include <cmath>

namespace hostscope::exporter {
namespace {

constexpr std::string_view kPrefix = "hostscope_";
constexpr double kNsPerSecond = 1e9;

std::string_view NameOf(MetricType type) noexcept {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kHistogram:
      return "histogram";
  }
  return "untyped";
}

/// `text` with a backslash before line feeds, backslashes and, in a label's value, quotation marks.
void Escape(std::string& out, std::string_view text, bool is_label) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || (is_label && c == '"')) out += '\\';
    out += c;
  }
}

std::string ToText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  // The shortest text that is the same number, without an exponent where that is not long.
  const double size = std::abs(value);
  const bool is_short = size == 0 || (size >= 1e-9 && size < 1e15);
  std::array<char, 64> buffer{};
  char* const end = buffer.data() + buffer.size();
  const auto format = is_short ? std::chars_format::fixed : std::chars_format::scientific;
  return {buffer.data(), std::to_chars(buffer.data(), end, value, format).ptr};
}

}  // namespace

void MetricsText::Family(std::string_view name, MetricType type, std::string_view help) {
  family_ = kPrefix;
  family_ += name;
  if (type == MetricType::kCounter) family_ += "_total";
  text_.append("# HELP ").append(family_).append(" ");
  Escape(text_, help, false);
  text_.append("\n# TYPE ").append(family_).append(" ").append(NameOf(type)).append("\n");
}

void MetricsText::Line(std::string_view suffix, Labels labels, Label last, std::string_view value) {
  text_.append(family_).append(suffix);
  char before = '{';
  const auto add = [&](const Label& label) {
    if (label.second.empty()) return;
    text_ += before;
    text_.append(label.first).append("=\"");
    Escape(text_, label.second, true);
    text_ += '"';
    before = ',';
  };
  for (const Label& label : labels) add(label);
  add(last);
  if (before == ',') text_ += '}';
  text_.append(" ").append(value).append("\n");
}

void MetricsText::Sample(std::uint64_t value, Labels labels) {
  Line({}, labels, {}, std::to_string(value));
}

void MetricsText::Sample(std::int64_t value, Labels labels) {
  Line({}, labels, {}, std::to_string(value));
}

void MetricsText::Sample(double value, Labels labels) {
  Line({}, labels, {}, ToText(value));
}

void MetricsText::Sample(const DelayHistogram& delay, Labels labels) {
  // Each bucket is read once, so that the last one is the count, whatever is added meanwhile.
  const double sum = static_cast<double>(delay.SumNs()) / kNsPerSecond;
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < DelayHistogram::kBuckets; ++i) {
    count += delay.CountIn(i);
    const std::string bound = i < DelayHistogram::kBounds
                                  ? ToText(static_cast<double>(DelayHistogram::kUpperNs[i]) / kNsPerSecond)
                                  : "+Inf";
    Line("_bucket", labels, {"le", bound}, std::to_string(count));
  }
  Line("_sum", labels, {}, ToText(sum));
  Line("_count", labels, {}, std::to_string(count));
}

}  // namespace hostscope::exporter
