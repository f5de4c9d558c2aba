#pragma once

#include <cstdint>
#include <span>

#include "ipfix/flow_batch.h"
#include "ipfix/plan.h"
#include "ipfix/record_reader.h"

namespace hostscope::ipfix {

/// Reads the records of a data set straight into the batch, one by one, where the plan is plain: what nearly
/// every exporter sends. A record costs the same few loads whatever its template, and no branch depends on
/// what it says.
///
/// `body` holds whole records, without padding, and lies in the message that it came in: for numbers that are
/// shorter than eight bytes, up to seven bytes before it are loaded too, and masked off. They are there,
/// since a message has a header of at least 16 bytes. Every record counts with context.default_rate. Adds to
/// `counts`.
void ReadPlainFlows(const Plan& plan, std::span<const std::uint8_t> body, const SetContext& context,
                    FlowBatch& batch, FlowConsumer& consumer, SetCounts& counts) noexcept;

}  // namespace hostscope::ipfix
