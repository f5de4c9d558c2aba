#include "app/top/scrape.h"

#include <algorithm>
#include <charconv>

namespace hostscope::app {
namespace {

constexpr std::string_view kPrefix = "hostscope_";

/// Takes `{a="b",…}` off `line`; false where it is not that.
bool TakeLabels(std::string_view& line, Scrape::Labels& labels) {
  while (line.starts_with('{') || line.starts_with(',')) {
    line.remove_prefix(1);
    const std::size_t equals = line.find("=\"");
    if (equals == std::string_view::npos) return false;
    const std::string name(line.substr(0, equals));
    line.remove_prefix(equals + 2);
    std::string value;
    while (!line.empty() && line.front() != '"') {
      if (line.front() == '\\' && line.size() > 1) {
        line.remove_prefix(1);
        value += line.front() == 'n' ? '\n' : line.front();
      } else {
        value += line.front();
      }
      line.remove_prefix(1);
    }
    if (line.empty()) return false;
    line.remove_prefix(1);
    labels[name] = value;
  }
  if (line.starts_with('}')) line.remove_prefix(1);
  return true;
}

bool Matches(const Scrape::Labels& labels, const Scrape::Labels& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& label) {
    const auto found = labels.find(label.first);
    return found != labels.end() && found->second == label.second;
  });
}

}  // namespace

Scrape Scrape::Parse(std::string_view text) {
  Scrape scrape;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.starts_with(kPrefix)) continue;
    line.remove_prefix(kPrefix.size());
    const std::size_t name_end = std::min(line.find_first_of("{ "), line.size());
    const std::string name(line.substr(0, name_end));
    line.remove_prefix(name_end);
    Sample sample;
    if (!TakeLabels(line, sample.labels) || !line.starts_with(' ')) continue;
    line.remove_prefix(1);
    const auto read = std::from_chars(line.data(), line.data() + line.size(), sample.value);
    if (read.ec == std::errc{}) scrape.samples_[name].push_back(std::move(sample));
  }
  return scrape;
}

const std::vector<Scrape::Sample>& Scrape::Of(std::string_view name) const {
  static const std::vector<Sample> none;
  const auto found = samples_.find(name);
  return found == samples_.end() ? none : found->second;
}

double Scrape::Sum(std::string_view name, const Labels& labels) const {
  double sum = 0;
  for (const Sample& sample : Of(name)) {
    if (Matches(sample.labels, labels)) sum += sample.value;
  }
  return sum;
}

std::vector<std::string> Scrape::ValuesOf(std::string_view name, std::string_view label) const {
  std::vector<std::string> values;
  for (const Sample& sample : Of(name)) {
    const auto found = sample.labels.find(label);
    if (found != sample.labels.end() && std::ranges::find(values, found->second) == values.end())
      values.push_back(found->second);
  }
  return values;
}

}  // namespace hostscope::app
