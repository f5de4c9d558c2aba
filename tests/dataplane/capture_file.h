#pragma once

#include <filesystem>
#include <vector>

#include "tests/dataplane/frame_builder.h"

namespace hostscope::dataplane::testing {

/// Ethernet frames as a classic pcap file, and back.
void WriteCapture(const std::filesystem::path& path, const std::vector<Bytes>& frames);
std::vector<Bytes> ReadCapture(const std::filesystem::path& path);

}  // namespace hostscope::dataplane::testing
