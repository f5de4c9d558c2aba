#include "app/run/metrics/exporter_series.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "exporter/encoding/address_text.h"

namespace hostscope::app {
namespace {

template <typename Enum, std::size_t kSize>
void Copy(std::array<std::int64_t, kSize>& into, const ipfix::CounterArray<Enum>& counters) {
  for (std::size_t i = 0; i < kSize; ++i)
    into[i] = static_cast<std::int64_t>(counters.Get(static_cast<Enum>(i)));
}

template <std::size_t kSize>
void AddAll(std::array<std::int64_t, kSize>& into, const std::array<std::int64_t, kSize>& other,
            std::int64_t sign) noexcept {
  for (std::size_t i = 0; i < kSize; ++i) into[i] += sign * other[i];
}

}  // namespace

std::string RuleNameOf(const Address& address, const std::vector<ipfix::RuleStatus>& rules) {
  const ipfix::RuleStatus* longest = nullptr;
  for (const ipfix::RuleStatus& rule : rules) {
    if (rule.is_for_others || !rule.prefix.Contains(address)) continue;
    if (longest == nullptr || rule.prefix.length > longest->prefix.length) longest = &rule;
  }
  return longest == nullptr ? std::string() : longest->name;
}

ExporterFigures ExporterFigures::Of(const ipfix::Accounting& books) {
  ExporterFigures figures;
  Copy(figures.datagrams, books.outcomes);
  figures.records_counted = static_cast<std::int64_t>(books.records_counted.Get());
  Copy(figures.records_skipped, books.skipped);
  Copy(figures.sets_skipped, books.sets_skipped);
  Copy(figures.templates_refused, books.refusals);
  figures.sequence_expected = static_cast<std::int64_t>(books.sequence_expected.Get());
  figures.sequence_lost = static_cast<std::int64_t>(books.sequence_lost.Get());
  return figures;
}

ExporterFigures& ExporterFigures::Add(const ExporterFigures& other, std::int64_t sign) noexcept {
  AddAll(datagrams, other.datagrams, sign);
  records_counted += sign * other.records_counted;
  AddAll(records_skipped, other.records_skipped, sign);
  AddAll(sets_skipped, other.sets_skipped, sign);
  AddAll(templates_refused, other.templates_refused, sign);
  sequence_expected += sign * other.sequence_expected;
  sequence_lost += sign * other.sequence_lost;
  return *this;
}

std::int64_t ExporterFigures::TotalDatagrams() const noexcept {
  return std::accumulate(datagrams.begin(), datagrams.end(), std::int64_t{0});
}

std::vector<ExporterSeries::Row> ExporterSeries::Update(const dataplane::DataplaneSnapshot& snapshot,
                                                        Clock::time_point now) {
  Exporters exporters;
  ExporterFigures total;
  for (const auto& worker : snapshot.workers) {
    total += ExporterFigures::Of(worker->accounting);
    for (const ipfix::ExporterBooks& books : worker->exporters) {
      exporters[ExporterId::Of(books)] += ExporterFigures::Of(books.accounting);
    }
  }
  std::vector<Row> rows = Update(exporters, total, now);
  for (Row& row : rows) {
    if (row.address) row.name = RuleNameOf(*row.address, snapshot.status.rules);
  }
  return rows;
}

std::vector<ExporterSeries::Row> ExporterSeries::Update(const Exporters& exporters,
                                                        const ExporterFigures& total, Clock::time_point now) {
  Follow(exporters);
  const bool is_due = now >= next_exchange_;
  if (is_due) Exchange(exporters);
  Fill(exporters);
  before_ = exporters;
  if (is_due) {
    at_exchange_ = exporters;
    next_exchange_ = now + kExchangeInterval;
  }

  std::vector<Row> rows;
  ExporterFigures other = total;
  for (const auto& [key, listed] : listed_) {
    rows.push_back({exporter::ToText(key.address),
                    std::to_string(key.port),
                    std::to_string(key.domain),
                    {},
                    key.address,
                    listed.own()});
    other -= listed.own();
  }
  other -= former_;
  rows.push_back({"other", {}, {}, {}, {}, other});
  rows.push_back({"former", {}, {}, {}, {}, former_});
  return rows;
}

/// Takes the new figures; who is gone, also if it is there again as a new one, is not listed any more.
void ExporterSeries::Follow(const Exporters& exporters) {
  for (auto at = listed_.begin(); at != listed_.end();) {
    const auto listed = at++;
    const auto found = exporters.find(listed->first);
    if (found == exporters.end() || found->second.TotalDatagrams() < listed->second.last.TotalDatagrams()) {
      Unlist(listed);
    } else {
      listed->second.last = found->second;
    }
  }
}

void ExporterSeries::Unlist(std::map<Key, Listed>::iterator at) {
  former_ += at->second.own();
  listed_.erase(at);
}

std::int64_t ExporterSeries::SinceExchange(const Key& key, const ExporterFigures& figures) const {
  const auto found = at_exchange_.find(key);
  const std::int64_t before = found == at_exchange_.end() ? 0 : found->second.TotalDatagrams();
  return figures.TotalDatagrams() - before;
}

/// Makes room for those who send more than twice what the quietest listed ones do.
void ExporterSeries::Exchange(const Exporters& exporters) {
  std::vector<std::int64_t> others;
  for (const auto& [key, figures] : exporters) {
    if (!listed_.contains(key)) others.push_back(SinceExchange(key, figures));
  }
  std::ranges::sort(others, std::greater());
  std::vector<std::pair<std::int64_t, Key>> quiet;
  for (const auto& [key, listed] : listed_) quiet.emplace_back(SinceExchange(key, listed.last), key);
  std::ranges::sort(quiet);
  const std::size_t room = max_listed_ - listed_.size();
  for (std::size_t i = 0; i < quiet.size() && room + i < others.size(); ++i) {
    if (others[room + i] <= 2 * quiet[i].first) break;
    Unlist(listed_.find(quiet[i].second));
  }
}

/// Gives free places to the busiest that have none.
void ExporterSeries::Fill(const Exporters& exporters) {
  if (listed_.size() == max_listed_) return;
  std::vector<std::pair<std::int64_t, Key>> busy;
  for (const auto& [key, figures] : exporters) {
    if (!listed_.contains(key)) busy.emplace_back(-SinceExchange(key, figures), key);  // most first
  }
  std::ranges::sort(busy);
  for (const auto& [ignored, key] : busy) {
    if (listed_.size() == max_listed_) return;
    const ExporterFigures& figures = exporters.at(key);
    const auto before = before_.find(key);
    // What it had before is in "other" already; nothing is, where it was forgotten and has begun anew.
    const bool was_counted =
        before != before_.end() && before->second.TotalDatagrams() <= figures.TotalDatagrams();
    listed_[key] = {was_counted ? before->second : ExporterFigures{}, figures};
  }
}

}  // namespace hostscope::app
