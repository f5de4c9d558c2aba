#include "exporter/store/stored_window.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

#include "exporter/store/columns.h"
#include "exporter/store/network_block.h"
#include "exporter/store/row_block.h"

namespace hostscope::exporter {
namespace {

using aggregator::HostRecord;
using aggregator::NetworkRecord;

// Enough for the tail of a million hosts, so that opening is two reads.
constexpr std::uint64_t kTailGuess = std::uint64_t{32} << 10;

/// Empty, or why not all bytes came.
std::string ReadAt(int fd, std::uint64_t offset, char* bytes, std::size_t length) {
  while (length > 0) {
    const ssize_t got = pread(fd, bytes, length, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::generic_category().message(errno);
    if (got == 0) return "it ends too early";
    bytes += got;
    offset += static_cast<std::uint64_t>(got);
    length -= static_cast<std::size_t>(got);
  }
  return {};
}

/// The last address of a prefix.
Address LastOf(const Prefix& prefix) noexcept {
  return AddressOf(NumberOf(prefix.network) | HostBits(prefix.length));
}

/// Where a network record stands in the order of ClosedWindow::ForEachNetwork().
bool ComesBefore(const Prefix& a, const Prefix& b) noexcept {
  if (a.IsIpv4() != b.IsIpv4()) return a.IsIpv4();
  const Uint128 last_of_a = NumberOf(LastOf(a));
  const Uint128 last_of_b = NumberOf(LastOf(b));
  return last_of_a != last_of_b ? last_of_a < last_of_b : a.length > b.length;
}

/// The block that holds a row; null if none does.
const BlockEntry* BlockOfRow(const std::vector<BlockEntry>& blocks, std::size_t row) noexcept {
  const auto after =
      std::upper_bound(blocks.begin(), blocks.end(), row,
                       [](std::size_t wanted, const BlockEntry& block) { return wanted < block.first_row; });
  return after == blocks.begin() || row >= RowsOf(blocks) ? nullptr : &*(after - 1);
}

}  // namespace

OpenedWindow StoredWindow::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {nullptr, std::generic_category().message(errno), false};
  return OpenDescriptor(fd);
}

OpenedWindow StoredWindow::OpenDescriptor(int fd) {
  // No make_shared: the constructor is private.
  std::shared_ptr<StoredWindow> window(new StoredWindow(fd));
  std::string problem = window->ReadFrame();
  if (!problem.empty()) return {nullptr, std::move(problem), true};
  return {std::move(window), {}, false};
}

StoredWindow::~StoredWindow() {
  close(fd_);
}

std::string StoredWindow::ReadFrame() {
  struct stat status {};
  if (fstat(fd_, &status) != 0) return std::generic_category().message(errno);
  file_bytes_ = static_cast<std::uint64_t>(status.st_size);
  if (file_bytes_ < sizeof(FileHeader) + sizeof(FileTrailer)) return "torn: too short for a window file";
  FileHeader header{};
  std::string problem = ReadAt(fd_, 0, reinterpret_cast<char*>(&header), sizeof(header));
  if (problem.empty()) problem = CheckHeader(header);
  if (!problem.empty()) return problem;
  span_ = {ReceiveTime{header.start_ns}, header.length_ns};
  is_partial_ = (header.flags & kPartialFlag) != 0;

  std::string end(std::min(file_bytes_, kTailGuess), '\0');
  problem = ReadAt(fd_, file_bytes_ - end.size(), end.data(), end.size());
  if (!problem.empty()) return problem;
  FileTrailer trailer{};
  std::copy_n(end.end() - sizeof(trailer), sizeof(trailer), reinterpret_cast<char*>(&trailer));
  problem = CheckTrailer(trailer, file_bytes_);
  if (!problem.empty()) return problem;
  const std::size_t tail_bytes = trailer.tail_length;
  if (tail_bytes + sizeof(trailer) <= end.size()) {
    end.erase(0, end.size() - sizeof(trailer) - tail_bytes);
  } else {
    end.resize(tail_bytes);
    problem = ReadAt(fd_, trailer.tail_offset, end.data(), tail_bytes);
    if (!problem.empty()) return problem;
  }
  end.resize(tail_bytes);
  if (ChecksumOf(end) != trailer.tail_checksum) return "its tail is damaged";
  if (!ParseTail(end, tail_) || tail_.end_offset() != trailer.tail_offset) return "its tail makes no sense";
  return {};
}

bool StoredWindow::NoteDamage() const noexcept {
  is_damaged_.store(true, std::memory_order_relaxed);
  return false;
}

bool StoredWindow::ReadColumns(const BlockEntry& block, std::string& columns) const {
  std::string frame(block.frame_bytes, '\0');
  if (!ReadAt(fd_, block.offset, frame.data(), frame.size()).empty()) return NoteDamage();
  if (ChecksumOf(frame) != block.checksum) return NoteDamage();
  columns.resize(block.column_bytes);
  const std::size_t length = ZSTD_decompress(columns.data(), columns.size(), frame.data(), frame.size());
  if (ZSTD_isError(length) != 0 || length != columns.size()) return NoteDamage();
  return true;
}

bool StoredWindow::ReadAll(const BlockEntry& block, std::vector<HostRecord>& records) const {
  std::string columns;
  if (!ReadColumns(block, columns)) return false;
  RowReader reader;
  std::vector<Address> addresses;
  records.resize(block.rows);
  if (!reader.Open(columns, block.rows, tail_.networks) || !reader.ReadAddresses(addresses) ||
      !reader.ReadRows(0, addresses, records))
    return NoteDamage();
  return true;
}

// The hosts of a block from `first` to `last`.
bool StoredWindow::ReadRange(const BlockEntry& block, const Address& first, const Address& last,
                             std::vector<HostRecord>& records) const {
  std::string columns;
  if (!ReadColumns(block, columns)) return false;
  RowReader reader;
  std::vector<Address> addresses;
  if (!reader.Open(columns, block.rows, tail_.networks) || !reader.ReadAddresses(addresses))
    return NoteDamage();
  const std::size_t hosts = std::min(block.rows, tail_.host_rows - block.first_row);
  const auto hosts_end = addresses.begin() + static_cast<std::ptrdiff_t>(hosts);
  const auto begin = std::lower_bound(addresses.begin(), hosts_end, first);
  const auto end = std::upper_bound(begin, hosts_end, last);
  records.resize(static_cast<std::size_t>(end - begin));
  if (records.empty()) return true;
  if (!reader.ReadRows(static_cast<std::size_t>(begin - addresses.begin()), addresses, records))
    return NoteDamage();
  return true;
}

HostRecord StoredWindow::At(std::size_t i) const noexcept {
  const std::lock_guard lock(mutex_);
  if (i < first_row_ || i - first_row_ >= records_.size()) {
    const BlockEntry* const block = BlockOfRow(tail_.blocks, i);
    if (block == nullptr) return {};
    try {
      first_row_ = block->first_row;
      if (!ReadAll(*block, records_)) records_.clear();
    } catch (const std::exception&) {  // no memory for a block
      NoteDamage();
      records_.clear();
    }
    if (records_.empty()) return {};
  }
  return records_[i - first_row_];
}

bool StoredWindow::ReadSketches(const BlockEntry& block) const {
  std::string columns;
  if (!ReadColumns(block, columns)) return false;
  first_sketched_row_ = block.first_row;
  return sketches_.Open(std::move(columns), block.rows) || NoteDamage();
}

std::size_t StoredWindow::WriteSketch(std::size_t i, aggregator::Role role, aggregator::DistinctFigure figure,
                                      std::uint8_t* out) const noexcept {
  const std::lock_guard lock(mutex_);
  if (i < first_sketched_row_ || i - first_sketched_row_ >= sketches_.rows()) {
    const BlockEntry* const block = BlockOfRow(tail_.sketch_blocks, i);
    if (block == nullptr) return 0;
    try {
      if (!ReadSketches(*block)) sketches_ = {};
    } catch (const std::exception&) {  // no memory for a block
      NoteDamage();
      sketches_ = {};
    }
    if (sketches_.rows() == 0) return 0;
  }
  return sketches_.Write(i - first_sketched_row_, role, figure, out);
}

bool StoredWindow::ReadNetworks(const BlockEntry& block, std::vector<NetworkRecord>& records) const {
  std::string columns;
  if (!ReadColumns(block, columns)) return false;
  records.resize(block.rows);
  return DecodeNetworks(columns, tail_.networks, records) || NoteDamage();
}

void StoredWindow::ForEachNetwork(const aggregator::NetworkLevels& levels,
                                  const aggregator::NetworkVisitor& visit) const {
  std::vector<NetworkRecord> records;
  for (const BlockEntry& block : tail_.network_blocks) {
    if (!ReadNetworks(block, records)) return;
    for (const NetworkRecord& record : records) {
      if (IsWanted(record, levels) && !visit(record)) return;
    }
  }
}

std::string StoredWindow::Verify() const {
  std::string frame;
  for (const auto* blocks : {&tail_.blocks, &tail_.sketch_blocks, &tail_.network_blocks}) {
    for (const BlockEntry& block : *blocks) {
      frame.resize(block.frame_bytes);
      std::string problem = ReadAt(fd_, block.offset, frame.data(), frame.size());
      if (problem.empty() && ChecksumOf(frame) != block.checksum) problem = "damaged";
      if (problem.empty()) continue;
      NoteDamage();
      return "its block at byte " + std::to_string(block.offset) + ": " + problem;
    }
  }
  return {};
}

// The block that would hold it: the last that begins at or before it; blocks.size() if none does.
std::size_t StoredWindow::BlockOf(const Address& host) const {
  const auto hosts_end =
      std::partition_point(tail_.blocks.begin(), tail_.blocks.end(),
                           [this](const BlockEntry& block) { return block.first_row < tail_.host_rows; });
  const auto after =
      std::upper_bound(tail_.blocks.begin(), hosts_end, host,
                       [](const Address& address, const BlockEntry& block) { return address < block.first; });
  if (after == tail_.blocks.begin()) return tail_.blocks.size();
  return static_cast<std::size_t>(after - tail_.blocks.begin()) - 1;
}

ReadResult StoredWindow::Find(const Address& host, HostRecord& record) const {
  const std::size_t at = BlockOf(host);
  if (at == tail_.blocks.size()) return ReadResult::kNone;
  std::vector<HostRecord> records;
  if (!ReadRange(tail_.blocks[at], host, host, records)) return ReadResult::kDamaged;
  if (records.empty()) return ReadResult::kNone;
  record = records.front();
  return ReadResult::kFound;
}

ReadResult StoredWindow::Scan(const Prefix& prefix,
                              const std::function<void(const HostRecord&)>& visit) const {
  const Address last = LastOf(prefix);
  ReadResult result = ReadResult::kNone;
  std::vector<HostRecord> records;
  for (std::size_t at = FirstBlockOf(prefix); at < tail_.blocks.size(); ++at) {
    const BlockEntry& block = tail_.blocks[at];
    if (block.first_row >= tail_.host_rows || last < block.first) break;
    if (!ReadRange(block, prefix.network, last, records)) return ReadResult::kDamaged;
    for (const HostRecord& record : records) {
      if (!prefix.Contains(record.host)) continue;
      result = ReadResult::kFound;
      visit(record);
    }
  }
  return result;
}

ReadResult StoredWindow::ScanAll(const std::function<void(const HostRecord&)>& visit) const {
  std::vector<HostRecord> records;
  for (const BlockEntry& block : tail_.blocks) {
    if (block.first_row >= tail_.host_rows) break;
    if (!ReadRange(block, Address{}, AddressOf(~Uint128{0}), records)) return ReadResult::kDamaged;
    for (const HostRecord& record : records) visit(record);
  }
  return tail_.host_rows == 0 ? ReadResult::kNone : ReadResult::kFound;
}

std::size_t StoredWindow::FirstBlockOf(const Prefix& prefix) const {
  const std::size_t at = BlockOf(prefix.network);
  return at == tail_.blocks.size() ? 0 : at;
}

std::size_t StoredWindow::RowsToScan(const Prefix& prefix) const {
  const Address last = LastOf(prefix);
  std::size_t rows = 0;
  for (std::size_t at = FirstBlockOf(prefix); at < tail_.blocks.size(); ++at) {
    const BlockEntry& block = tail_.blocks[at];
    if (block.first_row >= tail_.host_rows || last < block.first) break;
    rows += block.rows;
  }
  return rows;
}

ReadResult StoredWindow::FindNetwork(const Prefix& prefix, NetworkRecord& record) const {
  std::vector<NetworkRecord> records;
  std::size_t low = 0;
  std::size_t high = tail_.network_blocks.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (!ReadNetworks(tail_.network_blocks[middle], records)) return ReadResult::kDamaged;
    if (records.empty() || ComesBefore(records.back().prefix, prefix)) {
      low = middle + 1;
    } else if (ComesBefore(prefix, records.front().prefix)) {
      high = middle;
    } else {
      const auto found = std::find_if(records.begin(), records.end(),
                                      [&prefix](const NetworkRecord& each) { return each.prefix == prefix; });
      if (found == records.end()) return ReadResult::kNone;
      record = *found;
      return ReadResult::kFound;
    }
  }
  return ReadResult::kNone;
}

}  // namespace hostscope::exporter
