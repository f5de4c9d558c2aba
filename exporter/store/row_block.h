#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/host_record.h"

/// The rows of a block, column by column, before compression:
///
///   for each column   varint column id, varint length in bytes, the column
///
/// A column has a value for each row: a varint, unless it is said otherwise. One that would be all zeros is
/// left out, and a reader takes what is missing as zeros and skips ids that it does not know. So figures can
/// be added without a new version of the format: with new ids.
///
///   1       address: difference to the row before (of the block; of the first row: to ::), modulo 2^128
///   2       network: index in the window's table of networks
///   3       kind: bit 0: an `other` record
///   16+k    sent, 48+k received; k: 0 flows, 1 packets, 2 bytes, 3 duration sum, 4 duration count, 5 peers,
///           6 source ports, 7 destination ports, 8 TCP, 9 UDP, 10 ICMP, 16 to 23 TCP flags FIN to CWR
///   80 on   not taken yet
namespace hostscope::exporter {

/// Appends the columns of `rows`, whose networks are `networks[i]` in the table, to `out`.
void EncodeRows(const std::vector<aggregator::HostRecord>& rows, const std::vector<std::uint32_t>& networks,
                std::string& out);

/// Reads from the columns of a block; they must outlive it. Every length is checked, so that bytes of any
/// kind are safe. One thread.
class RowReader {
 public:
  /// False where the columns do not fit the bytes.
  [[nodiscard]] bool Open(std::string_view columns, std::size_t rows, const std::vector<Prefix>& networks);

  /// The addresses of all rows.
  [[nodiscard]] bool ReadAddresses(std::vector<Address>& addresses) const;

  /// Rows [first, first + records.size()), where `addresses` is of all rows.
  [[nodiscard]] bool ReadRows(std::size_t first, const std::vector<Address>& addresses,
                              std::vector<aggregator::HostRecord>& records) const;

 private:
  struct Column {
    std::uint64_t id;
    std::string_view bytes;
  };

  std::size_t rows_ = 0;
  const std::vector<Prefix>* networks_ = nullptr;
  std::vector<Column> columns_;
};

}  // namespace hostscope::exporter
