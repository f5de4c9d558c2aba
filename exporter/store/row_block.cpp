#include "exporter/store/row_block.h"

#include <array>
#include <bit>
#include <cstring>

#include "exporter/store/varint.h"

namespace hostscope::exporter {
namespace {

using aggregator::HostRecord;
using aggregator::RoleFigures;

constexpr std::uint64_t kAddress = 1;
constexpr std::uint64_t kNetwork = 2;
constexpr std::uint64_t kKind = 3;
constexpr std::uint64_t kSent = 16;
constexpr std::uint64_t kReceived = 48;
constexpr std::uint64_t kFlags = 16;  // of a role's columns
constexpr std::uint64_t kOtherBit = 1;

constexpr std::array<std::uint64_t RoleFigures::*, 11> kFigures = {&RoleFigures::flows,
                                                                   &RoleFigures::packets,
                                                                   &RoleFigures::bytes,
                                                                   &RoleFigures::duration_sum_us,
                                                                   &RoleFigures::duration_count,
                                                                   &RoleFigures::peers,
                                                                   &RoleFigures::src_ports,
                                                                   &RoleFigures::dst_ports,
                                                                   &RoleFigures::tcp,
                                                                   &RoleFigures::udp,
                                                                   &RoleFigures::icmp};

Uint128 NumberOf(const Address& address) noexcept {
  std::array<std::uint64_t, 2> words{};
  std::memcpy(words.data(), address.bytes.data(), sizeof(words));
  return static_cast<Uint128>(__builtin_bswap64(words[0])) << 64U | __builtin_bswap64(words[1]);
}

Address AddressOf(Uint128 number) noexcept {
  const std::array<std::uint64_t, 2> words = {__builtin_bswap64(static_cast<std::uint64_t>(number >> 64U)),
                                              __builtin_bswap64(static_cast<std::uint64_t>(number))};
  Address address;
  std::memcpy(address.bytes.data(), words.data(), sizeof(words));
  return address;
}

void PutColumn(std::string& out, std::uint64_t id, std::string_view column) {
  if (column.find_first_not_of('\0') == std::string_view::npos) return;
  PutVarint(out, id);
  PutVarint(out, column.size());
  out += column;
}

/// `figure` gives the value of a row, or of a record to be set.
template <typename Figure>
void PutFigures(std::string& out, std::string& scratch, std::uint64_t id, const std::vector<HostRecord>& rows,
                Figure figure) {
  scratch.clear();
  for (const HostRecord& row : rows) PutVarint(scratch, figure(row));
  PutColumn(out, id, scratch);
}

void PutRole(std::string& out, std::string& scratch, std::uint64_t first_id, RoleFigures HostRecord::*role,
             const std::vector<HostRecord>& rows) {
  for (std::size_t k = 0; k < kFigures.size(); ++k) {
    PutFigures(out, scratch, first_id + k, rows,
               [role, figure = kFigures[k]](const HostRecord& row) { return row.*role.*figure; });
  }
  for (std::size_t flag = 0; flag < 8; ++flag) {
    PutFigures(out, scratch, first_id + kFlags + flag, rows,
               [role, flag](const HostRecord& row) { return (row.*role).tcp_flags[flag]; });
  }
}

/// Values of rows [first, first + records.size()) of a column of numbers, each handed to `set`.
template <typename Set>
bool GetFigures(std::string_view column, std::size_t first, std::vector<HostRecord>& records, Set set) {
  const char* at = column.data();
  const char* const end = at + column.size();
  if (!SkipVarints(at, end, first)) return false;
  for (HostRecord& record : records) {
    std::uint64_t value = 0;
    if (!GetVarint(at, end, value) || !set(record, value)) return false;
  }
  return true;
}

bool GetRole(std::string_view column, std::uint64_t k, RoleFigures HostRecord::*role, std::size_t first,
             std::vector<HostRecord>& records) {
  if (k < kFigures.size()) {
    return GetFigures(column, first, records,
                      [role, figure = kFigures[k]](HostRecord& record, std::uint64_t value) {
                        record.*role.*figure = value;
                        return true;
                      });
  }
  if (k < kFlags || k >= kFlags + 8) return true;
  return GetFigures(column, first, records,
                    [role, flag = k - kFlags](HostRecord& record, std::uint64_t value) {
                      (record.*role).tcp_flags[flag] = value;
                      return true;
                    });
}

}  // namespace

void EncodeRows(const std::vector<HostRecord>& rows, const std::vector<std::uint32_t>& networks,
                std::string& out) {
  std::string scratch;
  Uint128 before = 0;
  for (const HostRecord& row : rows) {
    const Uint128 address = NumberOf(row.host);
    PutVarint(scratch, static_cast<Uint128>(address - before));
    before = address;
  }
  PutColumn(out, kAddress, scratch);
  scratch.clear();
  for (const std::uint32_t network : networks) PutVarint(scratch, network);
  PutColumn(out, kNetwork, scratch);
  PutFigures(out, scratch, kKind, rows,
             [](const HostRecord& row) { return row.other ? kOtherBit : std::uint64_t{0}; });
  PutRole(out, scratch, kSent, &HostRecord::sent, rows);
  PutRole(out, scratch, kReceived, &HostRecord::received, rows);
}

bool RowReader::Open(std::string_view columns, std::size_t rows, const std::vector<Prefix>& networks) {
  rows_ = rows;
  networks_ = &networks;
  columns_.clear();
  const char* at = columns.data();
  const char* const end = at + columns.size();
  while (at != end) {
    Column column{};
    std::uint64_t length = 0;
    if (!GetVarint(at, end, column.id) || !GetVarint(at, end, length)) return false;
    if (length > static_cast<std::size_t>(end - at)) return false;
    column.bytes = {at, static_cast<std::size_t>(length)};
    at += length;
    columns_.push_back(column);
  }
  return true;
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
                         std::vector<HostRecord>& records) const {
  if (first > rows_ || records.size() > rows_ - first || addresses.size() != rows_) return false;
  if (networks_->empty() && !records.empty()) return false;
  for (std::size_t i = 0; i < records.size(); ++i) {
    records[i] = HostRecord{};
    records[i].host = addresses[first + i];
    records[i].network = networks_->front();
  }
  for (const Column& column : columns_) {
    bool is_good = true;
    if (column.id == kNetwork) {
      is_good = GetFigures(column.bytes, first, records, [this](HostRecord& record, std::uint64_t index) {
        if (index >= networks_->size()) return false;
        record.network = (*networks_)[static_cast<std::size_t>(index)];
        return true;
      });
    } else if (column.id == kKind) {
      is_good = GetFigures(column.bytes, first, records, [](HostRecord& record, std::uint64_t kind) {
        record.other = (kind & kOtherBit) != 0;
        return true;
      });
    } else if (column.id >= kReceived) {
      is_good = GetRole(column.bytes, column.id - kReceived, &HostRecord::received, first, records);
    } else if (column.id >= kSent) {
      is_good = GetRole(column.bytes, column.id - kSent, &HostRecord::sent, first, records);
    }
    if (!is_good) return false;
  }
  return true;
}

}  // namespace hostscope::exporter
