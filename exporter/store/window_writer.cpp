#include "exporter/store/window_writer.h"

#include <zstd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "exporter/store/network_block.h"
#include "exporter/store/row_block.h"
#include "exporter/store/sketch_block.h"
#include "exporter/store/window_format.h"

namespace hostscope::exporter {
namespace {

using aggregator::ClosedWindow;
using aggregator::HostRecord;
using aggregator::NetworkLevels;
using aggregator::NetworkRecord;

constexpr int kCompressionLevel = 1;  // level 3 saves 1.3 % of the bytes and takes 15 % more time
constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

struct ContextDeleter {
  void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
};

class Writer {
 public:
  explicit Writer(const ByteOutput& output) : output_(output), context_(ZSTD_createCCtx()) {
    if (context_ == nullptr) throw std::bad_alloc();
    rows_.reserve(kRowsPerBlock);
    networks_.reserve(kRowsPerBlock);
  }

  WrittenWindow Write(const ClosedWindow& window, const WindowContent& content) {
    tail_.summary = window.summary();
    Put(BytesOf(MakeHeader(window.span(), window.partial())));
    WriteRows(window);
    if (content.sketches) WriteSketches(window);
    if (content.networks) WriteNetworks(window, *content.networks);
    const std::string tail = FormatTail(tail_);
    const FileTrailer trailer = MakeTrailer(tail_.end_offset(), tail);
    Put(tail);
    Put(BytesOf(trailer));
    PassOn();
    return {error_, trailer.file_length, tail_.rows(), tail_.network_counts};
  }

 private:
  void WriteRows(const ClosedWindow& window) {
    const std::size_t size = window.size();
    for (std::size_t i = 0; i < size && !error_; ++i) {
      Add(window.At(i));
      if (rows_.size() == kRowsPerBlock) FinishRows();
    }
    FinishRows();
  }

  void WriteSketches(const ClosedWindow& window) {
    SketchCollector sketches;
    const auto finish = [&] {
      const std::size_t rows = sketches.rows();
      columns_.clear();
      sketches.Take(columns_);
      PutBlock(tail_.sketch_blocks, rows, {});
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
      PutBlock(tail_.network_blocks, records.size(), {});
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

  void Add(const HostRecord& record) {
    const bool is_in_order =
        record.other || (tail_.host_rows == row_count_ && (row_count_ == 0 || last_ < record.host));
    if (!is_in_order) error_ = std::make_error_code(std::errc::invalid_argument);
    last_ = record.host;
    ++row_count_;
    if (!record.other) ++tail_.host_rows;
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

  void FinishRows() {
    if (rows_.empty()) return;
    columns_.clear();
    EncodeRows(rows_, networks_, columns_);
    PutBlock(tail_.blocks, rows_.size(), rows_.front().host);
    rows_.clear();
    networks_.clear();
  }

  // Of columns_, which is `rows` rows.
  void PutBlock(std::vector<BlockEntry>& blocks, std::size_t rows, const Address& first) {
    frame_.resize(ZSTD_compressBound(columns_.size()));
    const std::size_t length = ZSTD_compressCCtx(context_.get(), frame_.data(), frame_.size(),
                                                 columns_.data(), columns_.size(), kCompressionLevel);
    if (ZSTD_isError(length) != 0) throw std::runtime_error(ZSTD_getErrorName(length));
    frame_.resize(length);
    BlockEntry block;
    block.first = first;
    block.checksum = ChecksumOf(frame_);
    block.rows = rows;
    block.frame_bytes = frame_.size();
    block.column_bytes = columns_.size();
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
  std::unique_ptr<ZSTD_CCtx, ContextDeleter> context_;
  WindowTail tail_;
  std::map<Prefix, std::uint32_t> network_numbers_;
  std::vector<HostRecord> rows_;         // of the block under way
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
