#include "exporter/store/window_format.h"

#include <array>
#include <cstring>

#include "exporter/store/varint.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace hostscope::exporter {
namespace {

using aggregator::WindowSummary;

constexpr char kHeaderMagic[] = "HOSTSWIN";
constexpr char kTrailerMagic[] = "HOSTSEND";
constexpr std::size_t kMagicBytes = 8;

enum SectionId : std::uint64_t {
  kSummary = 1,
  kNetworks,
  kIndex,
  kSketches,
  kLevels,
  kNetworkBlocks,
  kOverview,
  kEvents
};

constexpr std::array<std::uint64_t WindowSummary::*, 10> kSummaryFields = {
    &WindowSummary::hosts,        &WindowSummary::other_hosts,  &WindowSummary::flows,
    &WindowSummary::packets,      &WindowSummary::bytes,        &WindowSummary::exporters,
    &WindowSummary::dropped,      &WindowSummary::scaled_flows, &WindowSummary::sequence_expected,
    &WindowSummary::sequence_lost};

constexpr std::size_t kPrefixBytes = 17;
constexpr unsigned kMaxPrefixLength = 128;

/// Small numbers of either sign as small numbers.
std::uint64_t ToZigZag(std::int64_t value) {
  return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}
std::int64_t FromZigZag(std::uint64_t value) {
  return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
}

void PutSection(std::string& out, SectionId id, const std::string& section) {
  PutVarint(out, static_cast<std::uint64_t>(id));
  PutVarint(out, section.size());
  out += section;
}

bool ParseSummary(std::string_view bytes, WindowSummary& summary) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  for (const auto field : kSummaryFields) {
    if (!GetVarint(at, end, summary.*field)) return false;
  }
  if (at == end) return true;  // of before clock steps were known
  std::uint64_t step = 0;
  if (!GetVarint(at, end, step)) return false;
  summary.clock_step_ns = FromZigZag(step);
  return at == end || GetVarint(at, end, summary.part);  // of before parts had a name
}

bool ParseNetworks(std::string_view bytes, std::vector<Prefix>& networks) {
  if (bytes.size() % kPrefixBytes != 0) return false;
  networks.clear();
  for (; !bytes.empty(); bytes.remove_prefix(kPrefixBytes)) {
    Prefix& prefix = networks.emplace_back();
    std::memcpy(prefix.network.bytes.data(), bytes.data(), prefix.network.bytes.size());
    prefix.length = static_cast<std::uint8_t>(bytes[kPrefixBytes - 1]);
    if (prefix.length > kMaxPrefixLength) return false;
  }
  return true;
}

bool GetBytes(const char*& at, const char* end, void* bytes, std::size_t length) {
  if (static_cast<std::size_t>(end - at) < length) return false;
  std::memcpy(bytes, at, length);
  at += length;
  return true;
}

// From the checksum on.
void PutBlockEntry(std::string& section, const BlockEntry& block) {
  section += BytesOf(block.checksum);
  PutVarint(section, block.rows);
  PutVarint(section, block.frame_bytes);
  PutVarint(section, block.column_bytes);
}

bool ParseBlockEntry(const char*& at, const char* end, BlockEntry& block) {
  return GetBytes(at, end, &block.checksum, sizeof(block.checksum)) && GetVarint(at, end, block.rows) &&
         GetVarint(at, end, block.frame_bytes) && GetVarint(at, end, block.column_bytes) && block.rows > 0 &&
         block.rows <= kMaxRowsPerBlock && block.frame_bytes <= kMaxBlockBytes &&
         block.column_bytes <= kMaxBlockBytes;
}

void PutIndexEntry(std::string& section, const BlockEntry& block) {
  section += BytesOf(block.first.bytes);
  PutBlockEntry(section, block);
}

bool ParseIndexEntry(const char*& at, const char* end, std::vector<BlockEntry>& blocks) {
  BlockEntry block;
  block.first_row = RowsOf(blocks);
  if (!GetBytes(at, end, block.first.bytes.data(), block.first.bytes.size()) ||
      !ParseBlockEntry(at, end, block))
    return false;
  blocks.push_back(block);
  return true;
}

bool ParseIndex(std::string_view bytes, WindowTail& tail) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  if (!GetVarint(at, end, tail.host_rows)) return false;
  tail.blocks.clear();
  constexpr std::size_t kFewestBytes = 28;  // of an entry
  tail.blocks.reserve(bytes.size() / kFewestBytes);
  while (at != end) {
    if (!ParseIndexEntry(at, end, tail.blocks)) return false;
  }
  return tail.host_rows <= tail.rows();
}

void PutBlocks(std::string& section, const std::vector<BlockEntry>& blocks) {
  for (const BlockEntry& block : blocks) PutBlockEntry(section, block);
}

