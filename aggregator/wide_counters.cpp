#include "aggregator/wide_counters.h"

#include <algorithm>

namespace hostscope::aggregator {
namespace {

void Move(std::uint32_t& from, std::uint64_t& to) noexcept {
  to += from;
  from = 0;
}

}  // namespace

RoleFigures* WideCounters::FindOrMake(std::uint32_t slot, Role role) noexcept {
  const auto at = std::find_if(entries_.begin(), entries_.end(),
                               [&](const Entry& entry) { return entry.slot == slot && entry.role == role; });
  if (at != entries_.end()) return &at->figures;
  if (entries_.size() == kCapacity) return nullptr;
  return &entries_.emplace_back(Entry{slot, role, {}}).figures;
}

void WideCounters::Spill(std::uint32_t slot, Role role, HostSlot& from) noexcept {
  RoleFigures* to = FindOrMake(slot, role);
  if (to == nullptr) return;
  RoleTotals& totals = from.totals(role);
  Move(totals.flows, to->flows);
  Move(totals.duration_count, to->duration_count);
  Move(totals.tcp, to->tcp);
  Move(totals.udp, to->udp);
  Move(totals.icmp, to->icmp);
  RoleDetail& detail = from.detail(role);
  for (std::size_t bit = 0; bit < detail.tcp_flags.size(); ++bit)
    Move(detail.tcp_flags[bit], to->tcp_flags[bit]);
  totals.is_wide = 1;
}

void WideCounters::Add(std::uint32_t slot, Role role, HostSlot& mark, const RoleFigures& figures) noexcept {
  RoleFigures* to = FindOrMake(slot, role);
  if (to == nullptr) return;
  to->flows += figures.flows;
  to->duration_count += figures.duration_count;
  to->tcp += figures.tcp;
  to->udp += figures.udp;
  to->icmp += figures.icmp;
  for (std::size_t bit = 0; bit < to->tcp_flags.size(); ++bit) to->tcp_flags[bit] += figures.tcp_flags[bit];
  mark.totals(role).is_wide = 1;
}

RoleFigures WideCounters::Get(std::uint32_t slot, Role role) const noexcept {
  for (const Entry& entry : entries_) {
    if (entry.slot == slot && entry.role == role) return entry.figures;
  }
  return {};
}

}  // namespace hostscope::aggregator
