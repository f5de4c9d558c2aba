#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/fuzz/capture_builder.h"
#include "tests/ipfix/message_builder.h"

/// Captures whose packets and times are chosen one by one.
namespace hostscope::app::testing {

using Bytes = ipfix::test::Bytes;

/// 2026-01-01T00:00:00Z, where what `hostscope generate` makes starts too.
inline constexpr std::int64_t kNewYearNs = 1'767'225'600'000'000'000;

struct TimedFrame {
  std::int64_t time_ns = kNewYearNs;
  Bytes frame;
  std::size_t cut = 0;  ///< bytes at its end that the capture lacks
};

/// A pcap file with nanoseconds, Ethernet.
std::vector<std::uint8_t> PcapOf(const std::vector<TimedFrame>& frames);
/// The frames of such a file, which must have been written on a machine of this byte order.
std::vector<TimedFrame> FramesOf(const std::string& pcap);

/// A NetFlow v5 datagram of these records, in an Ethernet frame from `exporter`.
TimedFrame Netflow5Frame(std::int64_t time_ns, const std::vector<ipfix::test::Netflow5Record>& records,
                         std::uint32_t sequence = 0, const std::string& exporter = "198.51.100.1");

}  // namespace hostscope::app::testing
