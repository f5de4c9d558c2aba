#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aggregator/host_record.h"

namespace hostscope::exporter {

/// What the hosts of a set had in one role: of one host, of a cell of the map, of a prefix; distinct counts
/// are the largest of any one host (AddFigures() in prefix_totals.h).
struct Totals {
  std::uint64_t hosts = 0;  ///< with a flow in that role
  aggregator::RoleFigures figures;
  float deviation = aggregator::HostRecord::kNotJudged;  ///< the largest of any one host

  /// A role without flows changes nothing.
  void Add(const aggregator::RoleFigures& host) noexcept;
  void Add(const Totals& more) noexcept;
};

enum class Metric : std::uint8_t {
  kHosts,
  kFlows,
  kPackets,
  kBytes,
  kPeers,
  kSrcPorts,
  kDstPorts,
  kAvgDuration,  ///< seconds, of the flow records that have both times
  kTcp,          ///< flow records by protocol
  kUdp,
  kIcmp,
  kOther,
  kDeviation,  ///< the largest of any one host, whatever the role
  kFinShare,   ///< of the TCP flow records, those with that bit
  kSynShare,
  kRstShare,
  kPshShare,
  kAckShare,
  kUrgShare,
  kEceShare,
  kCwrShare,
};

struct MetricName {
  Metric metric;
  std::string_view name;
};
/// In the order of the enumeration.
inline constexpr std::array kMetricNames = {
    MetricName{Metric::kHosts, "hosts"},
    MetricName{Metric::kFlows, "flows"},
    MetricName{Metric::kPackets, "packets"},
    MetricName{Metric::kBytes, "bytes"},
    MetricName{Metric::kPeers, "peers"},
    MetricName{Metric::kSrcPorts, "src_ports"},
    MetricName{Metric::kDstPorts, "dst_ports"},
    MetricName{Metric::kAvgDuration, "avg_duration"},
    MetricName{Metric::kTcp, "tcp"},
    MetricName{Metric::kUdp, "udp"},
    MetricName{Metric::kIcmp, "icmp"},
    MetricName{Metric::kOther, "other"},
    MetricName{Metric::kDeviation, "deviation"},
    MetricName{Metric::kFinShare, "fin_share"},
    MetricName{Metric::kSynShare, "syn_share"},
    MetricName{Metric::kRstShare, "rst_share"},
    MetricName{Metric::kPshShare, "psh_share"},
    MetricName{Metric::kAckShare, "ack_share"},
    MetricName{Metric::kUrgShare, "urg_share"},
    MetricName{Metric::kEceShare, "ece_share"},
    MetricName{Metric::kCwrShare, "cwr_share"},
};

std::optional<Metric> MetricOf(std::string_view name) noexcept;

/// For comparing. 0 where there is none, as a mean without durations.
double ValueOf(Metric metric, const Totals& totals) noexcept;
/// Appends the value as a JSON number: counts as they are, the mean in seconds rounded to the millisecond as
/// in records, a deviation to hundredths, shares to four digits; null where there is none.
void AppendValue(Metric metric, const Totals& totals, std::string& out);

}  // namespace hostscope::exporter