bool ParseBlocks(std::string_view bytes, std::vector<BlockEntry>& blocks) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  blocks.clear();
  while (at != end) {
    BlockEntry block;
    block.first_row = RowsOf(blocks);
    if (!ParseBlockEntry(at, end, block)) return false;
    blocks.push_back(block);
  }
  return true;
}

void PutLevels(std::string& section, const NetworkCounts& counts) {
  PutVarint(section, counts.monitored);
  for (const auto* levels : {&counts.ipv4, &counts.ipv6}) {
    PutVarint(section, levels->size());
    for (const auto& [level, count] : *levels) {
      PutVarint(section, std::uint64_t{level});
      PutVarint(section, count);
    }
  }
}

bool ParseLevels(std::string_view bytes, NetworkCounts& counts) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  if (!GetVarint(at, end, counts.monitored)) return false;
  for (auto* levels : {&counts.ipv4, &counts.ipv6}) {
    std::uint64_t size = 0;
    if (!GetVarint(at, end, size) || size > kMaxPrefixLength) return false;
    for (; size > 0; --size) {
      std::uint64_t level = 0;
      std::uint64_t count = 0;
      if (!GetVarint(at, end, level) || !GetVarint(at, end, count) || level > kMaxPrefixLength) return false;
      (*levels)[static_cast<std::uint8_t>(level)] = count;
    }
  }
  return true;
}

constexpr char kIpv4Family = 4;
constexpr char kIpv6Family = 6;

void PutOverview(std::string& section, const std::vector<OverviewLevel>& levels) {
  for (const OverviewLevel& level : levels) {
    section.push_back(level.is_ipv4 ? kIpv4Family : kIpv6Family);
    section.push_back(static_cast<char>(level.length));
    PutVarint(section, level.blocks.size());
    for (const BlockEntry& block : level.blocks) PutIndexEntry(section, block);
  }
}

bool ParseOverview(std::string_view bytes, std::vector<OverviewLevel>& levels) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  levels.clear();
  while (at != end) {
    char head[2];
    std::uint64_t blocks = 0;
    if (!GetBytes(at, end, head, sizeof(head)) || !GetVarint(at, end, blocks)) return false;
    OverviewLevel& level = levels.emplace_back();
    level.is_ipv4 = head[0] == kIpv4Family;
    level.length = static_cast<std::uint8_t>(head[1]);
    if ((!level.is_ipv4 && head[0] != kIpv6Family) || level.length == 0 || level.length >= kMaxPrefixLength)
      return false;
    for (; blocks > 0; --blocks) {
      if (!ParseIndexEntry(at, end, level.blocks)) return false;
    }
  }
  return true;
}

// Where the blocks are, once all of them are known.
void PlaceBlocks(WindowTail& tail) {
  std::size_t offset = sizeof(FileHeader);
  const auto place = [&offset](std::vector<BlockEntry>& blocks) {
    for (BlockEntry& block : blocks) {
      block.offset = offset;
      offset += block.frame_bytes;
    }
  };
  for (auto* blocks : {&tail.blocks, &tail.sketch_blocks, &tail.network_blocks}) place(*blocks);
  for (OverviewLevel& level : tail.overview) place(level.blocks);
  place(tail.event_blocks);
}

bool ParseSection(std::uint64_t id, std::string_view section, WindowTail& tail) {
  switch (id) {
    case kSummary:
      return ParseSummary(section, tail.summary);
    case kNetworks:
      return ParseNetworks(section, tail.networks);
    case kIndex:
      return ParseIndex(section, tail);
    case kSketches:
      return ParseBlocks(section, tail.sketch_blocks);
    case kLevels:
      return ParseLevels(section, tail.network_counts);
    case kNetworkBlocks:
      return ParseBlocks(section, tail.network_blocks);
    case kOverview:
      return ParseOverview(section, tail.overview);
    case kEvents:
      return ParseBlocks(section, tail.event_blocks);
    default:
      return true;
  }
}

}  // namespace

std::vector<const std::vector<BlockEntry>*> WindowTail::all_blocks() const {
  std::vector<const std::vector<BlockEntry>*> kinds = {&blocks, &sketch_blocks, &network_blocks};
  for (const OverviewLevel& level : overview) kinds.push_back(&level.blocks);
  kinds.push_back(&event_blocks);
  return kinds;
}

std::size_t WindowTail::end_offset() const {
  std::size_t end = sizeof(FileHeader);
  for (const auto* kind : all_blocks()) {
    if (!kind->empty()) end = kind->back().offset + kind->back().frame_bytes;
  }
  return end;
}

std::uint64_t ChecksumOf(std::string_view bytes) noexcept {
  return XXH3_64bits(bytes.data(), bytes.size());
}

