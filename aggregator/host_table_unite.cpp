#include <algorithm>
#include <array>

#include "aggregator/host_table_impl.h"

namespace hostscope::aggregator {
namespace {

void AddTotals(RoleTotals& to, const RoleTotals& from) noexcept {
  to.packets += from.packets;
  to.bytes += from.bytes;
  to.duration_sum_us += from.duration_sum_us;
  to.flows += from.flows;
  to.duration_count += from.duration_count;
  to.tcp += from.tcp;
  to.udp += from.udp;
  to.icmp += from.icmp;
}

void PrefetchSlot(const HostSlot& slot) noexcept {
  const auto* line = reinterpret_cast<const std::uint8_t*>(&slot);
  for (std::size_t i = 0; i < sizeof(HostSlot); i += kCacheLine) __builtin_prefetch(line + i, 1);
}

}  // namespace

void HostTable::Impl::UniteRole(std::uint32_t to, Role role, const Impl& from,
                                std::uint32_t from_slot) noexcept {
  const HostSlot& source = from.slots_[from_slot];
  const RoleTotals& added = source.totals(role);
  if (added.flows == 0 && added.is_wide == 0) return;
  HostSlot& target = slots_[to];
  RoleTotals& totals = target.totals(role);
  AddTotals(totals, added);
  RoleDetail& detail = target.detail(role);
  const RoleDetail& added_detail = source.detail(role);
  for (std::size_t bit = 0; bit < detail.tcp_flags.size(); ++bit) {
    detail.tcp_flags[bit] += added_detail.tcp_flags[bit];
  }
  if (added.is_wide != 0) wide_.Add(to, role, target, from.wide_.Get(from_slot, role));
  if (totals.flows >= WideCounters::kSpillAt) wide_.Spill(to, role, target);

  RolePorts& ports = target.ports(role);
  const RolePorts& added_ports = source.ports(role);
  saturated_ += UniteDistinct(totals.peers, detail.peers, pool_, added.peers, added_detail.peers, from.pool_);
  saturated_ +=
      UniteDistinct(totals.src_ports, ports.src, pool_, added.src_ports, added_ports.src, from.pool_);
  saturated_ +=
      UniteDistinct(totals.dst_ports, ports.dst, pool_, added.dst_ports, added_ports.dst, from.pool_);
}

void HostTable::Impl::UniteSlot(std::uint32_t to, const Impl& from, std::uint32_t from_slot) noexcept {
  UniteRole(to, Role::kSent, from, from_slot);
  UniteRole(to, Role::kReceived, from, from_slot);
}

// As in Update(): look-ups and lines are asked for, for many hosts at once, before the first is needed.
void HostTable::Impl::UniteChunk(const Impl& from, std::uint32_t first, std::uint32_t count) noexcept {
  std::array<std::uint64_t, kChunk> hash;
  std::array<std::uint32_t, kChunk> slot;
  for (std::uint32_t i = 0; i < count; ++i) {
    hash[i] = Hash(from.slots_[first + i].sent.host);
    index_.Prefetch(hash[i]);
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    slot[i] = index_.FindCandidate(hash[i]);
    if (slot[i] != HostIndex::kAbsent) PrefetchSlot(slots_[slot[i]]);
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    const Address& host = from.slots_[first + i].sent.host;
    std::uint32_t to = slot[i];
    if (to != HostIndex::kAbsent && !(slots_[to].sent.host == host)) to = FindExact(hash[i], host);
    if (to == HostIndex::kAbsent) to = Admit(hash[i], host);
    UniteSlot(to, from, first + i);
  }
}

void HostTable::Impl::Unite(const Impl& from) noexcept {
  for (std::uint32_t first = 0; first < from.used_; first += kChunk) {
    UniteChunk(from, first, std::min<std::uint32_t>(kChunk, from.used_ - first));
  }
  for (const std::uint32_t network : from.others_) {
    UniteSlot(TakeOther(network), from, from.max_hosts_ + network);
  }
}

}  // namespace hostscope::aggregator
