#include "exporter/store/prefix_totals.h"

#include <algorithm>
#include <cstddef>

namespace hostscope::exporter {

void AddFigures(const aggregator::RoleFigures& more, aggregator::RoleFigures& figures) noexcept {
  figures.flows += more.flows;
  figures.packets += more.packets;
  figures.bytes += more.bytes;
  figures.duration_sum_us += more.duration_sum_us;
  figures.duration_count += more.duration_count;
  figures.peers = std::max(figures.peers, more.peers);
  figures.src_ports = std::max(figures.src_ports, more.src_ports);
  figures.dst_ports = std::max(figures.dst_ports, more.dst_ports);
  for (std::size_t flag = 0; flag < figures.tcp_flags.size(); ++flag)
    figures.tcp_flags[flag] += more.tcp_flags[flag];
  figures.tcp += more.tcp;
  figures.udp += more.udp;
  figures.icmp += more.icmp;
}

void PrefixTotals::Add(const PrefixTotals& more) noexcept {
  hosts += more.hosts;
  sent_hosts += more.sent_hosts;
  received_hosts += more.received_hosts;
  AddFigures(more.sent, sent);
  AddFigures(more.received, received);
  deviation = std::max(deviation, more.deviation);
}

PrefixTotals TotalsOf(const aggregator::HostRecord& host) noexcept {
  return {host.host,
          1,
          host.sent.flows == 0 ? std::uint64_t{0} : 1,
          host.received.flows == 0 ? std::uint64_t{0} : 1,
          host.sent,
          host.received,
          host.deviation};
}

}  // namespace hostscope::exporter
