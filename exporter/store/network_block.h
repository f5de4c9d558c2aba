#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/network_record.h"

/// A block of network records, as columns (columns.h):
///
///   1         last address of the prefix: difference to the record before (of the first: to ::), modulo
///             2^128; in the order of ClosedWindow::ForEachNetwork() that is small
///   2         length of the prefix, of 128
///   3         bit 0: monitored, bit 1: incomplete, bit 2: within another network
///   4         that network, where bit 2 is set: index in the window's table of networks
///   5         hosts
///   6         other_hosts
///   16 to 79  the figures of both roles
///   80 on     not taken yet
namespace hostscope::exporter {

/// Appends the columns of `records` to `out`; `within[i]` is the table's index of that network, or 0.
void EncodeNetworks(const std::vector<aggregator::NetworkRecord>& records,
                    const std::vector<std::uint32_t>& within, std::string& out);

/// Reads all `records.size()` of a block. Safe with bytes of any kind: false where they make no sense.
[[nodiscard]] bool DecodeNetworks(std::string_view columns, const std::vector<Prefix>& networks,
                                  std::vector<aggregator::NetworkRecord>& records);

}  // namespace hostscope::exporter