FileHeader MakeHeader(const aggregator::WindowSpan& span, bool partial) noexcept {
  FileHeader header{};
  std::memcpy(header.magic, kHeaderMagic, kMagicBytes);
  header.version = kFormatVersion;
  header.flags = partial ? kPartialFlag : 0;
  header.start_ns = span.start.ns;
  header.length_ns = span.length_ns;
  header.checksum = ChecksumOf(BytesOf(header).substr(0, offsetof(FileHeader, checksum)));
  return header;
}

FileTrailer MakeTrailer(std::uint64_t tail_offset, std::string_view tail) noexcept {
  FileTrailer trailer{};
  trailer.tail_offset = tail_offset;
  trailer.tail_length = tail.size();
  trailer.tail_checksum = ChecksumOf(tail);
  trailer.file_length = tail_offset + tail.size() + sizeof(FileTrailer);
  std::memcpy(trailer.magic, kTrailerMagic, kMagicBytes);
  trailer.checksum = ChecksumOf(BytesOf(trailer).substr(0, offsetof(FileTrailer, checksum)));
  return trailer;
}

std::string FormatTail(const WindowTail& tail) {
  std::string out;
  std::string section;
  for (const auto field : kSummaryFields) PutVarint(section, tail.summary.*field);
  PutVarint(section, ToZigZag(tail.summary.clock_step_ns));
  PutVarint(section, tail.summary.part);
  PutSection(out, kSummary, section);
  section.clear();
  for (const Prefix& prefix : tail.networks) {
    section += BytesOf(prefix.network.bytes);
    section.push_back(static_cast<char>(prefix.length));
  }
  PutSection(out, kNetworks, section);
  section.clear();
  PutVarint(section, tail.host_rows);
  for (const BlockEntry& block : tail.blocks) PutIndexEntry(section, block);
  PutSection(out, kIndex, section);
  if (!tail.sketch_blocks.empty()) {
    section.clear();
    PutBlocks(section, tail.sketch_blocks);
    PutSection(out, kSketches, section);
  }
  if (!tail.network_blocks.empty()) {
    section.clear();
    PutLevels(section, tail.network_counts);
    PutSection(out, kLevels, section);
    section.clear();
    PutBlocks(section, tail.network_blocks);
    PutSection(out, kNetworkBlocks, section);
  }
  if (!tail.overview.empty()) {
    section.clear();
    PutOverview(section, tail.overview);
    PutSection(out, kOverview, section);
  }
  if (!tail.event_blocks.empty()) {
    section.clear();
    PutBlocks(section, tail.event_blocks);
    PutSection(out, kEvents, section);
  }
  return out;
}

std::string CheckHeader(const FileHeader& header) {
  if (std::memcmp(header.magic, kHeaderMagic, kMagicBytes) != 0) return "not a window file";
  if (header.checksum != ChecksumOf(BytesOf(header).substr(0, offsetof(FileHeader, checksum))))
    return "its header is damaged";
  if (header.version < kOldestVersion || header.version > kFormatVersion) {
    return "of format version " + std::to_string(header.version) + ", and this program reads " +
           std::to_string(kOldestVersion) + " to " + std::to_string(kFormatVersion);
  }
  if (header.length_ns <= 0) return "its header makes no sense";
  return {};
}

std::string CheckTrailer(const FileTrailer& trailer, std::uint64_t file_length) {
  if (std::memcmp(trailer.magic, kTrailerMagic, kMagicBytes) != 0)
    return "torn: it does not end as it should";
  if (trailer.checksum != ChecksumOf(BytesOf(trailer).substr(0, offsetof(FileTrailer, checksum))))
    return "its trailer is damaged";
  if (trailer.file_length != file_length) return "its length is not what it says";
  if (trailer.tail_offset < sizeof(FileHeader) || trailer.tail_offset > file_length ||
      trailer.tail_length != file_length - sizeof(FileTrailer) - trailer.tail_offset)
    return "its trailer makes no sense";
  return {};
}

bool ParseTail(std::string_view bytes, WindowTail& tail) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  unsigned found = 0;
  while (at != end) {
    std::uint64_t id = 0;
    std::uint64_t length = 0;
    if (!GetVarint(at, end, id) || !GetVarint(at, end, length)) return false;
    if (length > static_cast<std::size_t>(end - at)) return false;
    const std::string_view section(at, static_cast<std::size_t>(length));
    at += length;
    if (!ParseSection(id, section, tail)) return false;
    if (id >= kSummary && id <= kIndex) found |= 1U << id;
  }
  PlaceBlocks(tail);
  return found == (1U << kSummary | 1U << kNetworks | 1U << kIndex) &&
         (tail.sketch_blocks.empty() || RowsOf(tail.sketch_blocks) == tail.rows()) &&
         RowsOf(tail.network_blocks) == tail.network_counts.all();
}

}  // namespace hostscope::exporter
