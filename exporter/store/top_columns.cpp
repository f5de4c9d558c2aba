#include "exporter/store/top_columns.h"

#include <limits>
#include <memory>

namespace hostscope::exporter {
namespace {

using aggregator::HostRecord;
using aggregator::HostTops;
using aggregator::RoleTops;
using aggregator::TopBy;
using aggregator::TopList;
using aggregator::TopOptions;
using aggregator::TopPeer;
using aggregator::TopPort;

enum ColumnId : std::uint64_t { kKinds = 80, kSentPeers, kSentPorts, kReceivedPeers, kReceivedPorts };
constexpr std::uint64_t kHasPeers = 1;
constexpr std::uint64_t kHasPorts = 2;
constexpr std::uint64_t kByBytes = 4;

std::uint64_t KindOf(const HostRecord& row) noexcept {
  if (row.tops == nullptr) return 0;
  return (row.tops->has_peers ? kHasPeers : 0U) | (row.tops->has_dst_ports ? kHasPorts : 0U) |
         (row.tops->by == TopBy::kBytes ? kByBytes : 0U);
}

void PutMember(std::string& out, const TopPeer& entry) {
  PutVarint(out, NumberOf(entry.member));
}
void PutMember(std::string& out, const TopPort& entry) {
  PutVarint(out, entry.member);
}

bool GetMember(const char*& at, const char* end, TopPeer& entry) {
  Uint128 number = 0;
  if (!GetVarint(at, end, number)) return false;
  entry.member = AddressOf(number);
  return true;
}
bool GetMember(const char*& at, const char* end, TopPort& entry) {
  std::uint64_t number = 0;
  if (!GetVarint(at, end, number) || number > std::numeric_limits<std::uint16_t>::max()) return false;
  entry.member = static_cast<std::uint16_t>(number);
  return true;
}

template <typename Entry>
void PutLists(std::string& out, std::uint64_t id, const std::vector<HostRecord>& rows,
              RoleTops HostTops::*role, TopList<Entry> RoleTops::*list) {
  const TopList<Entry> none;
  std::string column;
  for (const HostRecord& row : rows) {
    const TopList<Entry>& tops = row.tops == nullptr ? none : row.tops.get()->*role.*list;
    PutVarint(column, tops.error);
    PutVarint(column, tops.entries.size());
    for (const Entry& entry : tops.entries) {
      PutMember(column, entry);
      PutVarint(column, entry.count);
    }
  }
  PutColumn(out, id, column);
}

template <typename Entry>
bool GetList(const char*& at, const char* end, TopList<Entry>& list) {
  std::uint64_t size = 0;
  if (!GetVarint(at, end, list.error) || !GetVarint(at, end, size) || size > TopOptions::kMax) return false;
  list.entries.resize(static_cast<std::size_t>(size));
  for (Entry& entry : list.entries) {
    if (!GetMember(at, end, entry) || !GetVarint(at, end, entry.count)) return false;
  }
  return true;
}

using Tops = std::vector<std::shared_ptr<HostTops>>;

template <typename Entry>
bool GetLists(std::string_view column, std::size_t first, const Tops& tops, RoleTops HostTops::*role,
              TopList<Entry> RoleTops::*list) {
  const char* at = column.data();
  const char* const end = at + column.size();
  TopList<Entry> unwanted;
  for (std::size_t i = 0; i < first; ++i) {
    if (!GetList(at, end, unwanted)) return false;
  }
  for (const std::shared_ptr<HostTops>& of_row : tops) {
    if (!GetList(at, end, of_row == nullptr ? unwanted : of_row.get()->*role.*list)) return false;
  }
  return true;
}

bool GetColumn(const Column& column, std::size_t first, const Tops& tops) {
  switch (column.id) {
    case kSentPeers:
      return GetLists(column.bytes, first, tops, &HostTops::sent, &RoleTops::peers);
    case kSentPorts:
      return GetLists(column.bytes, first, tops, &HostTops::sent, &RoleTops::dst_ports);
    case kReceivedPeers:
      return GetLists(column.bytes, first, tops, &HostTops::received, &RoleTops::peers);
    case kReceivedPorts:
      return GetLists(column.bytes, first, tops, &HostTops::received, &RoleTops::dst_ports);
    default:
      return true;
  }
}

}  // namespace

void PutTops(std::string& out, const std::vector<HostRecord>& rows) {
  PutFigures(out, kKinds, rows, KindOf);
  PutLists(out, kSentPeers, rows, &HostTops::sent, &RoleTops::peers);
  PutLists(out, kSentPorts, rows, &HostTops::sent, &RoleTops::dst_ports);
  PutLists(out, kReceivedPeers, rows, &HostTops::received, &RoleTops::peers);
  PutLists(out, kReceivedPorts, rows, &HostTops::received, &RoleTops::dst_ports);
}

bool ReadTops(const std::vector<Column>& columns, std::size_t first, std::span<HostRecord> records) {
  Tops tops;
  for (const Column& column : columns) {
    if (column.id != kKinds) continue;
    tops.clear();
    const bool is_good = GetFigures(column.bytes, first, records, [&](HostRecord&, std::uint64_t kind) {
      std::shared_ptr<HostTops>& of_row = tops.emplace_back();
      if (kind == 0) return true;
      of_row = std::make_shared<HostTops>();
      of_row->has_peers = (kind & kHasPeers) != 0;
      of_row->has_dst_ports = (kind & kHasPorts) != 0;
      of_row->by = (kind & kByBytes) != 0 ? TopBy::kBytes : TopBy::kFlows;
      return true;
    });
    if (!is_good) return false;
  }
  if (tops.empty()) return true;
  for (const Column& column : columns) {
    if (!GetColumn(column, first, tops)) return false;
  }
  for (std::size_t i = 0; i < records.size(); ++i) records[i].tops = std::move(tops[i]);
  return true;
}

}  // namespace hostscope::exporter
