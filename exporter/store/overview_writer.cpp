#include "exporter/store/overview_writer.h"

#include <utility>

#include "exporter/store/columns.h"
#include "exporter/store/overview_block.h"

namespace hostscope::exporter {

OverviewWriter::OverviewWriter(const std::vector<OverviewLevel>& levels) {
  for (const OverviewLevel& level : levels) levels_.push_back({{level, {}}, {}, {}});
}

void OverviewWriter::Add(const aggregator::HostRecord& host) {
  const bool is_ipv4 = host.host.IsIpv4();
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    if (levels_[i].finished.level.is_ipv4 == is_ipv4) return Add(i, TotalsOf(host));
  }
}

// What is complete goes on to the level above.
void OverviewWriter::Add(std::size_t i, const PrefixTotals& more) {
  Level& level = levels_[i];
  const Address first = AddressOf(NumberOf(more.first) & ~HostBits(level.finished.level.length));
  if (level.open.hosts > 0 && level.open.first != first) CloseOpen(i);
  level.open.first = first;
  level.open.Add(more);
}

void OverviewWriter::CloseOpen(std::size_t i) {
  Level& level = levels_[i];
  const PrefixTotals closed = std::exchange(level.open, PrefixTotals{});
  level.totals.push_back(closed);
  if (level.totals.size() == kRowsPerBlock) FinishBlock(level);
  const bool has_above =
      i + 1 < levels_.size() && levels_[i + 1].finished.level.is_ipv4 == level.finished.level.is_ipv4;
  if (has_above) Add(i + 1, closed);
}

void OverviewWriter::FinishBlock(Level& level) {
  Finished& finished = level.finished;
  columns_.clear();
  EncodeTotals(level.totals, finished.level.length, columns_);
  BlockEntry block;
  block.first = level.totals.front().first;
  block.rows = level.totals.size();
  block.frame_bytes = frames_.Append(columns_, finished.frames);
  block.column_bytes = columns_.size();
  block.first_row = RowsOf(finished.level.blocks);
  block.checksum =
      ChecksumOf(std::string_view(finished.frames).substr(finished.frames.size() - block.frame_bytes));
  finished.level.blocks.push_back(block);
  level.totals.clear();
}

std::vector<OverviewWriter::Finished> OverviewWriter::Finish() {
  std::vector<Finished> all;
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    if (levels_[i].open.hosts > 0) CloseOpen(i);
  }
  for (Level& level : levels_) {
    if (!level.totals.empty()) FinishBlock(level);
    all.push_back(std::move(level.finished));
  }
  return all;
}

}  // namespace hostscope::exporter
