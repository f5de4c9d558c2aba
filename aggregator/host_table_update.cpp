#include <immintrin.h>

#include <algorithm>
#include <array>

#include "aggregator/host_table_impl.h"

// Counting a batch. Nearly all the time of a table that is larger than the caches would be spent waiting for
// memory, one line after the other: index, slot, sketch. So each stage runs over a whole chunk of records and
// only asks for the lines that the next stage reads; a core then waits for some ten of them at once.
namespace hostscope::aggregator {

struct HostTable::Impl::Chunk {
  // By record and role: 2 * i for the source, 2 * i + 1 for the destination.
  std::array<std::uint64_t, 2 * kChunk> hash;
  std::array<std::uint32_t, 2 * kChunk> slot;
  std::array<Coupon, 2 * kChunk> peer_coupon;  ///< of the other side's address
  // By record: of its ports, 0 until somebody needs it.
  std::array<Coupon, kChunk> src_port_coupon;
  std::array<Coupon, kChunk> dst_port_coupon;
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

template <Role role>
void PrefetchLines(const HostSlot& slot) noexcept {
  __builtin_prefetch(&slot.totals(role), 1);
  __builtin_prefetch(&slot.detail(role), 1);
  __builtin_prefetch(&slot.ports(role), 1);
}

/// Adds 1 to each counter whose bit is set: all eight at once.
void CountFlags(std::array<std::uint32_t, 8>& counters, unsigned flags) noexcept {
  const __m256i bits = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
  const __m256i present = _mm256_and_si256(_mm256_set1_epi32(static_cast<int>(flags)), bits);
  auto* at = reinterpret_cast<__m256i*>(counters.data());
  _mm256_store_si256(at, _mm256_sub_epi32(_mm256_load_si256(at), _mm256_cmpeq_epi32(present, bits)));
}

/// The plain sums. Without branches, since what a record carries can't be foreseen.
void CountTotals(RoleTotals& totals, const FlowRecord& record) noexcept {
  ++totals.flows;
  totals.packets += record.packets;
  totals.bytes += record.bytes;
  const unsigned has_duration = record.Has(FlowRecord::kHasDuration) ? 1 : 0;
  totals.duration_count += has_duration;
  totals.duration_sum_us += record.duration_us & (0 - std::uint64_t{has_duration});
  const std::uint8_t protocol = record.protocol;
  totals.tcp += protocol == kTcp ? 1 : 0;
  totals.udp += protocol == kUdp ? 1 : 0;
  totals.icmp += (protocol == kIcmp ? 1U : 0U) + (protocol == kIcmp6 ? 1U : 0U);
}

}  // namespace

HostTable::UpdateResult HostTable::Impl::Update(std::span<const FlowRecord> records) noexcept {
  UpdateResult result;
  Chunk chunk;
  while (!records.empty()) {
    const std::span<const FlowRecord> part = records.first(std::min(records.size(), kChunk));
    StartLookups(part, chunk);
    FindSlots(part, chunk);
    FetchSketches(part, chunk);
    CountAll(part, chunk, result);
    records = records.subspan(part.size());
  }
  return result;
}

void HostTable::Impl::StartLookups(std::span<const FlowRecord> records, Chunk& chunk) const noexcept {
  const auto start = [&](const Address& address, std::size_t place) {
    if (!monitors_all_ && !networks_.MayContain(address)) {
      chunk.slot[place] = kUnmonitored;
      return;
    }
    chunk.slot[place] = kToBeFound;
    chunk.hash[place] = Hash(address);
    index_.Prefetch(chunk.hash[place]);
  };
  for (std::size_t i = 0; i < records.size(); ++i) {
    start(records[i].source, PlaceOf<Role::kSent>(i));
    start(records[i].destination, PlaceOf<Role::kReceived>(i));
  }
}

template <Role role>
void HostTable::Impl::FindSlot(const FlowRecord& record, std::size_t i, Chunk& chunk) noexcept {
  const std::size_t place = PlaceOf<role>(i);
  if (chunk.slot[place] == kUnmonitored) return;
  std::uint32_t slot = index_.FindCandidate(chunk.hash[place]);
  if (slot == HostIndex::kAbsent) slot = Admit(chunk.hash[place], HostOf<role>(record));
  chunk.slot[place] = slot;
  if (slot != kUnmonitored) PrefetchLines<role>(slots_[slot]);
}

void HostTable::Impl::FindSlots(std::span<const FlowRecord> records, Chunk& chunk) noexcept {
  for (std::size_t i = 0; i < records.size(); ++i) {
    FindSlot<Role::kSent>(records[i], i, chunk);
    FindSlot<Role::kReceived>(records[i], i, chunk);
  }
}

template <Role role>
void HostTable::Impl::FetchSketchesOf(const FlowRecord& record, std::size_t i, Chunk& chunk) noexcept {
  std::uint32_t& slot = chunk.slot[PlaceOf<role>(i)];
  if (slot == kUnmonitored) return;
  if (IsHost(slot) && !(slots_[slot].totals(role).host == HostOf<role>(record))) [[unlikely]] {
    // Another host with the same tag stood before this one.
    const std::uint64_t hash = chunk.hash[PlaceOf<role>(i)];
    slot = FindExact(hash, HostOf<role>(record));
    if (slot == HostIndex::kAbsent) slot = Admit(hash, HostOf<role>(record));
    if (slot == kUnmonitored) return;
  }
  const HostSlot& host = slots_[slot];
  const RoleTotals& totals = host.totals(role);
  const Coupon peer = AddressCoupon(PeerOf<role>(record));
  chunk.peer_coupon[PlaceOf<role>(i)] = peer;
  if (IsPooled(totals.peers)) PrefetchSketch(totals.peers, host.detail(role).peers.pooled, peer, pool_);
  if (!record.Has(FlowRecord::kHasPorts)) return;
  if (IsPooled(totals.src_ports)) {
    Coupon& coupon = chunk.src_port_coupon[i];
    if (coupon == 0) coupon = PortCoupon(record.source_port);
    PrefetchSketch(totals.src_ports, host.ports(role).src.pooled, coupon, pool_);
  }
  if (IsPooled(totals.dst_ports)) {
    Coupon& coupon = chunk.dst_port_coupon[i];
    if (coupon == 0) coupon = PortCoupon(record.destination_port);
    PrefetchSketch(totals.dst_ports, host.ports(role).dst.pooled, coupon, pool_);
  }
}

void HostTable::Impl::FetchSketches(std::span<const FlowRecord> records, Chunk& chunk) noexcept {
  chunk.src_port_coupon.fill(0);
  chunk.dst_port_coupon.fill(0);
  for (std::size_t i = 0; i < records.size(); ++i) {
    FetchSketchesOf<Role::kSent>(records[i], i, chunk);
    FetchSketchesOf<Role::kReceived>(records[i], i, chunk);
  }
}

template <Role role>
void HostTable::Impl::Count(std::uint32_t slot, const FlowRecord& record, std::size_t i,
                            const Chunk& chunk) noexcept {
  HostSlot& host = slots_[slot];
  RoleTotals& totals = host.totals(role);
  RoleDetail& detail = host.detail(role);
  CountTotals(totals, record);
  CountFlags(detail.tcp_flags, record.protocol == kTcp ? record.tcp_flags : 0U);
  std::uint64_t saturated = AddPeer(totals.peers, detail.peers, chunk.peer_coupon[PlaceOf<role>(i)], pool_);
  if (record.Has(FlowRecord::kHasPorts)) {
    RolePorts& ports = host.ports(role);
    saturated += AddPort(totals.src_ports, ports.src, record.source_port, chunk.src_port_coupon[i], pool_);
    saturated +=
        AddPort(totals.dst_ports, ports.dst, record.destination_port, chunk.dst_port_coupon[i], pool_);
  }
  saturated_ += saturated;
  if (totals.flows >= WideCounters::kSpillAt) [[unlikely]]
    wide_.Spill(slot, role, host);
}

void HostTable::Impl::CountAll(std::span<const FlowRecord> records, Chunk& chunk,
                               UpdateResult& result) noexcept {
  for (std::size_t i = 0; i < records.size(); ++i) {
    const FlowRecord& record = records[i];
    const std::uint32_t source = chunk.slot[PlaceOf<Role::kSent>(i)];
    const std::uint32_t destination = chunk.slot[PlaceOf<Role::kReceived>(i)];
    if (source == kUnmonitored && destination == kUnmonitored) {
      ++result.unmonitored;
      continue;
    }
    if (source != kUnmonitored) Count<Role::kSent>(source, record, i, chunk);
    if (destination != kUnmonitored) Count<Role::kReceived>(destination, record, i, chunk);
    ++result.flows;
    result.packets += record.packets;
    result.bytes += record.bytes;
    result.scaled += record.Has(FlowRecord::kScaled) ? 1U : 0U;
  }
}

}  // namespace hostscope::aggregator
