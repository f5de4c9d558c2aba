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

enum SectionId : std::uint64_t { kSummary = 1, kNetworks = 2, kIndex = 3 };

constexpr std::array<std::uint64_t WindowSummary::*, 10> kSummaryFields = {
    &WindowSummary::hosts,        &WindowSummary::other_hosts,  &WindowSummary::flows,
    &WindowSummary::packets,      &WindowSummary::bytes,        &WindowSummary::exporters,
    &WindowSummary::dropped,      &WindowSummary::scaled_flows, &WindowSummary::sequence_expected,
    &WindowSummary::sequence_lost};

constexpr std::size_t kPrefixBytes = 17;
constexpr unsigned kMaxPrefixLength = 128;

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
  return true;
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

bool ParseBlockEntry(const char*& at, const char* end, BlockEntry& block) {
  constexpr std::size_t kFixed = sizeof(block.first.bytes) + sizeof(block.checksum);
  if (static_cast<std::size_t>(end - at) < kFixed) return false;
  std::memcpy(block.first.bytes.data(), at, sizeof(block.first.bytes));
  std::memcpy(&block.checksum, at + sizeof(block.first.bytes), sizeof(block.checksum));
  at += kFixed;
  return GetVarint(at, end, block.rows) && GetVarint(at, end, block.frame_bytes) &&
         GetVarint(at, end, block.column_bytes) && block.rows > 0 && block.rows <= kMaxRowsPerBlock &&
         block.frame_bytes <= kMaxBlockBytes && block.column_bytes <= kMaxBlockBytes;
}

bool ParseIndex(std::string_view bytes, WindowTail& tail) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  if (!GetVarint(at, end, tail.host_rows)) return false;
  tail.blocks.clear();
  while (at != end) {
    BlockEntry block;
    block.first_row = tail.rows();
    block.offset = tail.end_offset();
    if (!ParseBlockEntry(at, end, block)) return false;
    tail.blocks.push_back(block);
  }
  return tail.host_rows <= tail.rows();
}

}  // namespace

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
  PutSection(out, kSummary, section);
  section.clear();
  for (const Prefix& prefix : tail.networks) {
    section += BytesOf(prefix.network.bytes);
    section.push_back(static_cast<char>(prefix.length));
  }
  PutSection(out, kNetworks, section);
  section.clear();
  PutVarint(section, tail.host_rows);
  for (const BlockEntry& block : tail.blocks) {
    section += BytesOf(block.first.bytes);
    section += BytesOf(block.checksum);
    PutVarint(section, block.rows);
    PutVarint(section, block.frame_bytes);
    PutVarint(section, block.column_bytes);
  }
  PutSection(out, kIndex, section);
  return out;
}

std::string CheckHeader(const FileHeader& header) {
  if (std::memcmp(header.magic, kHeaderMagic, kMagicBytes) != 0) return "not a window file";
  if (header.checksum != ChecksumOf(BytesOf(header).substr(0, offsetof(FileHeader, checksum))))
    return "its header is damaged";
  if (header.version != kFormatVersion) {
    return "of format version " + std::to_string(header.version) + ", and this program reads " +
           std::to_string(kFormatVersion);
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
    if (id == kSummary && !ParseSummary(section, tail.summary)) return false;
    if (id == kNetworks && !ParseNetworks(section, tail.networks)) return false;
    if (id == kIndex && !ParseIndex(section, tail)) return false;
    if (id >= kSummary && id <= kIndex) found |= 1U << id;
  }
  return found == (1U << kSummary | 1U << kNetworks | 1U << kIndex);
}

}  // namespace hostscope::exporter
