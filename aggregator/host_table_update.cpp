#include <immintrin.h>

#include <algorithm>
#include <array>

#include "aggregator/hashing_pairs.h"
#include "aggregator/host_table_impl.h"

// Counting a batch. Nearly all the time of a table that is larger than the caches would be spent waiting for
// memory, one line after the other: index, slot, sketch. So each stage runs over a whole chunk of records and
// only asks for the lines that the next stage reads; a core then waits for some ten of them at once.
namespace hostscope::aggregator {

struct HostTable::Impl::Batch {
  explicit Batch(std::span<const FlowRecord> all) noexcept : records(all) {}

  std::span<const FlowRecord> records;
  // By record and role: 2 * i for the source, 2 * i + 1 for the destination.
  alignas(32) std::array<HostIndex::Key, 2 * kBatch> key;
  alignas(32) std::array<Coupon, 2 * kBatch> peer_coupon;  ///< of the other side's address
  alignas(32) std::array<Coupon, 2 * kBatch> port_coupon;  ///< of the source port, of the destination port
  std::array<RoleSlot*, 2 * kBatch> slot;                  ///< null: not monitored
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

/// To leave out what is in the place of TCP's control bits with other protocols.
constexpr std::array<std::uint8_t, 256> kTcpMask = [] {
  std::array<std::uint8_t, 256> masks{};
  masks[kTcp] = 0xff;
  return masks;
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
  Batch batch(records);
  const std::size_t blocks = (records.size() + kBlock - 1) / kBlock;
  const auto range = [&](std::size_t block) {
    return Range{block * kBlock, std::min(records.size(), (block + 1) * kBlock)};
  };
  for (std::size_t step = 0; step < blocks + 3 * kAhead; ++step) {
    if (step < blocks) StartLookups(range(step), batch);
    if (step >= kAhead && step - kAhead < blocks) FindSlots(range(step - kAhead), batch);
    if (step >= 2 * kAhead && step - 2 * kAhead < blocks) FetchSketches(range(step - 2 * kAhead), batch);
    if (step >= 3 * kAhead) CountAll(range(step - 3 * kAhead), batch, result);
  }
  // Apart from the loop, whose cost without them stays what it is.
  if (tops_.is_on()) CountTops(batch);
}

// Apart, so that the stages above are compiled as if there were no lists.
[[gnu::noinline]] void HostTable::Impl::CountTops(const Batch& batch) noexcept {
  std::array<std::uint32_t, 2 * kBatch> slot;
  for (std::size_t place = 0; place < 2 * batch.records.size(); ++place) {
    // Both roles of a host lie in its slot.
    const RoleSlot* role = batch.slot[place];
    slot[place] = role == nullptr ? kUnmonitored : static_cast<std::uint32_t>((role - &slots_[0].sent) / 2);
  }
  tops_.Count(batch.records, slot.data());
}

void HostTable::Impl::StartLookups(Range range, Batch& batch) const noexcept {
  // Copies, since the compiler must else expect that writing to the batch changes them.
  const std::uint64_t hash_key = hash_key_;
  const std::size_t buckets = index_.bucket_count();
  const bool monitors_all = monitors_all_;
  for (std::size_t i = range.first; i < range.last; i += 2) {
    const FlowRecord& first = batch.records[i];
    const FlowRecord& second = batch.records[std::min(i + 1, range.last - 1)];
    const AddressPairs addresses(first, second);
    _mm256_store_si256(reinterpret_cast<__m256i*>(&batch.key[2 * i]),
                       HostIndex::KeysOf(addresses.TableHashes(hash_key), buckets));
    _mm_store_si128(reinterpret_cast<__m128i*>(&batch.peer_coupon[2 * i]), addresses.PeerCoupons());
    _mm_store_si128(reinterpret_cast<__m128i*>(&batch.port_coupon[2 * i]), PortCoupons(first, second));
  }
  const auto start = [&](const Address& address, std::size_t place) {
    if (!monitors_all && !networks_.MayContain(address)) {
      batch.key[place] = HostIndex::kNoKey;
    } else {
      index_.Prefetch(batch.key[place]);
    }
  };
  for (std::size_t i = range.first; i < range.last; ++i) {
    start(batch.records[i].source, PlaceOf<Role::kSent>(i));
    start(batch.records[i].destination, PlaceOf<Role::kReceived>(i));
  }
}

/// The host's slot in a role, or null where there is none.
template <Role role>
RoleSlot* HostTable::Impl::AdmitRole(HostIndex::Key key, const Address& host) noexcept {
  const std::uint32_t slot = Admit(key, host);
  return slot == kUnmonitored ? nullptr : &slots_[slot].role(role);
}

template <Role role>
void HostTable::Impl::FindSlot(const FlowRecord& record, std::size_t i, Batch& batch) noexcept {
  const std::size_t place = PlaceOf<role>(i);
  const HostIndex::Key key = batch.key[place];
  batch.slot[place] = nullptr;
  if (key.is_none()) return;
  const std::uint32_t found = index_.FindCandidate(key);
  RoleSlot* slot = nullptr;
  if (found != HostIndex::kAbsent) [[likely]] {
    slot = &slots_[found].role(role);
  } else {
    slot = AdmitRole<role>(key, HostOf<role>(record));
    if (slot == nullptr) return;
  }
  batch.slot[place] = slot;
  __builtin_prefetch(&slot->totals, 1);
  __builtin_prefetch(&slot->members, 1);
}

void HostTable::Impl::FindSlots(Range range, Batch& batch) noexcept {
  for (std::size_t i = range.first; i < range.last; ++i) {
    FindSlot<Role::kSent>(batch.records[i], i, batch);
    FindSlot<Role::kReceived>(batch.records[i], i, batch);
  }
}

/// For a slot whose host is another one: it is an `other` record, or another host with the same tag stood
/// before.
template <Role role>
RoleSlot* HostTable::Impl::FindAgain(RoleSlot* slot, const FlowRecord& record, HostIndex::Key key) noexcept {
  if (reinterpret_cast<const HostSlot*>(slot) >= &slots_[max_hosts_]) return slot;
  const std::uint32_t found = FindExact(key, HostOf<role>(record));
  return found == HostIndex::kAbsent ? AdmitRole<role>(key, HostOf<role>(record)) : &slots_[found].role(role);
}

template <Role role>
inline void HostTable::Impl::FetchSketchesOf(const FlowRecord& record, std::size_t i, Batch& batch) noexcept {
  const std::size_t place = PlaceOf<role>(i);
  RoleSlot* slot = batch.slot[place];
  if (slot == nullptr) return;
  if (!(slot->totals.host == HostOf<role>(record))) [[unlikely]] {
    slot = FindAgain<role>(slot, record, batch.key[place]);
    batch.slot[place] = slot;
    if (slot == nullptr) return;
  }
  const auto& [totals, members] = *slot;
  PrefetchBlock(totals.peers, members.peers.pooled, batch.peer_coupon[place], pool_);
  PrefetchBlock(totals.src_ports, members.src_ports.pooled, batch.port_coupon[2 * i], pool_);
  PrefetchBlock(totals.dst_ports, members.dst_ports.pooled, batch.port_coupon[2 * i + 1], pool_);
}

void HostTable::Impl::FetchSketches(Range range, Batch& batch) noexcept {
  for (std::size_t i = range.first; i < range.last; ++i) {
    FetchSketchesOf<Role::kSent>(batch.records[i], i, batch);
    FetchSketchesOf<Role::kReceived>(batch.records[i], i, batch);
  }
}

/// Without branches, since what a record carries can't be foreseen.
inline HostTable::Impl::Increment HostTable::Impl::IncrementOf(const FlowRecord& record) noexcept {
  constexpr std::uint64_t kLowBitOfEachByte = 0x0101010101010101ULL;
  const std::uint64_t has_duration = record.Has(FlowRecord::kHasDuration) ? 1 : 0;
  const std::uint64_t duration = record.duration_us & (0 - has_duration);
  const std::uint64_t counts =
      kCountsByProtocol[record.protocol] + has_duration * packed::One(packed::kDurations);
  const std::uint64_t flags = record.tcp_flags & kTcpMask[record.protocol];
  return {_mm256_setr_epi64x(static_cast<long long>(record.packets), static_cast<long long>(record.bytes),
                             static_cast<long long>(duration), static_cast<long long>(counts)),
          _pdep_u64(flags, kLowBitOfEachByte)};
}

inline std::uint64_t HostTable::Impl::Count(RoleSlot& slot, const Increment& increment,
                                            const FlowRecord& record, Coupon peer, Coupon src_port,
                                            Coupon dst_port) noexcept {
  auto& [totals, members] = slot;
  const bool is_full = packed::Get(totals.counts, packed::kFlows) == packed::kMaxFlows - 1;
  auto* sums = reinterpret_cast<__m256i*>(&totals.packets);
  _mm256_storeu_si256(sums, _mm256_add_epi64(_mm256_loadu_si256(sums), increment.sums));
  totals.tcp_flags += increment.tcp_flags;
  if (is_full) [[unlikely]]
    wide_.Spill(totals);
  const bool has_ports = record.Has(FlowRecord::kHasPorts);
  const std::uint32_t states = StatesOf(totals);
  // The three counts of a role are mostly of one stage, so one branch decides for all.
  if (AreDense(states)) {
    RaiseRegister(pool_.At(members.peers.pooled.block), peer);
    if (!has_ports) return 0;
    RaiseRegister(pool_.At(members.src_ports.pooled.block), src_port);
    RaiseRegister(pool_.At(members.dst_ports.pooled.block), dst_port);
    return 0;
  }
  if (AreListsWithRoom(states)) {
    AddToList(totals.peers, members.peers, peer);
    if (!has_ports) return 0;
    AddToList(totals.src_ports, members.src_ports, record.source_port);
    AddToList(totals.dst_ports, members.dst_ports, record.destination_port);
    return 0;
  }
  return AddMembers(slot, record, peer, src_port, dst_port);
}

std::uint64_t HostTable::Impl::AddMembers(RoleSlot& slot, const FlowRecord& record, Coupon peer,
                                          Coupon src_port, Coupon dst_port) noexcept {
  auto& [totals, members] = slot;
  std::uint64_t saturated = AddPeer(totals.peers, members.peers, peer, pool_);
  if (!record.Has(FlowRecord::kHasPorts)) return saturated;
  saturated += AddPort(totals.src_ports, members.src_ports, record.source_port, src_port, pool_);
  saturated += AddPort(totals.dst_ports, members.dst_ports, record.destination_port, dst_port, pool_);
  return saturated;
}

void HostTable::Impl::CountAll(Range range, const Batch& batch, UpdateResult& sum) noexcept {
  __m256i sums = _mm256_setzero_si256();
  std::uint64_t unmonitored = 0;
  std::uint64_t scaled = 0;
  std::uint64_t saturated = 0;
  for (std::size_t i = range.first; i < range.last; ++i) {
    const FlowRecord& record = batch.records[i];
    RoleSlot* const source = batch.slot[PlaceOf<Role::kSent>(i)];
    RoleSlot* const destination = batch.slot[PlaceOf<Role::kReceived>(i)];
    if (source == nullptr && destination == nullptr) {
      ++unmonitored;
      continue;
    }
    const Increment increment = IncrementOf(record);
    const Coupon src_port = batch.port_coupon[2 * i];
    const Coupon dst_port = batch.port_coupon[2 * i + 1];
    if (source != nullptr) {
      saturated +=
          Count(*source, increment, record, batch.peer_coupon[PlaceOf<Role::kSent>(i)], src_port, dst_port);
    }
    if (destination != nullptr) {
      saturated += Count(*destination, increment, record, batch.peer_coupon[PlaceOf<Role::kReceived>(i)],
                         src_port, dst_port);
    }
    sums = _mm256_add_epi64(sums, increment.sums);
    scaled += record.traits & FlowRecord::kScaled;
  }
  saturated_ += saturated;
  sum.flows += range.last - range.first - unmonitored;
  sum.packets += static_cast<std::uint64_t>(_mm256_extract_epi64(sums, 0));
  sum.bytes += static_cast<std::uint64_t>(_mm256_extract_epi64(sums, 1));
  sum.scaled += scaled / FlowRecord::kScaled;
  sum.unmonitored += unmonitored;
}

}  // namespace hostscope::aggregator
