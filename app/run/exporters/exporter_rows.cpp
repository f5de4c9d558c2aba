#include "app/run/exporters/exporter_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "app/run/metrics/exporter_series.h"
#include "exporter/encoding/address_text.h"
#include "exporter/encoding/json_text.h"
#include "exporter/query/api_text.h"

namespace hostscope::app {
namespace {

using exporter::AppendList;
using exporter::Join;
using exporter::JsonString;
using exporter::Quoted;
using exporter::TimeText;
using ipfix::DatagramOutcome;

// What an address has without end, since its sender chooses it: ports, domains.
constexpr std::size_t kMostListed = 32;

template <typename Enum, std::size_t kSize>
void Add(std::array<std::uint64_t, kSize>& sums, const ipfix::CounterArray<Enum>& counters) {
  for (std::size_t i = 0; i < kSize; ++i) sums[i] += counters.Get(static_cast<Enum>(i));
}

void Add(ExporterRow& row, const ipfix::ExporterBooks& books) {
  const ipfix::Accounting& counts = books.accounting;
  const bool is_first = row.exporters++ == 0;
  row.ports.insert(books.port);
  row.domains.insert(books.observation_domain);
  if (books.version != 0) row.versions.insert(books.version);
  row.last_received = std::max(row.last_received, books.last_received);
  row.received += counts.outcomes.Total();
  Add(row.outcomes, counts.outcomes);
  row.records_seen += counts.records_seen.Get();
  row.records_counted += counts.records_counted.Get();
  Add(row.skipped, counts.skipped);
  row.sequence_expected += counts.sequence_expected.Get();
  row.sequence_lost += counts.sequence_lost.Get();
  row.sequence_gaps += counts.sequence_gaps.Get();
  row.sequence_resets += counts.sequence_resets.Get();
  row.sampling_rates.insert(books.sampling_rate);
  row.announced_rates.insert(books.announced_rate);
  row.sampling_origins.insert(books.sampling_origin);
  row.templates += books.templates;
  row.template_received = std::max(row.template_received, books.template_received);
  Add(row.refused, counts.refusals);
  row.held_sets += counts.HeldSets();
  row.held_bytes += books.held_bytes;
  row.unknown_sets += counts.sets_skipped.Get(ipfix::SetSkip::kUnknownTemplate);
  if (is_first || std::abs(books.clock_offset_ns) > std::abs(row.clock_offset_ns))
    row.clock_offset_ns = books.clock_offset_ns;
}

template <typename Number>
std::string ListOf(const std::set<Number>& numbers) {
  std::string text = "[";
  std::size_t left = kMostListed;
  for (const Number& number : numbers) {
    if (left-- == 0) break;
    if (text.size() > 1) text += ',';
    text += fmt::format("{}", number);
  }
  return text + ']';
}

/// Counts by name, those that are 0 left out.
template <typename Enum, std::size_t kSize>
std::string GroupOf(const std::array<std::uint64_t, kSize>& counts, std::size_t from) {
  std::string text = "{";
  for (std::size_t i = from; i < kSize; ++i) {
    if (counts[i] == 0) continue;
    if (text.size() > 1) text += ',';
    text += Join(Quoted(NameOf(static_cast<Enum>(i)).name), ":", std::to_string(counts[i]));
  }
  return text + '}';
}

std::string TimeOrNull(ReceiveTime time) {
  return time.ns <= 0 ? "null" : Quoted(TimeText(time));
}

std::string NameOf(ipfix::SamplingOrigin origin) {
  switch (origin) {
    case ipfix::SamplingOrigin::kAnnounced:
      return "announced";
    case ipfix::SamplingOrigin::kConfigured:
      return "configured";
    case ipfix::SamplingOrigin::kIgnored:
      return "ignored";
  }
  return {};
}

std::string SamplingOf(const ExporterRow& row) {
  std::string origins;
  AppendList(origins, row.sampling_origins, [](ipfix::SamplingOrigin each) { return Quoted(NameOf(each)); });
  return Join("{\"applied\":", ListOf(row.sampling_rates), ",\"announced\":", ListOf(row.announced_rates),
              ",\"origins\":[", origins, "]}");
}

std::string Number(std::uint64_t number) {
  return std::to_string(number);
}

}  // namespace

ExporterRows RowsOf(const dataplane::DataplaneSnapshot& snapshot, const ExporterRates& rates, RowsPer per,
                    const std::optional<Prefix>& within, std::size_t most) {
  std::map<ExporterId, ExporterRow> found;
  for (std::size_t worker = 0; worker < snapshot.workers.size(); ++worker) {
    const dataplane::WorkerBooks& of_worker = *snapshot.workers[worker];
    for (const ipfix::ExporterBooks& books : of_worker.exporters) {
      if (within && !within->Contains(books.address)) continue;
      const ExporterId id = per == RowsPer::kDomain ? ExporterId::Of(books) : ExporterId{books.address, 0, 0};
      ExporterRow& row = found[id];
      row.address = books.address;
      row.workers.insert(worker);
      Add(row, books);
      const ExporterRate rate = rates.Of(worker, of_worker.taken, books);
      row.rate.datagrams += rate.datagrams;
      row.rate.records += rate.records;
    }
  }
  ExporterRows result;
  result.all = found.size();
  for (auto& [id, row] : found) result.rows.push_back(std::move(row));
  std::ranges::stable_sort(result.rows, std::greater(), [](const ExporterRow& row) {
    return std::pair(row.rate.datagrams, row.received);
  });
  if (result.rows.size() > most) result.rows.resize(most);
  for (ExporterRow& row : result.rows) row.name = RuleNameOf(row.address, snapshot.status.rules);
  return result;
}

std::string ToJson(const ExporterRow& row) {
  constexpr auto kDecoded = static_cast<std::size_t>(DatagramOutcome::kDecoded);
  const std::uint64_t refused = std::accumulate(row.refused.begin(), row.refused.end(), std::uint64_t{0});
  std::string json =
      Join("{\"address\":", Quoted(exporter::ToText(row.address)), ",\"name\":", JsonString(row.name),
           ",\"source_ports\":", ListOf(row.ports), ",\"domains\":", ListOf(row.domains),
           ",\"versions\":", ListOf(row.versions), ",\"workers\":", ListOf(row.workers),
           ",\"exporters\":", Number(row.exporters), ",\"last_received\":", TimeOrNull(row.last_received));
  json += fmt::format(",\"rate\":{{\"datagrams\":{:.3f},\"records\":{:.3f}}}", row.rate.datagrams,
                      row.rate.records);
  json += Join(
      ",\"datagrams\":{\"received\":", Number(row.received), ",\"decoded\":", Number(row.outcomes[kDecoded]),
      ",\"dropped\":", GroupOf<DatagramOutcome>(row.outcomes, kDecoded + 1),
      "},\"records\":{\"seen\":", Number(row.records_seen), ",\"counted\":", Number(row.records_counted),
      ",\"skipped\":", GroupOf<ipfix::RecordSkip>(row.skipped, 0), "}");
  json += Join(",\"sequence\":{\"expected\":", Number(row.sequence_expected),
               ",\"lost\":", Number(row.sequence_lost), ",\"gaps\":", Number(row.sequence_gaps),
               ",\"resets\":", Number(row.sequence_resets), "},\"sampling\":", SamplingOf(row));
  json += Join(",\"templates\":{\"known\":", Number(row.templates),
               ",\"last_received\":", TimeOrNull(row.template_received), ",\"refused\":", Number(refused),
               ",\"refusals\":", GroupOf<ipfix::TemplateRefusal>(row.refused, 0),
               ",\"held_sets\":", Number(row.held_sets), ",\"held_bytes\":", Number(row.held_bytes),
               ",\"unknown_sets\":", Number(row.unknown_sets), "}");
  json += fmt::format(",\"clock_offset_seconds\":{:.3f}}}", static_cast<double>(row.clock_offset_ns) / 1e9);
  return json;
}

}  // namespace hostscope::app
