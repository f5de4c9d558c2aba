#include "aggregator/wide_counters.h"

namespace hostscope::aggregator {
namespace {

void AddBytes(std::uint64_t (&to)[8], std::uint64_t packed_word) noexcept {
  for (unsigned i = 0; i < 8; ++i) to[i] += packed::Get(packed_word, i);
}

}  // namespace

WideCounters::Entry& WideCounters::EntryOf(RoleTotals& role) noexcept {
  if (role.wide == 0) {
    entries_[used_] = Entry{};
    role.wide = ++used_;
  }
  return entries_[role.wide - 1];
}

void WideCounters::Spill(RoleTotals& role) noexcept {
  Entry& entry = EntryOf(role);
  AddBytes(entry.counts, role.counts);
  AddBytes(entry.tcp_flags, role.tcp_flags);
  role.counts = 0;
  role.tcp_flags = 0;
}

void WideCounters::Add(RoleTotals& to, const RoleTotals& from, const WideCounters& from_wide) noexcept {
  const std::uint64_t flows =
      packed::Get(to.counts, packed::kFlows) + packed::Get(from.counts, packed::kFlows);
  if (flows >= packed::kMaxFlows) Spill(to);
  to.counts += from.counts;
  to.tcp_flags += from.tcp_flags;
  if (from.wide == 0) return;
  Entry& entry = EntryOf(to);
  const Entry& added = from_wide.entries_[from.wide - 1];
  for (std::size_t i = 0; i < 8; ++i) {
    entry.counts[i] += added.counts[i];
    entry.tcp_flags[i] += added.tcp_flags[i];
  }
}

void WideCounters::Add(RoleTotals& to, const RoleFigures& figures) noexcept {
  if (figures.flows < packed::kMaxFlows - packed::Get(to.counts, packed::kFlows)) {
    to.counts += figures.flows * packed::One(packed::kFlows) +
                 figures.duration_count * packed::One(packed::kDurations) +
                 figures.tcp * packed::One(packed::kTcp) + figures.udp * packed::One(packed::kUdp) +
                 figures.icmp * packed::One(packed::kIcmp);
    for (unsigned bit = 0; bit < 8; ++bit) to.tcp_flags += figures.tcp_flags[bit] * packed::One(bit);
    return;
  }
  Entry& entry = EntryOf(to);
  entry.counts[packed::kFlows] += figures.flows;
  entry.counts[packed::kDurations] += figures.duration_count;
  entry.counts[packed::kTcp] += figures.tcp;
  entry.counts[packed::kUdp] += figures.udp;
  entry.counts[packed::kIcmp] += figures.icmp;
  for (std::size_t bit = 0; bit < 8; ++bit) entry.tcp_flags[bit] += figures.tcp_flags[bit];
}

void WideCounters::Read(const RoleTotals& role, RoleFigures& figures) const noexcept {
  figures.flows = packed::Get(role.counts, packed::kFlows);
  figures.duration_count = packed::Get(role.counts, packed::kDurations);
  figures.tcp = packed::Get(role.counts, packed::kTcp);
  figures.udp = packed::Get(role.counts, packed::kUdp);
  figures.icmp = packed::Get(role.counts, packed::kIcmp);
  for (unsigned bit = 0; bit < 8; ++bit) figures.tcp_flags[bit] = packed::Get(role.tcp_flags, bit);
  if (role.wide == 0) return;
  const Entry& entry = entries_[role.wide - 1];
  figures.flows += entry.counts[packed::kFlows];
  figures.duration_count += entry.counts[packed::kDurations];
  figures.tcp += entry.counts[packed::kTcp];
  figures.udp += entry.counts[packed::kUdp];
  figures.icmp += entry.counts[packed::kIcmp];
  for (std::size_t bit = 0; bit < 8; ++bit) figures.tcp_flags[bit] += entry.tcp_flags[bit];
}

}  // namespace hostscope::aggregator
