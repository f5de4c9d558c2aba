#pragma once

#include <ostream>
#include <string>

#include "ipfix/decoder.h"
#include "ipfix/flow_record.h"

namespace hostscope {

/// What a flow record means is the same: ports and duration count only where its traits say that it has them.
bool operator==(const FlowRecord& a, const FlowRecord& b) noexcept;
/// For messages of failed tests.
std::ostream& operator<<(std::ostream& out, const FlowRecord& record);

namespace ipfix::test {

std::string TextOf(const Address& address);

struct NaiveBooks;
/// One line for each figure in which the books of the decoder and of the naive one differ; empty when none
/// does.
std::string DifferenceBetween(const Accounting& books, const NaiveBooks& naive);

}  // namespace ipfix::test
}  // namespace hostscope
