#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "aggregator/host_record.h"
#include "exporter/store/columns.h"

/// Top lists as columns of a row block:
///
///   80      which lists the row has: bit 0 peers, bit 1 destination ports; bit 2: ranked by bytes
///   81, 82  sent: peers, destination ports
///   83, 84  received: the same
///
/// A list is, all varints: its error, how many entries, then of each its member (a port, or an address as the
/// number that its bytes are) and its count.
namespace hostscope::exporter {

/// Appends them; nothing where no row has lists.
void PutTops(std::string& out, const std::vector<aggregator::HostRecord>& rows);

/// Sets the lists of rows [first, first + records.size()). False where the columns make no sense, a list
/// longer than any table keeps included.
[[nodiscard]] bool ReadTops(const std::vector<Column>& columns, std::size_t first,
                            std::span<aggregator::HostRecord> records);

}  // namespace hostscope::exporter
