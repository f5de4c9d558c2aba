#include "exporter/store/window_writer.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "exporter/store/event_block.h"
#include "exporter/store/frame.h"
#include "exporter/store/network_block.h"
#include "exporter/store/overview_levels.h"
#include "exporter/store/overview_writer.h"
#include "exporter/store/row_block.h"
#include "exporter/store/row_parts.h"
#include "exporter/store/sketch_block.h"
#include "exporter/store/window_format.h"

namespace hostscope::exporter {
namespace {

using aggregator::ClosedWindow;
using aggregator::HostRecord;
using aggregator::NetworkLevels;
using aggregator::NetworkRecord;
using aggregator::ProfileEvent;

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

class Writer {
 public:
  explicit Writer(const ByteOutput& output) : output_(output) {
    rows_.reserve(kRowsPerPart);
    networks_.reserve(kRowsPerPart);
  }

  WrittenWindow Write(const ClosedWindow& window, const WindowContent& content) {
    tail_.summary = window.summary();
    Put(BytesOf(MakeHeader(window.span(), window.partial())));
    WriteRows(window);
    if (content.sketches) WriteSketches(window);
    if (content.networks) WriteNetworks(window, *content.networks);
    WriteOverview(window);
    WriteEvents(window);
    const std::string tail = FormatTail(tail_);
    const FileTrailer trailer = MakeTrailer(tail_.end_offset(), tail);
    Put(tail);
    Put(BytesOf(trailer));
    PassOn();
    return {error_, trailer.file_length, tail_.rows(), tail_.network_counts, RowsOf(tail_.event_blocks)};
  }

 private:
  void WriteRows(const ClosedWindow& window) {
    const std::size_t size = window.size();
    for (std::size_t i = 0; i < size && !error_; ++i) {
      Add(window.At(i));
      if (rows_.size() == kRowsPerPart) FinishPart();
      if (RowsOf(parts_) == kRowsPerBlock) FinishRows();
    }
    FinishPart();
    FinishRows();
  }

  void WriteSketches(const ClosedWindow& window) {
    SketchCollector sketches;
    const auto finish = [&] {
      const std::size_t rows = sketches.rows();
      columns_.clear();
      sketches.Take(columns_);
      PutFrame(tail_.sketch_blocks, rows);
    };
    const std::size_t size = window.size();
    for (std::size_t i = 0; i < size && !error_; ++i) {
      sketches.Add(window, i);
      if (sketches.rows() == kRowsPerBlock || sketches.bytes() >= kSketchBytesPerBlock) finish();
    }
    if (sketches.rows() > 0) finish();
  }

  void WriteNetworks(const ClosedWindow& window, const NetworkLevels& levels) {
    std::vector<NetworkRecord> records;
    std::vector<std::uint32_t> within;
    const auto finish = [&] {
      columns_.clear();
      EncodeNetworks(records, within, columns_);
      PutFrame(tail_.network_blocks, records.size());
      records.clear();
      within.clear();
    };
    window.ForEachNetwork(levels, [&](const NetworkRecord& record) {
      records.push_back(record);
      within.push_back(record.within ? FindNumber(*record.within) : 0);
      tail_.network_counts.Add(record);
      if (records.size() == kRowsPerBlock) finish();
      return !error_;
    });
    if (!records.empty()) finish();
  }

  void WriteOverview(const ClosedWindow& window) {
    const std::vector<OverviewLevel> levels = overview_.Levels();
    if (levels.empty()) return;
    OverviewWriter overview(levels);
    for (std::size_t i = 0; i < tail_.host_rows && !error_; ++i) overview.Add(window.At(i));
    for (OverviewWriter::Finished& finished : overview.Finish()) {
      std::size_t offset = tail_.end_offset();
      for (BlockEntry& block : finished.level.blocks) {
        block.offset = offset;
        offset += block.frame_bytes;
      }
      tail_.overview.push_back(std::move(finished.level));
      Put(finished.frames);
    }
  }

