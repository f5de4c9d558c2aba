#include <algorithm>
#include <array>

#include "aggregator/host_table_impl.h"

namespace hostscope::aggregator {
namespace {

void PrefetchSlot(const HostSlot& slot) noexcept {
  const auto* line = reinterpret_cast<const std::uint8_t*>(&slot);
  for (std::size_t i = 0; i < sizeof(HostSlot); i += kCacheLine) __builtin_prefetch(line + i, 1);
}

}  // namespace

void HostTable::Impl::UniteRole(RoleSlot& to, const RoleSlot& from, const Impl& from_table) noexcept {
  const RoleTotals& added = from.totals;
  if (!added.IsUsed()) return;
  RoleTotals& totals = to.totals;
  totals.packets += added.packets;
  totals.bytes += added.bytes;
  totals.duration_sum_us += added.duration_sum_us;
  wide_.Add(totals, added, from_table.wide_);

  const SketchPool& pool = from_table.pool_;
  RoleMembers& members = to.members;
  saturated_ += UniteDistinct(totals.peers, members.peers, pool_, added.peers, from.members.peers, pool);
  saturated_ += UniteDistinct(totals.src_ports, members.src_ports, pool_, added.src_ports,
                              from.members.src_ports, pool);
  saturated_ += UniteDistinct(totals.dst_ports, members.dst_ports, pool_, added.dst_ports,
                              from.members.dst_ports, pool);
}

void HostTable::Impl::UniteSlot(std::uint32_t to, const Impl& from, std::uint32_t from_slot) noexcept {
  UniteRole(slots_[to].sent, from.slots_[from_slot].sent, from);
  UniteRole(slots_[to].received, from.slots_[from_slot].received, from);
  if (tops_.is_on()) tops_.Unite(to, from.tops_, from_slot);
}

// As in Update(): look-ups and lines are asked for, for many hosts at once, before the first is needed.
void HostTable::Impl::UniteChunk(const Impl& from, std::uint32_t first, std::uint32_t count) noexcept {
  std::array<HostIndex::Key, kUniteChunk> key;
  std::array<std::uint32_t, kUniteChunk> slot;
  for (std::uint32_t i = 0; i < count; ++i) {
    key[i] = KeyOf(from.slots_[first + i].host());
    index_.Prefetch(key[i]);
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    slot[i] = index_.FindCandidate(key[i]);
    if (slot[i] == HostIndex::kAbsent) continue;
    PrefetchSlot(slots_[slot[i]]);
    if (tops_.is_on()) tops_.Prefetch(slot[i]);
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    const Address& host = from.slots_[first + i].host();
    std::uint32_t to = slot[i];
    if (to != HostIndex::kAbsent && !(slots_[to].host() == host)) to = FindExact(key[i], host);
    if (to == HostIndex::kAbsent) to = Admit(key[i], host);
    UniteSlot(to, from, first + i);
  }
}

void HostTable::Impl::Unite(const Impl& from) noexcept {
  for (std::uint32_t first = 0; first < from.used_; first += kUniteChunk) {
    UniteChunk(from, first, std::min<std::uint32_t>(kUniteChunk, from.used_ - first));
  }
  for (const std::uint32_t network : from.others_) {
    UniteSlot(TakeOther(network), from, from.max_hosts_ + network);
  }
}

}  // namespace hostscope::aggregator
