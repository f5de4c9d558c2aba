#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "app/generate/options.h"

namespace hostscope::app {

struct LayoutField {
  std::uint16_t element;  ///< IANA's number; NetFlow v9 has the same for all that are used here
  std::uint16_t length;   ///< bytes
};

/// The fields of a record, in the order in which they are sent.
std::vector<LayoutField> FieldsOf(RecordLayout layout, ExportFormat format, bool is_ipv6);

std::size_t LengthOf(std::span<const LayoutField> fields) noexcept;

}  // namespace hostscope::app
