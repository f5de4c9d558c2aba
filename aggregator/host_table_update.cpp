#include <immintrin.h>

#include <algorithm>
#include <array>

#include "aggregator/host_table_impl.h"

// Counting a batch. Nearly all the time of a table that is larger than the caches would be spent waiting for
// memory, one line after the other: index, slot, sketch. So each stage runs over a whole chunk of records and
// only asks for the lines that the next stage reads; a core then waits for some ten of them at once.
namespace hostscope::aggregator {

struct HostTable::Impl::Batch {
  std::span<const FlowRecord> records;
  // By record and role: 2 * i for the source, 2 * i + 1 for the destination.
  std::array<std::uint64_t, 2 * kBatch> hash;
  std::array<std::uint32_t, 2 * kBatch> slot;
  std::array<Coupon, 2 * kBatch> peer_coupon;  ///< of the other side's address
  // By record: of its ports, 0 until somebody needs it.
  std::array<Coupon, kBatch> src_port_coupon;
  std::array<Coupon, kBatch> dst_port_coupon;
};

/// What a record adds to a role: the same for both ends of the flow.
struct HostTable::Impl::Increment {
  __m256i sums;  ///< packets, bytes, duration, packed counts
  std::uint64_t tcp_flags;
};

namespace {

constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kIcmp = 1;
constexpr std::uint8_t kIcmp6 = 58;

template <Role role>
constexpr std::size_t PlaceOf(std::size_t i) noexcept {
  return 2 * i + static_cast<std::size_t>(role);
}

template <Role role>
const Address& HostOf(const FlowRecord& record) noexcept {
  return role == Role::kSent ? record.source : record.destination;
}

template <Role role>
const Address& PeerOf(const FlowRecord& record) noexcept {
  return role == Role::kSent ? record.destination : record.source;
}

/// Packed counts for each protocol: the flow itself and its kind.
constexpr std::array<std::uint64_t, 256> kCountsByProtocol = [] {
  std::array<std::uint64_t, 256> counts{};
  counts.fill(packed::One(packed::kFlows));
  counts[kTcp] += packed::One(packed::kTcp);
  counts[kUdp] += packed::One(packed::kUdp);
  counts[kIcmp] += packed::One(packed::kIcmp);
  counts[kIcmp6] += packed::One(packed::kIcmp);
  return counts;
}();

}  // namespace

HostTable::UpdateResult HostTable::Impl::Update(std::span<const FlowRecord> records) noexcept {
  UpdateResult result;
  while (!records.empty()) {
    const std::span<const FlowRecord> batch = records.first(std::min(records.size(), kBatch));
    UpdateBatch(batch, result);
    records = records.subspan(batch.size());
  }
  return result;
}

void HostTable::Impl::UpdateBatch(std::span<const FlowRecord> records, UpdateResult& result) noexcept {
  constexpr std::size_t kStages = 4;
  Batch batch{records, {}, {}, {}, {}, {}};
  const std::size_t blocks = (records.size() + kBlock - 1) / kBlock;
  const auto range = [&](std::size_t block) {
    return Range{block * kBlock, std::min(records.size(), (block + 1) * kBlock)};
  };
  for (std::size_t step = 0; step < blocks + kStages - 1; ++step) {
    if (step < blocks) StartLookups(range(step), batch);
    if (step >= 1 && step - 1 < blocks) FindSlots(range(step - 1), batch);
    if (step >= 2 && step - 2 < blocks) FetchSketches(range(step - 2), batch);
    if (step >= 3) CountAll(range(step - 3), batch, result);
  }
}

void HostTable::Impl::StartLookups(Range range, Batch& batch) const noexcept {
  const auto start = [&](const Address& address, std::size_t place) {
    if (!monitors_all_ && !networks_.MayContain(address)) {
      batch.slot[place] = kUnmonitored;
      return;
    }
    batch.slot[place] = kToBeFound;
    batch.hash[place] = Hash(address);
    index_.Prefetch(batch.hash[place]);
  };
  for (std::size_t i = range.first; i < range.last; ++i) {
    start(batch.records[i].source, PlaceOf<Role::kSent>(i));
    start(batch.records[i].destination, PlaceOf<Role::kReceived>(i));
  }
}

template <Role role>
void HostTable::Impl::FindSlot(const FlowRecord& record, std::size_t i, Batch& batch) noexcept {
  const std::size_t place = PlaceOf<role>(i);
  if (batch.slot[place] == kUnmonitored) return;
  std::uint32_t slot = index_.FindCandidate(batch.hash[place]);
  if (slot == HostIndex::kAbsent) slot = Admit(batch.hash[place], HostOf<role>(record));
  batch.slot[place] = slot;
  if (slot == kUnmonitored) return;
  const RoleSlot& lines = slots_[slot].role(role);
  __builtin_prefetch(&lines.totals, 1);
  __builtin_prefetch(&lines.members, 1);
}

void HostTable::Impl::FindSlots(Range range, Batch& batch) noexcept {
  for (std::size_t i = range.first; i < range.last; ++i) {
    FindSlot<Role::kSent>(batch.records[i], i, batch);
    FindSlot<Role::kReceived>(batch.records[i], i, batch);
  }
}

template <Role role>
void HostTable::Impl::FetchSketchesOf(const FlowRecord& record, std::size_t i, Batch& batch) noexcept {
  std::uint32_t& slot = batch.slot[PlaceOf<role>(i)];
  if (slot == kUnmonitored) return;
  if (IsHost(slot) && !(slots_[slot].role(role).totals.host == HostOf<role>(record))) [[unlikely]] {
    // Another host with the same tag stood before this one.
    const std::uint64_t hash = batch.hash[PlaceOf<role>(i)];
    slot = FindExact(hash, HostOf<role>(record));
    if (slot == HostIndex::kAbsent) slot = Admit(hash, HostOf<role>(record));
    if (slot == kUnmonitored) return;
  }
  const RoleTotals& totals = slots_[slot].role(role).totals;
  const RoleMembers& members = slots_[slot].role(role).members;
  const Coupon peer = AddressCoupon(PeerOf<role>(record));
  batch.peer_coupon[PlaceOf<role>(i)] = peer;
  if (IsPooled(totals.peers)) PrefetchSketch(totals.peers, members.peers.pooled, peer, pool_);
  if (!record.Has(FlowRecord::kHasPorts)) return;
  if (IsPooled(totals.src_ports)) {
    Coupon& coupon = batch.src_port_coupon[i];
    if (coupon == 0) coupon = PortCoupon(record.source_port);
    PrefetchSketch(totals.src_ports, members.src_ports.pooled, coupon, pool_);
  }
  if (IsPooled(totals.dst_ports)) {
    Coupon& coupon = batch.dst_port_coupon[i];
    if (coupon == 0) coupon = PortCoupon(record.destination_port);
    PrefetchSketch(totals.dst_ports, members.dst_ports.pooled, coupon, pool_);
  }
}

void HostTable::Impl::FetchSketches(Range range, Batch& batch) noexcept {
  for (std::size_t i = range.first; i < range.last; ++i) {
    FetchSketchesOf<Role::kSent>(batch.records[i], i, batch);
    FetchSketchesOf<Role::kReceived>(batch.records[i], i, batch);
  }
}

/// Without branches, since what a record carries can't be foreseen.
HostTable::Impl::Increment HostTable::Impl::IncrementOf(const FlowRecord& record) noexcept {
  constexpr std::uint64_t kLowBitOfEachByte = 0x0101010101010101ULL;
  const std::uint64_t has_duration = record.Has(FlowRecord::kHasDuration) ? 1 : 0;
  const std::uint64_t duration = record.duration_us & (0 - has_duration);
  const std::uint64_t counts =
      kCountsByProtocol[record.protocol] + has_duration * packed::One(packed::kDurations);
  const std::uint64_t flags = record.protocol == kTcp ? record.tcp_flags : 0U;
  return {_mm256_setr_epi64x(static_cast<long long>(record.packets), static_cast<long long>(record.bytes),
                             static_cast<long long>(duration), static_cast<long long>(counts)),
          _pdep_u64(flags, kLowBitOfEachByte)};
}

template <Role role>
void HostTable::Impl::Count(std::uint32_t slot, const Increment& increment, std::size_t i,
                            const Batch& batch) noexcept {
  RoleTotals& totals = slots_[slot].role(role).totals;
  RoleMembers& members = slots_[slot].role(role).members;
  auto* sums = reinterpret_cast<__m256i*>(&totals.packets);
  _mm256_storeu_si256(sums, _mm256_add_epi64(_mm256_loadu_si256(sums), increment.sums));
  totals.tcp_flags += increment.tcp_flags;
  const FlowRecord& record = batch.records[i];
  std::uint64_t saturated = AddPeer(totals.peers, members.peers, batch.peer_coupon[PlaceOf<role>(i)], pool_);
  if (record.Has(FlowRecord::kHasPorts)) {
    saturated +=
        AddPort(totals.src_ports, members.src_ports, record.source_port, batch.src_port_coupon[i], pool_);
    saturated += AddPort(totals.dst_ports, members.dst_ports, record.destination_port,
                         batch.dst_port_coupon[i], pool_);
  }
  saturated_ += saturated;
  if (packed::Get(totals.counts, packed::kFlows) == packed::kMaxFlows) [[unlikely]]
    wide_.Spill(totals);
}

void HostTable::Impl::CountAll(Range range, Batch& batch, UpdateResult& result) noexcept {
  for (std::size_t i = range.first; i < range.last; ++i) {
    const FlowRecord& record = batch.records[i];
    const std::uint32_t source = batch.slot[PlaceOf<Role::kSent>(i)];
    const std::uint32_t destination = batch.slot[PlaceOf<Role::kReceived>(i)];
    if (source == kUnmonitored && destination == kUnmonitored) {
      ++result.unmonitored;
      continue;
    }
    const Increment increment = IncrementOf(record);
    if (source != kUnmonitored) Count<Role::kSent>(source, increment, i, batch);
    if (destination != kUnmonitored) Count<Role::kReceived>(destination, increment, i, batch);
    ++result.flows;
    result.packets += record.packets;
    result.bytes += record.bytes;
    result.scaled += record.Has(FlowRecord::kScaled) ? 1U : 0U;
  }
}

}  // namespace hostscope::aggregator
