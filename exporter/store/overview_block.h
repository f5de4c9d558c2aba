#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "exporter/store/prefix_totals.h"

/// A block of one level of a window's overview, as columns (columns.h):
///
///   1         prefix: the bits of its length as a number; difference to the one before (of the first: to 0)
///   2         hosts
///   3, 4      hosts that sent, that received
///   5         largest deviation, as of rows (row_block.h)
///   16 to 79  the figures of both roles: PrefixTotals
///   80 on     not taken yet
namespace hostscope::exporter {

/// Appends the columns of totals, in order, of prefixes of that length.
void EncodeTotals(const std::vector<PrefixTotals>& totals, unsigned length, std::string& out);

/// Reads all `totals.size()` of a block. Safe with bytes of any kind: false where they make no sense.
[[nodiscard]] bool DecodeTotals(std::string_view columns, unsigned length, std::vector<PrefixTotals>& totals);

}  // namespace hostscope::exporter
