#pragma once

#include <cstdint>

#include "aggregator/host_slot.h"

namespace hostscope::aggregator {

/// Writes the numbers 0 to count - 1 to `order` so that the slots' addresses ascend as byte strings of 16,
/// IPv4 in its mapped form. Radix sort for IPv4, comparison for IPv6; needs 16 bytes of scratch for an IPv4
/// host, 24 for an IPv6 host, while it runs.
void SortByAddress(const HostSlot* slots, std::uint32_t count, std::uint32_t* order);

}  // namespace hostscope::aggregator
