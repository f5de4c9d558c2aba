#include "exporter/store/overview_block.h"

#include "exporter/store/columns.h"

namespace hostscope::exporter {
namespace {

constexpr std::uint64_t kPrefix = 1;
constexpr std::uint64_t kHosts = 2;
constexpr std::uint64_t kSentHosts = 3;
constexpr std::uint64_t kReceivedHosts = 4;
constexpr std::uint64_t kDeviation = 5;
constexpr unsigned kAddressBits = 128;

bool GetPrefixes(std::string_view column, unsigned shift, std::vector<PrefixTotals>& totals) {
  const char* at = column.data();
  const char* const end = at + column.size();
  Uint128 number = 0;
  for (PrefixTotals& each : totals) {
    Uint128 step = 0;
    if (!GetVarint(at, end, step)) return false;
    number += step;
    each.first = AddressOf(number << shift);
  }
  return true;
}

bool GetHosts(std::string_view column, std::uint64_t PrefixTotals::*hosts,
              std::vector<PrefixTotals>& totals) {
  return GetFigures(column, 0, std::span(totals), [hosts](PrefixTotals& each, std::uint64_t value) {
    each.*hosts = value;
    return true;
  });
}

}  // namespace

void EncodeTotals(const std::vector<PrefixTotals>& totals, unsigned length, std::string& out) {
  const unsigned shift = kAddressBits - length;
  std::string column;
  Uint128 before = 0;
  for (const PrefixTotals& each : totals) {
    const Uint128 number = NumberOf(each.first) >> shift;
    PutVarint(column, static_cast<Uint128>(number - before));
    before = number;
  }
  PutColumn(out, kPrefix, column);
  PutFigures(out, kHosts, totals, [](const PrefixTotals& each) { return each.hosts; });
  PutFigures(out, kSentHosts, totals, [](const PrefixTotals& each) { return each.sent_hosts; });
  PutFigures(out, kReceivedHosts, totals, [](const PrefixTotals& each) { return each.received_hosts; });
  PutFigures(out, kDeviation, totals, [](const PrefixTotals& each) { return FromDeviation(each.deviation); });
  PutRole(out, kSentColumns, &PrefixTotals::sent, totals);
  PutRole(out, kReceivedColumns, &PrefixTotals::received, totals);
}

bool DecodeTotals(std::string_view columns, unsigned length, std::vector<PrefixTotals>& totals) {
  for (PrefixTotals& each : totals) each = PrefixTotals{};
  std::vector<Column> parsed;
  if (!ParseColumns(columns, parsed)) return false;
  for (const Column& column : parsed) {
    bool is_good = true;
    if (column.id == kPrefix) {
      is_good = GetPrefixes(column.bytes, kAddressBits - length, totals);
    } else if (column.id == kHosts) {
      is_good = GetHosts(column.bytes, &PrefixTotals::hosts, totals);
    } else if (column.id == kSentHosts) {
      is_good = GetHosts(column.bytes, &PrefixTotals::sent_hosts, totals);
    } else if (column.id == kReceivedHosts) {
      is_good = GetHosts(column.bytes, &PrefixTotals::received_hosts, totals);
    } else if (column.id == kDeviation) {
      is_good = GetFigures(column.bytes, 0, std::span(totals), [](PrefixTotals& each, std::uint64_t number) {
        each.deviation = ToDeviation(number);
        return true;
      });
    } else if (IsRoleColumn(column.id)) {
      is_good = GetRoles(column, 0, std::span(totals));
    }
    if (!is_good) return false;
  }
  return true;
}

}  // namespace hostscope::exporter
