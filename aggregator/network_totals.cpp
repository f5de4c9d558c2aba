#include "aggregator/network_totals.h"

namespace hostscope::aggregator {

void NetworkTotals::Begin(const Prefix& prefix, std::optional<Prefix> within, bool is_monitored,
                          bool is_incomplete) noexcept {
  prefix_ = prefix;
  within_ = within;
  is_monitored_ = is_monitored;
  is_incomplete_ = is_incomplete;
  has_own_other_ = false;
  hosts_ = 0;
  other_hosts_ = 0;
  for (RoleUnion* role : {&sent_, &received_}) {
    role->sums = RoleTotals{};
    role->peers.Clear();
    role->src_ports.Clear();
    role->dst_ports.Clear();
  }
  wide_.Clear();
}

void NetworkTotals::AddHost(const HostSlot& host, const SketchPool& pool, const WideCounters& wide) noexcept {
  ++hosts_;
  AddSlot(host, pool, wide);
}

void NetworkTotals::AddOther(const HostSlot& other, const SketchPool& pool,
                             const WideCounters& wide) noexcept {
  ++other_hosts_;
  has_own_other_ = true;
  AddSlot(other, pool, wide);
}

void NetworkTotals::AddNetwork(const NetworkTotals& inner) noexcept {
  hosts_ += inner.hosts_;
  other_hosts_ += inner.other_hosts_;
  AddRole(sent_, inner.sent_, inner.wide_);
  AddRole(received_, inner.received_, inner.wide_);
}

void NetworkTotals::AddSlot(const HostSlot& slot, const SketchPool& pool, const WideCounters& wide) noexcept {
  AddRole(sent_, slot.sent, pool, wide);
  AddRole(received_, slot.received, pool, wide);
}

void NetworkTotals::AddSums(RoleTotals& to, const RoleTotals& from, const WideCounters& wide) noexcept {
  to.packets += from.packets;
  to.bytes += from.bytes;
  to.duration_sum_us += from.duration_sum_us;
  wide_.Add(to, from, wide);
}

void NetworkTotals::AddRole(RoleUnion& to, const RoleSlot& from, const SketchPool& pool,
                            const WideCounters& wide) noexcept {
  const auto& [totals, members] = from;
  if (!totals.IsUsed()) return;
  AddSums(to.sums, totals, wide);
  to.peers.Add(totals.peers, members.peers, pool);
  to.src_ports.Add(totals.src_ports, members.src_ports, pool);
  to.dst_ports.Add(totals.dst_ports, members.dst_ports, pool);
}

void NetworkTotals::AddRole(RoleUnion& to, const RoleUnion& from, const WideCounters& wide) noexcept {
  if (!from.sums.IsUsed()) return;
  AddSums(to.sums, from.sums, wide);
  to.peers.Add(from.peers);
  to.src_ports.Add(from.src_ports);
  to.dst_ports.Add(from.dst_ports);
}

RoleFigures NetworkTotals::Read(const RoleUnion& role) const noexcept {
  RoleFigures figures;
  wide_.Read(role.sums, figures);
  figures.packets = role.sums.packets;
  figures.bytes = role.sums.bytes;
  figures.duration_sum_us = role.sums.duration_sum_us;
  figures.peers = role.peers.Estimate();
  figures.src_ports = role.src_ports.Estimate();
  figures.dst_ports = role.dst_ports.Estimate();
  return figures;
}

NetworkRecord NetworkTotals::record() const noexcept {
  return {.prefix = prefix_,
          .within = within_,
          .is_monitored = is_monitored_,
          .is_incomplete = is_incomplete_,
          .hosts = hosts_,
          .other_hosts = other_hosts_,
          .sent = Read(sent_),
          .received = Read(received_)};
}

Sketch NetworkTotals::SketchOf(Role role, DistinctFigure figure) const {
  const RoleUnion& counts = role == Role::kSent ? sent_ : received_;
  switch (figure) {
    case DistinctFigure::kPeers:
      return counts.peers.Copy();
    case DistinctFigure::kSrcPorts:
      return counts.src_ports.Copy();
    case DistinctFigure::kDstPorts:
      break;
  }
  return counts.dst_ports.Copy();
}

}  // namespace hostscope::aggregator
