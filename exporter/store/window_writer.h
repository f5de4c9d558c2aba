#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>

#include "aggregator/closed_window.h"

namespace hostscope::exporter {

/// Takes the next bytes of a file, pieces of about a MiB.
using ByteOutput = std::function<std::error_code(std::string_view bytes)>;

struct WrittenWindow {
  std::error_code error;  ///< of the output, or invalid_argument: the window is not in address order
  std::uint64_t bytes = 0;
  std::uint64_t rows = 0;
};

/// Writes a window in the form of window_format.h from front to back, so that it needs memory for a block
/// only (about 2 MiB). Compression is zstd's level 1.
WrittenWindow WriteWindow(const aggregator::ClosedWindow& window, const ByteOutput& output);

}  // namespace hostscope::exporter
