#include "ipfix/exporter_policy.h"

#include <algorithm>
#include <utility>

namespace hostscope::ipfix {
namespace {

std::shared_ptr<PolicyBooks> BooksFor(const ExporterRule& rule, bool is_for_others,
                                      const ExporterPolicy* before) {
  if (before != nullptr) {
    const std::vector<PolicyRule>& rules = before->rules();
    if (is_for_others) return rules.back().books;
    const auto same = std::find_if(rules.begin(), rules.end() - 1,
                                   [&](const PolicyRule& old) { return old.rule.prefix == rule.prefix; });
    if (same != rules.end() - 1) return same->books;
  }
  return std::make_shared<PolicyBooks>();
}

}  // namespace

ExporterPolicy::ExporterPolicy(const Settings& settings, const ExporterPolicy* before)
    : refuses_others_(settings.only_listed_exporters) {
  std::vector<ExporterRule> rules = settings.exporters;
  // Stable: of equal prefixes the first counts.
  std::stable_sort(rules.begin(), rules.end(), [](const ExporterRule& a, const ExporterRule& b) {
    return a.prefix.length != b.prefix.length ? a.prefix.length > b.prefix.length
                                              : a.prefix.network < b.prefix.network;
  });
  const auto last = std::unique(rules.begin(), rules.end(), [](const ExporterRule& a, const ExporterRule& b) {
    return a.prefix == b.prefix;
  });
  rules.erase(last, rules.end());
  rules.push_back({{}, settings.default_exporter, {}});
  rules_.reserve(rules.size());
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const ExporterSettings& exporter = rules[i].settings;
    const bool is_for_others = i + 1 == rules.size();
    rules_.push_back({rules[i], TokenBucket(exporter.rate_limit, exporter.rate_burst),
                      BooksFor(rules[i], is_for_others, before)});
    if (is_for_others) break;
    if (i == 0 || rules[i].prefix.length != rules[i - 1].prefix.length) lengths_.push_back({i, i});
    ++lengths_.back().end;
  }
}

PolicyRule* ExporterPolicy::Find(const Address& address) noexcept {
  for (const Length& length : lengths_) {
    // Prefixes of one length don't overlap, so that only the last one that begins at or before the address
    // can contain it.
    const auto begin = rules_.begin() + static_cast<std::ptrdiff_t>(length.begin);
    const auto after = std::upper_bound(
        begin, rules_.begin() + static_cast<std::ptrdiff_t>(length.end), address,
        [](const Address& wanted, const PolicyRule& rule) { return wanted < rule.rule.prefix.network; });
    if (after == begin) continue;
    PolicyRule& rule = *(after - 1);
    if (rule.rule.prefix.Contains(address)) return &rule;
  }
  return refuses_others_ ? nullptr : &rules_.back();
}

void AddTo(std::vector<RuleStatus>& sums, const ExporterPolicy& policy) {
  const std::vector<PolicyRule>& rules = policy.rules();
  const std::size_t shown = rules.size() - (policy.refuses_others() ? 1 : 0);
  for (std::size_t i = 0; i < shown; ++i) {
    if (i == sums.size())
      sums.push_back({rules[i].rule.prefix, rules[i].rule.name, i + 1 == rules.size(), {}});
    for (std::size_t j = 0; j < CounterArray<DatagramOutcome>::kSize; ++j) {
      const auto outcome = static_cast<DatagramOutcome>(j);
      sums[i].outcomes.Add(outcome, rules[i].books->outcomes.Get(outcome));
    }
  }
}

}  // namespace hostscope::ipfix
