#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/host_record.h"
#include "exporter/store/network_counts.h"

/// A closed window as a file. Little-endian; checksums are XXH3-64 (xxHash 0.8, seed 0).
///
///   header    64 bytes: FileHeader
///   blocks    first of rows, kRowsPerBlock each but the last, in address order, `other` records after the
///             hosts; a block is in parts (row_parts.h), each a zstd frame over its columns (row_block.h).
///             Then, each one frame: of the same rows' sketches where they are kept (sketch_block.h); of
///             network records (network_block.h); of the overview (overview_block.h); of events
///             (event_block.h)
///   tail      sections, each: varint id, varint length, the section. A reader skips ids that it does not
///             know.
///               1 summary   the ten varints of WindowSummary in its order, then its clock_step_ns, zigzag,
///                           then its part; more may follow
///               2 networks  17 bytes each: the prefix's address and its length of 128
///               3 index     varint host rows; then for each block: 16 bytes of its first row's address,
///                           8 bytes of checksum over its frame, varints of rows, bytes of the frame, bytes
///                           of its columns
///               4 sketches  for each of their blocks: 8 bytes of checksum, varints of rows, bytes of the
///                           frame, bytes of its columns. Left out where there are none, as are 5 and 6
///               5 levels    of the network records: varint of how many are of monitored networks; for IPv4
///                           and for IPv6: varint of how many levels, then for each its length and how many
///                           records it has besides, varints
///               6 network records' blocks, as 4
///               7 overview  levels, each: byte of its family, 4 or 6; byte of the length of its prefixes, of
///                           128; varint of how many blocks, then each as in 3. Left out where there are none
///               8 events' blocks, as 4; since version 3
///               9 on        not taken yet
///   trailer   48 bytes: FileTrailer
///
/// Blocks follow each other from the header to the tail without a gap, so every byte of the file is under one
/// of the checksums. The trailer says how long the file is: a torn file has none, or one that does not fit.
/// What is new goes into columns or sections of new ids; the version changes when an old reader would
/// misunderstand. Readers take every version since kOldestVersion.
namespace hostscope::exporter {

inline constexpr std::size_t kRowsPerBlock = 2048;
inline constexpr std::size_t kSketchBytesPerBlock = std::size_t{1} << 20;  ///< where sketches begin a new one
inline constexpr std::size_t kMaxRowsPerBlock = std::size_t{1} << 20;      ///< what a reader believes
inline constexpr std::size_t kMaxBlockBytes = std::size_t{1} << 30;        ///< the same
inline constexpr std::uint32_t kFormatVersion = 3;
inline constexpr std::uint32_t kOldestVersion = 2;  ///< without events
inline constexpr std::uint32_t kPartialFlag = 1;

struct FileHeader {
  char magic[8];
  std::uint32_t version;
  std::uint32_t flags;  ///< kPartialFlag
  std::int64_t start_ns;
  std::int64_t length_ns;
  std::uint8_t zeros[24];
  std::uint64_t checksum;  ///< of the bytes before it
};
static_assert(sizeof(FileHeader) == 64);

struct FileTrailer {
  std::uint64_t tail_offset;
  std::uint64_t tail_length;
  std::uint64_t tail_checksum;
  std::uint64_t file_length;
  char magic[8];
  std::uint64_t checksum;  ///< of the bytes before it
};
static_assert(sizeof(FileTrailer) == 48);

struct BlockEntry {
  Address first;  ///< of rows: address of the first one
  std::uint64_t checksum = 0;
  std::size_t rows = 0;
  std::size_t frame_bytes = 0;
  std::size_t column_bytes = 0;
  // Sums over the blocks before, not in the file:
  std::size_t first_row = 0;  ///< of those of the same kind
  std::size_t offset = 0;
};

/// The totals of all prefixes of one length and family that had traffic: overview_levels.h.
struct OverviewLevel {
  bool is_ipv4 = false;
  std::uint8_t length = 0;  ///< of 128
  std::vector<BlockEntry> blocks;
};

/// How many rows there are in blocks of one kind.
inline std::size_t RowsOf(const std::vector<BlockEntry>& blocks) noexcept {
  return blocks.empty() ? 0 : blocks.back().first_row + blocks.back().rows;
}

/// What the tail holds.
struct WindowTail {
  aggregator::WindowSummary summary;
  std::vector<Prefix> networks;
  std::size_t host_rows = 0;
  std::vector<BlockEntry> blocks;
  std::vector<BlockEntry> sketch_blocks;
  std::vector<BlockEntry> network_blocks;
  NetworkCounts network_counts;
  std::vector<OverviewLevel> overview;
  std::vector<BlockEntry> event_blocks;

  std::size_t rows() const noexcept { return RowsOf(blocks); }
  /// Every kind of blocks, in the order in which they are in the file.
  std::vector<const std::vector<BlockEntry>*> all_blocks() const;
  /// Where the blocks end.
  std::size_t end_offset() const;
};

std::uint64_t ChecksumOf(std::string_view bytes) noexcept;

FileHeader MakeHeader(const aggregator::WindowSpan& span, bool partial) noexcept;
FileTrailer MakeTrailer(std::uint64_t tail_offset, std::string_view tail) noexcept;
std::string FormatTail(const WindowTail& tail);

/// What is wrong with them, or an empty string.
std::string CheckHeader(const FileHeader& header);
std::string CheckTrailer(const FileTrailer& trailer, std::uint64_t file_length);
/// Reads sections whose checksum is good; false where they do not make sense.
bool ParseTail(std::string_view bytes, WindowTail& tail);

template <typename Struct>
std::string_view BytesOf(const Struct& value) noexcept {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

}  // namespace hostscope::exporter