  void WriteEvents(const ClosedWindow& window) {
    if (window.CountEvents() == 0) return;
    const std::vector<ProfileEvent> events = window.Events();
    for (std::size_t first = 0; first < events.size() && !error_; first += kRowsPerBlock) {
      const std::size_t end = std::min(events.size(), first + kRowsPerBlock);
      columns_.clear();
      EncodeEvents({events.begin() + static_cast<std::ptrdiff_t>(first),
                    events.begin() + static_cast<std::ptrdiff_t>(end)},
                   columns_);
      PutFrame(tail_.event_blocks, end - first);
    }
  }

  void Add(const HostRecord& record) {
    const bool is_in_order =
        record.other || (tail_.host_rows == row_count_ && (row_count_ == 0 || last_ < record.host));
    if (!is_in_order) error_ = std::make_error_code(std::errc::invalid_argument);
    last_ = record.host;
    ++row_count_;
    if (!record.other) {
      ++tail_.host_rows;
      overview_.Note(record.host);
    }
    rows_.push_back(record);
    networks_.push_back(NumberOf(record.network));
  }

  std::uint32_t NumberOf(const Prefix& network) {
    if (!networks_.empty() && tail_.networks[networks_.back()] == network) return networks_.back();
    return FindNumber(network);
  }

  std::uint32_t FindNumber(const Prefix& network) {
    const auto [at, is_new] =
        network_numbers_.try_emplace(network, static_cast<std::uint32_t>(tail_.networks.size()));
    if (is_new) tail_.networks.push_back(network);
    return at->second;
  }

  void FinishPart() {
    if (rows_.empty()) return;
    columns_.clear();
    EncodeRows(rows_, networks_, columns_);
    RowPart part;
    part.first_row = RowsOf(parts_);
    part.first = rows_.front().host;
    part.rows = rows_.size();
    part.column_bytes = columns_.size();
    part.frame_bytes = frames_.Append(columns_, part_frames_);
    parts_.push_back(part);
    rows_.clear();
    networks_.clear();
  }

  void FinishRows() {
    if (parts_.empty()) return;
    BlockEntry block;
    block.first = parts_.front().first;
    block.rows = RowsOf(parts_);
    for (const RowPart& part : parts_) block.column_bytes += part.column_bytes;
    frame_.clear();
    PutPartList(parts_, frame_);
    frame_ += part_frames_;
    PutBlock(tail_.blocks, block);
    parts_.clear();
    part_frames_.clear();
  }

  // Of columns_, which is `rows` rows.
  void PutFrame(std::vector<BlockEntry>& blocks, std::size_t rows) {
    BlockEntry block;
    block.rows = rows;
    block.column_bytes = columns_.size();
    frame_.clear();
    frames_.Append(columns_, frame_);
    PutBlock(blocks, block);
  }

  // Of frame_.
  void PutBlock(std::vector<BlockEntry>& blocks, BlockEntry block) {
    block.checksum = ChecksumOf(frame_);
    block.frame_bytes = frame_.size();
    block.first_row = RowsOf(blocks);
    block.offset = tail_.end_offset();
    blocks.push_back(block);
    Put(frame_);
  }

  void Put(std::string_view bytes) {
    piece_ += bytes;
    if (piece_.size() >= kPieceBytes) PassOn();
  }

  void PassOn() {
    if (!error_) error_ = output_(piece_);
    piece_.clear();
  }

  const ByteOutput& output_;
  FrameWriter frames_;
  WindowTail tail_;
  std::map<Prefix, std::uint32_t> network_numbers_;
  OverviewChoice overview_;
  std::vector<RowPart> parts_;           // of the block under way
  std::string part_frames_;              // of these
  std::vector<HostRecord> rows_;         // of the part under way
  std::vector<std::uint32_t> networks_;  // of these rows
  std::string columns_;
  std::string frame_;
  std::string piece_;
  Address last_;
  std::size_t row_count_ = 0;
  std::error_code error_;
};

}  // namespace

WrittenWindow WriteWindow(const ClosedWindow& window, const ByteOutput& output,
                          const WindowContent& content) {
  return Writer(output).Write(window, content);
}

}  // namespace hostscope::exporter
