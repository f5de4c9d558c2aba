#include "exporter/store/stored_window.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

#include "exporter/store/columns.h"
#include "exporter/store/event_block.h"
#include "exporter/store/frame.h"
#include "exporter/store/network_block.h"
#include "exporter/store/overview_block.h"
#include "exporter/store/row_block.h"
#include "exporter/store/row_parts.h"

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

/// Those of blocks in order of their first address that may hold something of [first, last].
std::span<const BlockEntry> BlocksWith(std::span<const BlockEntry> blocks, const Address& first,
                                       const Address& last) noexcept {
  const auto begins_after = [](const Address& address, const BlockEntry& block) {
    return address < block.first;
  };
  auto begin = std::upper_bound(blocks.begin(), blocks.end(), first, begins_after);
  if (begin != blocks.begin()) --begin;
  return {begin, std::upper_bound(begin, blocks.end(), last, begins_after)};
}

std::size_t CountRows(std::span<const BlockEntry> blocks) noexcept {
  return blocks.empty() ? 0 : blocks.back().first_row + blocks.back().rows - blocks.front().first_row;
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

bool StoredWindow::ReadBlock(const BlockEntry& block, std::string& bytes) const {
  bytes.resize(block.frame_bytes);
  if (!ReadAt(fd_, block.offset, bytes.data(), bytes.size()).empty()) return NoteDamage();
  return ChecksumOf(bytes) == block.checksum || NoteDamage();
}

bool StoredWindow::ReadColumns(const BlockEntry& block, std::string& columns) const {
  std::string frame;
  return ReadBlock(block, frame) && (Decompress(frame, block.column_bytes, columns) || NoteDamage());
}

bool StoredWindow::ReadAll(const BlockEntry& block, std::vector<HostRecord>& records) const {
  std::string bytes;
  if (!ReadBlock(block, bytes)) return false;
  std::vector<RowPart> parts;
  if (!ParseParts(bytes, block.rows, block.column_bytes, parts)) return NoteDamage();
  std::string columns;
  std::vector<Address> addresses;
  RowReader reader;
  records.resize(block.rows);
  for (const RowPart& part : parts) {
    const auto rows = std::span(records).subspan(part.first_row, part.rows);
    if (!Decompress(part.frame, part.column_bytes, columns) ||
        !reader.Open(columns, part.rows, tail_.networks) || !reader.ReadAddresses(addresses) ||
        !reader.ReadRows(0, addresses, rows))
      return NoteDamage();
  }
  return true;
}

// Shows the hosts of a block from `first` to `last`.
bool StoredWindow::ReadRange(const BlockEntry& block, const Address& first, const Address& last,
                             const std::function<void(const HostRecord&)>& visit) const {
  std::string bytes;
  if (!ReadBlock(block, bytes)) return false;
  std::vector<RowPart> parts;
  if (!ParseParts(bytes, block.rows, block.column_bytes, parts)) return NoteDamage();
  const std::size_t hosts = std::min(block.rows, tail_.host_rows - block.first_row);
  std::string columns;
  std::vector<Address> addresses;
  std::vector<HostRecord> records;
  RowReader reader;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const RowPart& part = parts[i];
    if (part.first_row >= hosts || last < part.first) break;
    const bool next_begins_before =
        i + 1 < parts.size() && parts[i + 1].first_row < hosts && parts[i + 1].first <= first;
    if (next_begins_before) continue;
    if (!Decompress(part.frame, part.column_bytes, columns) ||
        !reader.Open(columns, part.rows, tail_.networks) || !reader.ReadAddresses(addresses))
      return NoteDamage();
    const std::size_t hosts_here = std::min(part.rows, hosts - part.first_row);
    const auto hosts_end = addresses.begin() + static_cast<std::ptrdiff_t>(hosts_here);
    const auto begin = std::lower_bound(addresses.begin(), hosts_end, first);
    records.resize(static_cast<std::size_t>(std::upper_bound(begin, hosts_end, last) - begin));
    if (!reader.ReadRows(static_cast<std::size_t>(begin - addresses.begin()), addresses, records))
      return NoteDamage();
    for (const HostRecord& record : records) visit(record);
  }
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

std::vector<aggregator::ProfileEvent> StoredWindow::Events() const {
  std::vector<aggregator::ProfileEvent> events;
  std::vector<aggregator::ProfileEvent> some;
  std::string columns;
  for (const BlockEntry& block : tail_.event_blocks) {
    some.resize(block.rows);
    if (!ReadColumns(block, columns) || (!DecodeEvents(columns, span_.start, some) && !NoteDamage())) break;
    events.insert(events.end(), some.begin(), some.end());
  }
  return events;
}

std::string StoredWindow::Verify() const {
  std::string frame;
  for (const auto* blocks : tail_.all_blocks()) {
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

// Those that begin with a host.
std::span<const BlockEntry> StoredWindow::HostBlocks() const {
  const auto end =
      std::partition_point(tail_.blocks.begin(), tail_.blocks.end(),
                           [this](const BlockEntry& block) { return block.first_row < tail_.host_rows; });
  return {tail_.blocks.begin(), end};
}

ReadResult StoredWindow::Find(const Address& host, HostRecord& record) const {
  ReadResult result = ReadResult::kNone;
  for (const BlockEntry& block : BlocksWith(HostBlocks(), host, host)) {
    const bool is_good = ReadRange(block, host, host, [&](const HostRecord& found) {
      record = found;
      result = ReadResult::kFound;
    });
    if (!is_good) return ReadResult::kDamaged;
  }
  return result;
}

ReadResult StoredWindow::Scan(const Prefix& prefix,
                              const std::function<void(const HostRecord&)>& visit) const {
  const Address last = LastOf(prefix);
  ReadResult result = ReadResult::kNone;
  for (const BlockEntry& block : BlocksWith(HostBlocks(), prefix.network, last)) {
    const bool is_good = ReadRange(block, prefix.network, last, [&](const HostRecord& record) {
      if (!prefix.Contains(record.host)) return;
      result = ReadResult::kFound;
      visit(record);
    });
    if (!is_good) return ReadResult::kDamaged;
  }
  return result;
}

ReadResult StoredWindow::ScanAll(const std::function<void(const HostRecord&)>& visit) const {
  for (const BlockEntry& block : HostBlocks()) {
    if (!ReadRange(block, Address{}, AddressOf(~Uint128{0}), visit)) return ReadResult::kDamaged;
  }
  return tail_.host_rows == 0 ? ReadResult::kNone : ReadResult::kFound;
}

std::size_t StoredWindow::RowsToScan(const Prefix& prefix) const {
  return CountRows(BlocksWith(HostBlocks(), prefix.network, LastOf(prefix)));
}

// Null where hosts have to be read.
const OverviewLevel* StoredWindow::LevelFor(const Prefix& prefix, unsigned length) const {
  const OverviewLevel* found = nullptr;
  for (const OverviewLevel& level : tail_.overview) {
    if (level.is_ipv4 == prefix.IsIpv4() && level.length >= length &&
        (found == nullptr || level.length < found->length))
      found = &level;
  }
  return found;
}

ReadResult StoredWindow::SumUp(const Prefix& prefix, unsigned length,
                               const std::function<void(const PrefixTotals&)>& visit) const {
  const OverviewLevel* const level = LevelFor(prefix, length);
  if (level == nullptr) return Scan(prefix, [&](const HostRecord& record) { visit(TotalsOf(record)); });
  const Address last = LastOf(prefix);
  ReadResult result = ReadResult::kNone;
  std::string columns;
  std::vector<PrefixTotals> totals;
  for (const BlockEntry& block : BlocksWith(level->blocks, prefix.network, last)) {
    totals.resize(block.rows);
    if (!ReadColumns(block, columns)) return ReadResult::kDamaged;
    if (!DecodeTotals(columns, level->length, totals)) {
      NoteDamage();
      return ReadResult::kDamaged;
    }
    for (const PrefixTotals& each : totals) {
      if (each.first < prefix.network || last < each.first) continue;
      result = ReadResult::kFound;
      visit(each);
    }
  }
  return result;
}

std::size_t StoredWindow::RowsToSumUp(const Prefix& prefix, unsigned length) const {
  const OverviewLevel* const level = LevelFor(prefix, length);
  if (level == nullptr) return RowsToScan(prefix);
  return CountRows(BlocksWith(level->blocks, prefix.network, LastOf(prefix)));
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
