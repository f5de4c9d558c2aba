#include "exporter/store/row_parts.h"

#include <cstring>

#include "exporter/store/varint.h"

namespace hostscope::exporter {
namespace {

bool GetPart(const char*& at, const char* end, RowPart& part) {
  constexpr std::size_t kAddressBytes = sizeof(part.first.bytes);
  if (static_cast<std::size_t>(end - at) < kAddressBytes) return false;
  std::memcpy(part.first.bytes.data(), at, kAddressBytes);
  at += kAddressBytes;
  return GetVarint(at, end, part.rows) && GetVarint(at, end, part.frame_bytes) &&
         GetVarint(at, end, part.column_bytes) && part.rows > 0;
}

}  // namespace

void PutPartList(const std::vector<RowPart>& parts, std::string& out) {
  PutVarint(out, parts.size());
  for (const RowPart& part : parts) {
    out.append(reinterpret_cast<const char*>(part.first.bytes.data()), part.first.bytes.size());
    PutVarint(out, part.rows);
    PutVarint(out, part.frame_bytes);
    PutVarint(out, part.column_bytes);
  }
}

bool ParseParts(std::string_view block, std::size_t rows, std::size_t column_bytes,
                std::vector<RowPart>& parts) {
  parts.clear();
  const char* at = block.data();
  const char* const end = at + block.size();
  std::size_t count = 0;
  if (!GetVarint(at, end, count) || count > rows) return false;
  parts.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    RowPart& part = parts[i];
    if (!GetPart(at, end, part) || part.rows > rows || part.column_bytes > column_bytes) return false;
    part.first_row = i == 0 ? 0 : parts[i - 1].first_row + parts[i - 1].rows;
    rows -= part.rows;
    column_bytes -= part.column_bytes;
  }
  for (RowPart& part : parts) {
    if (part.frame_bytes > static_cast<std::size_t>(end - at)) return false;
    part.frame = {at, part.frame_bytes};
    at += part.frame_bytes;
  }
  return at == end && rows == 0 && column_bytes == 0;
}

}  // namespace hostscope::exporter
