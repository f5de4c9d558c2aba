#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "aggregator/closed_window.h"
#include "exporter/store/network_counts.h"

namespace hostscope::exporter {

/// Takes the next bytes of a file, pieces of about a MiB.
using ByteOutput = std::function<std::error_code(std::string_view bytes)>;

/// What a file has besides host records. It can't be made of those later, so all that any sink is to get.
struct WindowContent {
  std::optional<aggregator::NetworkLevels> networks;  ///< levels of network records; without: none
  bool sketches = false;                              ///< those behind the distinct counts of host records
};

struct WrittenWindow {
  std::error_code error;  ///< of the output, or invalid_argument: the window is not in address order
  std::uint64_t bytes = 0;
  std::uint64_t rows = 0;
  NetworkCounts networks;
  std::uint64_t events = 0;
};

/// Writes a window in the form of window_format.h from front to back, so that it needs memory for a block
/// only (about 2 MiB), and in as many passes over the window as it has kinds of blocks. Compression is zstd's
/// level 1.
WrittenWindow WriteWindow(const aggregator::ClosedWindow& window, const ByteOutput& output,
                          const WindowContent& content = {});

}  // namespace hostscope::exporter
