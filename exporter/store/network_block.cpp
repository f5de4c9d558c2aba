#include "exporter/store/network_block.h"

#include "exporter/store/columns.h"

namespace hostscope::exporter {
namespace {

using aggregator::NetworkRecord;

enum ColumnId : std::uint64_t { kLast = 1, kLength, kKind, kWithin, kHosts, kOtherHosts };
constexpr std::uint64_t kMonitored = 1;
constexpr std::uint64_t kIncomplete = 2;
constexpr std::uint64_t kIsWithin = 4;

constexpr unsigned kMaxLength = 128;

std::uint64_t KindOf(const NetworkRecord& record) noexcept {
  return (record.is_monitored ? kMonitored : 0U) | (record.is_incomplete ? kIncomplete : 0U) |
         (record.within ? kIsWithin : 0U);
}

void PutLastAddresses(std::string& out, const std::vector<NetworkRecord>& records) {
  std::string column;
  Uint128 before = 0;
  for (const NetworkRecord& record : records) {
    const Uint128 last = NumberOf(record.prefix.network) | HostBits(record.prefix.length);
    PutVarint(column, static_cast<Uint128>(last - before));
    before = last;
  }
  PutColumn(out, kLast, column);
}

/// For now the last address stands for the prefix.
bool GetLastAddresses(std::string_view column, std::vector<NetworkRecord>& records) {
  const char* at = column.data();
  const char* const end = at + column.size();
  Uint128 last = 0;
  for (NetworkRecord& record : records) {
    Uint128 step = 0;
    if (!GetVarint(at, end, step)) return false;
    last += step;
    record.prefix.network = AddressOf(last);
  }
  return true;
}

/// Columns come in the order of their ids, so kKind has said which records are within a network.
bool GetColumn(const Column& column, const std::vector<Prefix>& networks,
               std::vector<NetworkRecord>& records) {
  const auto get = [&](auto set) { return GetFigures(column.bytes, 0, std::span(records), set); };
  switch (column.id) {
    case kLast:
      return GetLastAddresses(column.bytes, records);
    case kLength:
      return get([](NetworkRecord& record, std::uint64_t length) {
        record.prefix.length = static_cast<std::uint8_t>(length);
        return length <= kMaxLength;
      });
    case kKind:
      return get([&networks](NetworkRecord& record, std::uint64_t kind) {
        record.is_monitored = (kind & kMonitored) != 0;
        record.is_incomplete = (kind & kIncomplete) != 0;
        if ((kind & kIsWithin) == 0) return true;
        if (networks.empty()) return false;
        record.within = networks.front();
        return true;
      });
    case kWithin:
      return get([&networks](NetworkRecord& record, std::uint64_t index) {
        if (!record.within) return index == 0;
        if (index >= networks.size()) return false;
        record.within = networks[static_cast<std::size_t>(index)];
        return true;
      });
    case kHosts:
      return get([](NetworkRecord& record, std::uint64_t hosts) {
        record.hosts = hosts;
        return true;
      });
    case kOtherHosts:
      return get([](NetworkRecord& record, std::uint64_t hosts) {
        record.other_hosts = hosts;
        return true;
      });
    default:
      return !IsRoleColumn(column.id) || GetRoles(column, 0, std::span(records));
  }
}

}  // namespace

void EncodeNetworks(const std::vector<NetworkRecord>& records, const std::vector<std::uint32_t>& within,
                    std::string& out) {
  PutLastAddresses(out, records);
  PutFigures(out, kLength, records,
             [](const NetworkRecord& record) { return std::uint64_t{record.prefix.length}; });
  PutFigures(out, kKind, records, KindOf);
  PutFigures(out, kWithin, within, [](std::uint32_t network) { return network; });
  PutFigures(out, kHosts, records, [](const NetworkRecord& record) { return record.hosts; });
  PutFigures(out, kOtherHosts, records, [](const NetworkRecord& record) { return record.other_hosts; });
  PutRole(out, kSentColumns, &NetworkRecord::sent, records);
  PutRole(out, kReceivedColumns, &NetworkRecord::received, records);
}

bool DecodeNetworks(std::string_view columns, const std::vector<Prefix>& networks,
                    std::vector<NetworkRecord>& records) {
  for (NetworkRecord& record : records) record = NetworkRecord{};
  std::vector<Column> parsed;
  if (!ParseColumns(columns, parsed)) return false;
  for (const Column& column : parsed) {
    if (!GetColumn(column, networks, records)) return false;
  }
  for (NetworkRecord& record : records) {
    const Uint128 first = NumberOf(record.prefix.network) & ~HostBits(record.prefix.length);
    record.prefix.network = AddressOf(first);
  }
  return true;
}

}  // namespace hostscope::exporter
