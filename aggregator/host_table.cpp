#include "aggregator/host_table.h"

#include <algorithm>
#include <stdexcept>

#include "aggregator/address_sort.h"
#include "aggregator/distinct-inl.h"
#include "aggregator/host_table_impl.h"

namespace hostscope::aggregator {
namespace {

std::uint32_t CheckedSize(std::size_t max_hosts, std::size_t networks) {
  // A role has a number of 32 bits too, and the largest numbers are used as marks.
  if (max_hosts + networks >= 0x7ffffff0U) throw std::invalid_argument("max_hosts must be below 2^31");
  return static_cast<std::uint32_t>(max_hosts);
}

}  // namespace

HostTable::Impl::Impl(const HostTableOptions& options, const NetworkSet& networks)
    : networks_(networks),
      hash_key_(options.hash_key),
      max_hosts_(CheckedSize(options.max_hosts, networks.prefixes().size())),
      monitors_all_(networks.ContainsAll()),
      index_(options.max_hosts),
      slots_(options.max_hosts + networks.prefixes().size()),
      pool_(options.sketch_bytes),
      wide_(2 * (options.max_hosts + networks.prefixes().size())),
      is_other_used_(networks.prefixes().size()),
      order_(options.max_hosts + networks.prefixes().size()),
      tops_(options.top, options.max_hosts) {
  others_.reserve(networks.prefixes().size());
}

std::uint32_t HostTable::Impl::FindExact(HostIndex::Key key, const Address& address) const noexcept {
  return index_.Find(key, [&](std::uint32_t slot) { return slots_[slot].host() == address; });
}

std::uint32_t HostTable::Impl::TakeOther(std::uint32_t network) noexcept {
  if (is_other_used_[network] == 0) {
    is_other_used_[network] = 1;
    others_.push_back(network);
  }
  return max_hosts_ + network;
}

std::uint32_t HostTable::Impl::Admit(HostIndex::Key key, const Address& address) noexcept {
  const bool is_full = used_ == max_hosts_;
  if (!monitors_all_ || is_full) {
    const std::uint32_t network = networks_.Find(address);
    if (network == NetworkSet::kNone) return kUnmonitored;
    if (is_full) {
      ++overflows_;
      return TakeOther(network);
    }
  }
  const std::uint32_t slot = used_++;
  slots_[slot].sent.totals.host = address;
  slots_[slot].received.totals.host = address;
  index_.Insert(key, slot);
  return slot;
}

void HostTable::Impl::Clear() noexcept {
  // Few hosts in a large table: their buckets one by one are cheaper than the whole index.
  if (used_ < index_.bucket_count() / 8) {
    for (std::uint32_t slot = 0; slot < used_; ++slot) index_.ClearAround(KeyOf(slots_[slot].host()));
  } else {
    index_.Clear();
  }
  std::fill_n(slots_.data(), used_, HostSlot{});
  for (const std::uint32_t network : others_) {
    slots_[max_hosts_ + network] = HostSlot{};
    is_other_used_[network] = 0;
  }
  others_.clear();
  pool_.Clear();
  wide_.Clear();
  tops_.Clear(used_);
  used_ = 0;
  overflows_ = 0;
  saturated_ = 0;
}

void HostTable::Impl::Sort() {
  SortByAddress(slots_.data(), used_, order_.data());
  const std::vector<Prefix>& prefixes = networks_.prefixes();
  std::sort(others_.begin(), others_.end(),
            [&](std::uint32_t a, std::uint32_t b) { return prefixes[a] < prefixes[b]; });
  for (std::size_t i = 0; i < others_.size(); ++i) order_[used_ + i] = max_hosts_ + others_[i];
}

void HostTable::Impl::Read(const RoleSlot& role, RoleFigures& figures) const noexcept {
  if (!role.totals.IsUsed()) return;
  wide_.Read(role.totals, figures);
  figures.packets = role.totals.packets;
  figures.bytes = role.totals.bytes;
  figures.duration_sum_us = role.totals.duration_sum_us;
  figures.peers = Estimate(role.totals.peers, role.members.peers, pool_);
  figures.src_ports = Estimate(role.totals.src_ports, role.members.src_ports, pool_);
  figures.dst_ports = Estimate(role.totals.dst_ports, role.members.dst_ports, pool_);
}

// Records are nearly always read in order, while slots lie in the order of arrival. Most hosts are told by
// their totals alone; which ones need their members is seen when the totals have come.
void HostTable::Impl::FetchAhead(std::size_t i) const noexcept {
  constexpr std::size_t kTotalsAhead = 16;
  constexpr std::size_t kMembersAhead = 8;
  if (i + kTotalsAhead >= used_) return;
  const HostSlot& far = slots_[order_[i + kTotalsAhead]];
  __builtin_prefetch(&far.sent.totals);
  __builtin_prefetch(&far.received.totals);
  const HostSlot& near = slots_[order_[i + kMembersAhead]];
  if (tops_.is_on()) tops_.Prefetch(order_[i + kMembersAhead]);
  for (const RoleSlot* role : {&near.sent, &near.received}) {
    const RoleTotals& totals = role->totals;
    if (IsPooled(totals.peers | totals.src_ports | totals.dst_ports)) __builtin_prefetch(&role->members);
  }
}

HostRecord HostTable::Impl::RecordAt(std::size_t i) const noexcept {
  FetchAhead(i);
  const std::uint32_t slot = order_[i];
  const std::vector<Prefix>& prefixes = networks_.prefixes();
  HostRecord record;
  record.other = !IsHost(slot);
  if (record.other) {
    record.network = prefixes[slot - max_hosts_];
    record.host = record.network.network;
  } else {
    record.host = slots_[slot].host();
    record.network = prefixes[networks_.Find(record.host)];
  }
  Read(slots_[slot].sent, record.sent);
  Read(slots_[slot].received, record.received);
  if (tops_.is_on()) record.tops = tops_.Read(slot);
  return record;
}

namespace {

/// Shows `use` the state and the members of one distinct count.
template <typename Use>
auto WithDistinct(const RoleSlot& slot, DistinctFigure figure, Use use) {
  const auto& [totals, members] = slot;
  switch (figure) {
    case DistinctFigure::kPeers:
      return use(totals.peers, members.peers);
    case DistinctFigure::kSrcPorts:
      return use(totals.src_ports, members.src_ports);
    case DistinctFigure::kDstPorts:
      break;
  }
  return use(totals.dst_ports, members.dst_ports);
}

}  // namespace

Sketch HostTable::Impl::SketchAt(std::size_t i, Role role, DistinctFigure figure) const {
  return WithDistinct(slots_[order_[i]].role(role), figure,
                      [this](SketchState state, const auto& list) { return CopySketch(state, list, pool_); });
}

std::size_t HostTable::Impl::WriteSketchAt(std::size_t i, Role role, DistinctFigure figure,
                                           std::uint8_t* out) const noexcept {
  return WithDistinct(slots_[order_[i]].role(role), figure, [this, out](SketchState state, const auto& list) {
    return WriteSketch(state, list, pool_, out);
  });
}

HostTable::HostTable(const HostTableOptions& options, const NetworkSet& networks)
    : impl_(std::make_unique<Impl>(options, networks)) {}
HostTable::~HostTable() = default;

HostTable::UpdateResult HostTable::Update(std::span<const FlowRecord> records) noexcept {
  return impl_->Update(records);
}
void HostTable::Unite(const HostTable& from) noexcept {
  impl_->Unite(*from.impl_);
}
void HostTable::Clear() noexcept {
  impl_->Clear();
}
void HostTable::SetNode(int node) noexcept {
  impl_->SetNode(node);
}
int HostTable::node() const noexcept {
  return impl_->node();
}
std::size_t HostTable::hosts() const noexcept {
  return impl_->hosts();
}
std::size_t HostTable::other_hosts() const noexcept {
  return impl_->other_hosts();
}
std::uint64_t HostTable::overflows() const noexcept {
  return impl_->overflows();
}
std::uint64_t HostTable::saturated() const noexcept {
  return impl_->saturated();
}
std::size_t HostTable::sketch_bytes() const noexcept {
  return impl_->sketch_bytes();
}
void HostTable::Sort() {
  impl_->Sort();
}
HostRecord HostTable::RecordAt(std::size_t i) const noexcept {
  return impl_->RecordAt(i);
}
Sketch HostTable::SketchAt(std::size_t i, Role role, DistinctFigure figure) const {
  return impl_->SketchAt(i, role, figure);
}
std::size_t HostTable::WriteSketchAt(std::size_t i, Role role, DistinctFigure figure,
                                     std::uint8_t* out) const noexcept {
  return impl_->WriteSketchAt(i, role, figure, out);
}

std::size_t HostTable::MaxMemory(const HostTableOptions& options, const NetworkSet& networks) noexcept {
  const std::size_t slots = options.max_hosts + networks.prefixes().size();
  return slots * (sizeof(HostSlot) + 2 * WideCounters::kBytesPerRole + sizeof(std::uint32_t)) +
         HostIndex::BytesFor(options.max_hosts) + options.sketch_bytes +
         options.max_hosts * TopLists::BytesPerHost(options.top);
}

}  // namespace hostscope::aggregator
