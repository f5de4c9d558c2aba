#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/host_record.h"
#include "exporter/store/varint.h"

/// What blocks are made of, before compression: columns, each
///
///   varint column id, varint length in bytes, the column
///
/// A column has a value for each record: a varint, unless it is said otherwise. One that would be all zeros
/// is left out, and a reader takes what is missing as zeros and skips ids that it does not know. So figures
/// can be added without a new version of the format: with new ids.
namespace hostscope::exporter {

struct Column {
  std::uint64_t id;
  std::string_view bytes;
};

/// Appends a column, unless it is all zeros.
inline void PutColumn(std::string& out, std::uint64_t id, std::string_view column) {
  if (column.find_first_not_of('\0') == std::string_view::npos) return;
  PutVarint(out, id);
  PutVarint(out, column.size());
  out += column;
}

/// False where the columns, which point into `bytes`, do not fit them.
[[nodiscard]] bool ParseColumns(std::string_view bytes, std::vector<Column>& columns);

/// An address as the number that its bytes are, most significant first.
inline Uint128 NumberOf(const Address& address) noexcept {
  std::array<std::uint64_t, 2> words{};
  std::memcpy(words.data(), address.bytes.data(), sizeof(words));
  return static_cast<Uint128>(__builtin_bswap64(words[0])) << 64U | __builtin_bswap64(words[1]);
}

inline Address AddressOf(Uint128 number) noexcept {
  const std::array<std::uint64_t, 2> words = {__builtin_bswap64(static_cast<std::uint64_t>(number >> 64U)),
                                              __builtin_bswap64(static_cast<std::uint64_t>(number))};
  Address address;
  std::memcpy(address.bytes.data(), words.data(), sizeof(words));
  return address;
}

/// The bits that a prefix of this length, of 128, leaves open.
inline Uint128 HostBits(unsigned length) noexcept {
  constexpr unsigned kBits = 128;
  return length >= kBits ? Uint128{0} : ~Uint128{0} >> length;
}

/// Appends the column of what `figure` gives for each record.
template <typename Record, typename Figure>
void PutFigures(std::string& out, std::uint64_t id, const std::vector<Record>& records, Figure figure) {
  std::string column;
  for (const Record& record : records) PutVarint(column, figure(record));
  PutColumn(out, id, column);
}

/// Reads values of records [first, first + records.size()) from a column of numbers and hands each to `set`,
/// which says whether it makes sense.
template <typename Record, typename Set>
[[nodiscard]] bool GetFigures(std::string_view column, std::size_t first, std::span<Record> records,
                              Set set) {
  const char* at = column.data();
  const char* const end = at + column.size();
  if (!SkipVarints(at, end, first)) return false;
  for (Record& record : records) {
    std::uint64_t value = 0;
    if (!GetVarint(at, end, value) || !set(record, value)) return false;
  }
  return true;
}

/// A deviation in a column: 1 + hundredths; 0: not compared with a profile.
inline std::uint64_t FromDeviation(float deviation) noexcept {
  return deviation < 0 ? 0 : 1 + aggregator::HostRecord::HundredthsOf(deviation);
}
inline float ToDeviation(std::uint64_t number) noexcept {
  return number == 0 ? aggregator::HostRecord::kNotJudged : aggregator::HostRecord::DeviationOf(number - 1);
}

// The columns of a role: at its first id + k; k: 0 flows, 1 packets, 2 bytes, 3 duration sum, 4 duration
// count, 5 peers, 6 source ports, 7 destination ports, 8 TCP, 9 UDP, 10 ICMP, 16 to 23 TCP flags FIN to CWR.
inline constexpr std::uint64_t kSentColumns = 16;
inline constexpr std::uint64_t kReceivedColumns = 48;
inline constexpr std::uint64_t kColumnsPerRole = 32;
inline constexpr std::uint64_t kFlagColumns = 16;
inline constexpr std::array<std::uint64_t aggregator::RoleFigures::*, 11> kFigureColumns = {
    &aggregator::RoleFigures::flows,
    &aggregator::RoleFigures::packets,
    &aggregator::RoleFigures::bytes,
    &aggregator::RoleFigures::duration_sum_us,
    &aggregator::RoleFigures::duration_count,
    &aggregator::RoleFigures::peers,
    &aggregator::RoleFigures::src_ports,
    &aggregator::RoleFigures::dst_ports,
    &aggregator::RoleFigures::tcp,
    &aggregator::RoleFigures::udp,
    &aggregator::RoleFigures::icmp};

/// Appends a role's columns of host or network records.
template <typename Record>
void PutRole(std::string& out, std::uint64_t first_id, aggregator::RoleFigures Record::*role,
             const std::vector<Record>& records) {
  for (std::size_t k = 0; k < kFigureColumns.size(); ++k) {
    PutFigures(out, first_id + k, records,
               [role, figure = kFigureColumns[k]](const Record& record) { return record.*role.*figure; });
  }
  for (std::size_t flag = 0; flag < 8; ++flag) {
    PutFigures(out, first_id + kFlagColumns + flag, records,
               [role, flag](const Record& record) { return (record.*role).tcp_flags[flag]; });
  }
}

/// Reads column k of a role. Of one that it does not know: nothing.
template <typename Record>
[[nodiscard]] bool GetRole(std::string_view column, std::uint64_t k, aggregator::RoleFigures Record::*role,
                           std::size_t first, std::span<Record> records) {
  if (k < kFigureColumns.size()) {
    return GetFigures(column, first, records,
                      [role, figure = kFigureColumns[k]](Record& record, std::uint64_t value) {
                        record.*role.*figure = value;
                        return true;
                      });
  }
  if (k < kFlagColumns || k >= kFlagColumns + 8) return true;
  return GetFigures(column, first, records,
                    [role, flag = k - kFlagColumns](Record& record, std::uint64_t value) {
                      (record.*role).tcp_flags[flag] = value;
                      return true;
                    });
}

/// The columns of both roles.
inline bool IsRoleColumn(std::uint64_t id) noexcept {
  return id >= kSentColumns && id < kReceivedColumns + kColumnsPerRole;
}
template <typename Record>
[[nodiscard]] bool GetRoles(const Column& column, std::size_t first, std::span<Record> records) {
  if (column.id >= kReceivedColumns)
    return GetRole(column.bytes, column.id - kReceivedColumns, &Record::received, first, records);
  return GetRole(column.bytes, column.id - kSentColumns, &Record::sent, first, records);
}

}  // namespace hostscope::exporter
