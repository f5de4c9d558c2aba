#include "app/run/exporters/exporter_rates.h"

#include <utility>

namespace hostscope::app {
namespace {

constexpr std::int64_t kShortestNs = kNanosecondsPerSecond / 2;

double Grown(std::uint64_t before, std::uint64_t now, double seconds) noexcept {
  const std::uint64_t begun_anew = now < before ? now : now - before;
  return static_cast<double>(begun_anew) / seconds;
}

}  // namespace

void ExporterRates::Look(const dataplane::DataplaneSnapshot& snapshot) {
  Marks marks;
  for (const auto& worker : snapshot.workers) {
    if (worker->taken.ns == 0) return;  // it has not written anything down yet
    Mark& mark = marks.emplace_back();
    mark.taken = worker->taken;
    for (const ipfix::ExporterBooks& books : worker->exporters) {
      Counts& counts = mark.counts[ExporterId::Of(books)];
      counts.datagrams += books.accounting.outcomes.Total();
      counts.records += books.accounting.records_seen.Get();
    }
  }
  const std::lock_guard lock(mutex_);
  older_ = newer_.empty() ? marks : std::move(newer_);
  newer_ = std::move(marks);
}

ExporterRate ExporterRates::Of(std::size_t worker, ReceiveTime taken,
                               const ipfix::ExporterBooks& books) const {
  const std::lock_guard lock(mutex_);
  if (worker >= older_.size()) return {};
  const Mark& mark = older_[worker];
  if (taken.ns - mark.taken.ns < kShortestNs) return {};
  const double seconds = static_cast<double>(taken.ns - mark.taken.ns) / 1e9;
  const auto found = mark.counts.find(ExporterId::Of(books));
  const Counts before = found == mark.counts.end() ? Counts{} : found->second;
  return {Grown(before.datagrams, books.accounting.outcomes.Total(), seconds),
          Grown(before.records, books.accounting.records_seen.Get(), seconds)};
}

}  // namespace hostscope::app
