#include "exporter/query/metric.h"

#include <algorithm>

#include "exporter/encoding/json_encoder.h"
#include "exporter/encoding/text_writer.h"
#include "exporter/store/prefix_totals.h"

namespace hostscope::exporter {
namespace {

using aggregator::RoleFigures;

constexpr unsigned kShareDigits = 4;
constexpr std::uint64_t kShareUnits = 10'000;

bool IsShare(Metric metric) noexcept {
  return metric >= Metric::kFinShare;
}

std::uint64_t FlagOf(Metric metric, const RoleFigures& figures) noexcept {
  return figures.tcp_flags[static_cast<std::size_t>(metric) - static_cast<std::size_t>(Metric::kFinShare)];
}

std::uint64_t CountOf(Metric metric, const Totals& totals) noexcept {
  const RoleFigures& figures = totals.figures;
  switch (metric) {
    case Metric::kHosts:
      return totals.hosts;
    case Metric::kFlows:
      return figures.flows;
    case Metric::kPackets:
      return figures.packets;
    case Metric::kBytes:
      return figures.bytes;
    case Metric::kPeers:
      return figures.peers;
    case Metric::kSrcPorts:
      return figures.src_ports;
    case Metric::kDstPorts:
      return figures.dst_ports;
    case Metric::kTcp:
      return figures.tcp;
    case Metric::kUdp:
      return figures.udp;
    case Metric::kIcmp:
      return figures.icmp;
    case Metric::kOther:
      return figures.other_protocols();
    default:
      return 0;
  }
}

}  // namespace

void Totals::Add(const RoleFigures& host) noexcept {
  if (host.flows == 0) return;
  Add(Totals{1, host});
}

void Totals::Add(const Totals& more) noexcept {
  hosts += more.hosts;
  AddFigures(more.figures, figures);
  deviation = std::max(deviation, more.deviation);
}

std::optional<Metric> MetricOf(std::string_view name) noexcept {
  for (const MetricName& known : kMetricNames) {
    if (known.name == name) return known.metric;
  }
  return std::nullopt;
}

double ValueOf(Metric metric, const Totals& totals) noexcept {
  const RoleFigures& figures = totals.figures;
  if (metric == Metric::kAvgDuration) {
    return figures.duration_count == 0
               ? 0.0
               : static_cast<double>(figures.duration_sum_us) / static_cast<double>(figures.duration_count);
  }
  if (metric == Metric::kDeviation) return std::max(0.0, double{totals.deviation});
  if (IsShare(metric)) {
    return figures.tcp == 0 ? 0.0
                            : static_cast<double>(FlagOf(metric, figures)) / static_cast<double>(figures.tcp);
  }
  return static_cast<double>(CountOf(metric, totals));
}

void AppendValue(Metric metric, const Totals& totals, std::string& out) {
  constexpr std::size_t kLongest = kMaxNumberText + 1 + kShareDigits;
  char text[kLongest];
  char* end = text;
  const RoleFigures& figures = totals.figures;
  if (metric == Metric::kAvgDuration) {
    if (figures.duration_count == 0) {
      out += "null";
      return;
    }
    constexpr std::uint64_t kMillisecondsPerSecond = 1000;
    const std::uint64_t ms = MeanDurationMs(figures);
    end = PutDecimal(text, ms / kMillisecondsPerSecond, ms % kMillisecondsPerSecond, 3);
  } else if (metric == Metric::kDeviation) {
    if (totals.deviation < 0) {
      out += "null";
      return;
    }
    constexpr std::uint64_t kHundred = 100;
    const std::uint64_t units = aggregator::HostRecord::HundredthsOf(totals.deviation);
    end = PutDecimal(text, units / kHundred, units % kHundred, 2);
  } else if (IsShare(metric)) {
    if (figures.tcp == 0) {
      out += "null";
      return;
    }
    const auto units =
        static_cast<std::uint64_t>(ValueOf(metric, totals) * static_cast<double>(kShareUnits) + 0.5);
    end = PutDecimal(text, units / kShareUnits, units % kShareUnits, kShareDigits);
  } else {
    end = PutNumber(text, CountOf(metric, totals));
  }
  out.append(text, static_cast<std::size_t>(end - text));
}

}  // namespace hostscope::exporter
