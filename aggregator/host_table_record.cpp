#include <algorithm>

#include "aggregator/host_table_impl.h"

namespace hostscope::aggregator {
namespace {

/// Returns how many counts were saturated by it: 0 or 1.
template <typename List>
std::uint64_t AddDistinct(SketchState& to, List& list, SketchPool& pool, const std::optional<Sketch>& sketch,
                          std::uint64_t number) {
  if (sketch) return AddSketch(to, list, pool, *sketch, number);
  return number == 0 ? 0 : AddNumber(to, list, pool, number);
}

}  // namespace

void HostTable::Impl::AddRole(RoleSlot& to, const RoleFigures& figures, const RoleSketches& sketches) {
  if (figures.flows == 0) return;
  auto& [totals, members] = to;
  totals.packets += figures.packets;
  totals.bytes += figures.bytes;
  totals.duration_sum_us += figures.duration_sum_us;
  wide_.Add(totals, figures);
  saturated_ += AddDistinct(totals.peers, members.peers, pool_, sketches.peers, figures.peers);
  saturated_ +=
      AddDistinct(totals.src_ports, members.src_ports, pool_, sketches.src_ports, figures.src_ports);
  saturated_ +=
      AddDistinct(totals.dst_ports, members.dst_ports, pool_, sketches.dst_ports, figures.dst_ports);
}

std::uint32_t HostTable::Impl::SlotOf(const HostRecord& record, RecordFate& fate) noexcept {
  fate = RecordFate::kAdded;
  if (record.other) {
    const std::vector<Prefix>& prefixes = networks_.prefixes();
    const auto found = std::find(prefixes.begin(), prefixes.end(), record.network);
    if (found != prefixes.end()) return TakeOther(static_cast<std::uint32_t>(found - prefixes.begin()));
    fate = RecordFate::kUnmonitored;
    return kUnmonitored;
  }
  const HostIndex::Key key = KeyOf(record.host);
  std::uint32_t slot = FindExact(key, record.host);
  if (slot != HostIndex::kAbsent) {
    fate = RecordFate::kRepeated;
    return slot;
  }
  slot = Admit(key, record.host);
  if (slot == kUnmonitored) {
    fate = RecordFate::kUnmonitored;
  } else if (!IsHost(slot)) {
    fate = RecordFate::kOverflowed;
  }
  return slot;
}

RecordFate HostTable::Impl::Add(const HostRecord& record, const RecordSketches& sketches) {
  RecordFate fate{};
  const std::uint32_t slot = SlotOf(record, fate);
  if (fate == RecordFate::kAdded || fate == RecordFate::kOverflowed) {
    AddRole(slots_[slot].sent, record.sent, sketches.sent);
    AddRole(slots_[slot].received, record.received, sketches.received);
  }
  return fate;
}

RecordFate HostTable::Add(const HostRecord& record, const RecordSketches& sketches) {
  return impl_->Add(record, sketches);
}

}  // namespace hostscope::aggregator
