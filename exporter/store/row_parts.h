#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "ipfix/address.h"

namespace hostscope::exporter {

/// A block of rows is in parts, each a frame of its own, so that one host does not cost the decompression of
/// all 2,048. Before the frames:
///
///   varint number of parts; of each 16 bytes of its first row's address, varints of rows, bytes of the
///   frame, bytes of its columns
inline constexpr std::size_t kRowsPerPart = 512;

struct RowPart {
  Address first;
  std::size_t rows = 0;
  std::size_t frame_bytes = 0;
  std::size_t column_bytes = 0;
  // Of the parts before it, not in the file:
  std::size_t first_row = 0;  ///< of the block
  std::string_view frame;
};

inline std::size_t RowsOf(const std::vector<RowPart>& parts) noexcept {
  return parts.empty() ? 0 : parts.back().first_row + parts.back().rows;
}

/// Appends what comes before the frames.
void PutPartList(const std::vector<RowPart>& parts, std::string& out);
/// Finds the parts in a block of that many rows and bytes of columns, which must outlive them. False where
/// they do not fit it.
[[nodiscard]] bool ParseParts(std::string_view block, std::size_t rows, std::size_t column_bytes,
                              std::vector<RowPart>& parts);

}  // namespace hostscope::exporter
