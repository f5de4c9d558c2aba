#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace hostscope::app {

/// The samples of one scrape of /metrics, to look into.
class Scrape {
 public:
  using Labels = std::map<std::string, std::string, std::less<>>;
  struct Sample {
    Labels labels;
    double value = 0;
  };

  /// Lines that are no samples are passed over.
  static Scrape Parse(std::string_view text);

  bool Has(std::string_view name) const { return samples_.find(name) != samples_.end(); }
  /// Names are without "hostscope_".
  const std::vector<Sample>& Of(std::string_view name) const;
  /// Of all samples that have these labels, whatever others they have.
  double Sum(std::string_view name, const Labels& labels = {}) const;
  /// A label's values, each once, in the order of the scrape.
  std::vector<std::string> ValuesOf(std::string_view name, std::string_view label) const;

 private:
  std::map<std::string, std::vector<Sample>, std::less<>> samples_;
};

}  // namespace hostscope::app
