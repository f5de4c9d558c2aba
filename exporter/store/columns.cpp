#include "exporter/store/columns.h"

namespace hostscope::exporter {

bool ParseColumns(std::string_view bytes, std::vector<Column>& columns) {
  columns.clear();
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while (at != end) {
    Column column{};
    std::uint64_t length = 0;
    if (!GetVarint(at, end, column.id) || !GetVarint(at, end, length)) return false;
    if (length > static_cast<std::size_t>(end - at)) return false;
    column.bytes = {at, static_cast<std::size_t>(length)};
    at += length;
    columns.push_back(column);
  }
  return true;
}

}  // namespace hostscope::exporter
