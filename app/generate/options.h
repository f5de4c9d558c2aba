#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ipfix/prefix.h"
#include "ipfix/time.h"

namespace hostscope::app {

enum class ExportFormat : std::uint8_t { kNetflow5, kNetflow9, kIpfix };

/// Which fields a v9 or IPFIX record has; see layout.cpp.
enum class RecordLayout : std::uint8_t { kTypical, kReduced, kWide };

/// Everything that `hostscope generate` can be told. The same options make the same datagrams, but for the
/// times in what goes to UDP.
struct GenerateOptions {
  ExportFormat format = ExportFormat::kIpfix;
  RecordLayout layout = RecordLayout::kTypical;
  std::uint64_t hosts = 10'000;
  double zipf = 1.0;
  double ipv6_share = 0;  ///< of hosts and of records
  Prefix ipv4_network = Prefix::AllIpv4();
  Prefix ipv6_network = Prefix::AllIpv6();
  std::uint32_t exporters = 1;
  std::uint64_t records = 100'000;
  double records_per_second = 100'000;   ///< 0: as fast as possible (UDP only)
  std::size_t records_per_datagram = 0;  ///< 0: as many as fit
  std::size_t datagram_bytes = 1472;     ///< at most; what a packet of 1500 bytes has room for over IPv4
  std::uint32_t sampling_interval = 1;   ///< announced, if above 1
  std::int64_t template_interval_ns = 30 * kNanosecondsPerSecond;
  std::uint64_t seed = 1;
  ReceiveTime start;  ///< of a capture

  std::string pcap_path;   ///< exactly one of this
  std::string udp_target;  ///< and HOST:PORT
  std::vector<Address> udp_sources;
  std::string summary_path;
  std::string truth_path;
};

}  // namespace hostscope::app
