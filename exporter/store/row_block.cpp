#include "exporter/store/row_block.h"

#include "exporter/store/top_columns.h"

namespace hostscope::exporter {
namespace {

using aggregator::HostRecord;

constexpr std::uint64_t kAddress = 1;
constexpr std::uint64_t kNetwork = 2;
constexpr std::uint64_t kKind = 3;
constexpr std::uint64_t kOtherBit = 1;
constexpr std::uint64_t kDeviation = 85;

}  // namespace

void EncodeRows(const std::vector<HostRecord>& rows, const std::vector<std::uint32_t>& networks,
                std::string& out) {
  std::string column;
  Uint128 before = 0;
  for (const HostRecord& row : rows) {
    const Uint128 address = NumberOf(row.host);
    PutVarint(column, static_cast<Uint128>(address - before));
    before = address;
  }
  PutColumn(out, kAddress, column);
  PutFigures(out, kNetwork, networks, [](std::uint32_t network) { return network; });
  PutFigures(out, kKind, rows,
             [](const HostRecord& row) { return row.other ? kOtherBit : std::uint64_t{0}; });
  PutRole(out, kSentColumns, &HostRecord::sent, rows);
  PutRole(out, kReceivedColumns, &HostRecord::received, rows);
  PutTops(out, rows);
  PutFigures(out, kDeviation, rows, [](const HostRecord& row) { return FromDeviation(row.deviation); });
}

bool RowReader::Open(std::string_view columns, std::size_t rows, const std::vector<Prefix>& networks) {
  rows_ = rows;
  networks_ = &networks;
  return ParseColumns(columns, columns_);
}

bool RowReader::ReadAddresses(std::vector<Address>& addresses) const {
  addresses.assign(rows_, Address{});
  for (const Column& column : columns_) {
    if (column.id != kAddress) continue;
    const char* at = column.bytes.data();
    const char* const end = at + column.bytes.size();
    Uint128 before = 0;
    for (Address& address : addresses) {
      Uint128 step = 0;
      if (!GetVarint(at, end, step)) return false;
      before += step;
      address = AddressOf(before);
    }
  }
  return true;
}

bool RowReader::ReadRows(std::size_t first, const std::vector<Address>& addresses,
                         std::span<HostRecord> records) const {
  if (first > rows_ || records.size() > rows_ - first || addresses.size() != rows_) return false;
  if (networks_->empty() && !records.empty()) return false;
  for (std::size_t i = 0; i < records.size(); ++i) {
    records[i] = HostRecord{};
    records[i].host = addresses[first + i];
    records[i].network = networks_->front();
  }
  for (const Column& column : columns_) {
    if (!ReadColumn(column, first, records)) return false;
  }
  return ReadTops(columns_, first, records);
}

bool RowReader::ReadColumn(const Column& column, std::size_t first, std::span<HostRecord> records) const {
  if (column.id == kNetwork) {
    return GetFigures(column.bytes, first, records, [this](HostRecord& record, std::uint64_t index) {
      if (index >= networks_->size()) return false;
      record.network = (*networks_)[static_cast<std::size_t>(index)];
      return true;
    });
  }
  if (column.id == kKind) {
    return GetFigures(column.bytes, first, records, [](HostRecord& record, std::uint64_t kind) {
      record.other = (kind & kOtherBit) != 0;
      return true;
    });
  }
  if (column.id == kDeviation) {
    return GetFigures(column.bytes, first, records, [](HostRecord& record, std::uint64_t number) {
      record.deviation = ToDeviation(number);
      return true;
    });
  }
  return !IsRoleColumn(column.id) || GetRoles(column, first, records);
}

}  // namespace hostscope::exporter
