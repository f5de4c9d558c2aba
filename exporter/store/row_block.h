#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/host_record.h"
#include "exporter/store/columns.h"

/// The rows of a block, as columns (columns.h):
///
///   1         address: difference to the row before (of the block; of the first row: to ::), modulo 2^128
///   2         network: index in the window's table of networks
///   3         kind: bit 0: an `other` record
///   16 to 79  the figures of both roles
///   80 to 84  top lists: top_columns.h
///   85        deviation: 1 + hundredths; 0: not compared with a profile
///   86 on     not taken yet
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
                              std::span<aggregator::HostRecord> records) const;

 private:
  bool ReadColumn(const Column& column, std::size_t first, std::span<aggregator::HostRecord> records) const;

  std::size_t rows_ = 0;
  const std::vector<Prefix>* networks_ = nullptr;
  std::vector<Column> columns_;
};

}  // namespace hostscope::exporter
