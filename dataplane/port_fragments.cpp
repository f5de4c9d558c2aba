#include "dataplane/port_fragments.h"

#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <stdexcept>

#include "ipfix/bounded_map.h"
#include "ipfix/wire.h"

namespace hostscope::dataplane {
namespace {

// As many as a receive queue may bring while another worker is in a loop of its own.
constexpr unsigned kRing = 512;
constexpr std::size_t kOnTheirWay = 1024;
constexpr std::size_t kBeingRead = 64;
constexpr std::uint64_t kHomes = 16384;
constexpr std::uint64_t kWorkerBits = 0xffff;
constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;

/// Beside those in the table: on their way to the joiner, and as whole datagrams from there. Where these are
/// used up, newer ones are dropped.
std::uint32_t BufferCount(const FragmentConfig& config, std::size_t workers) noexcept {
  return static_cast<std::uint32_t>(config.max_held + kBeingRead + (workers > 1 ? kOnTheirWay : 0));
}

std::uint64_t ExporterDigest(const Address& address, std::uint16_t port) noexcept {
  return ipfix::MixBits(ipfix::MixBits(address.high_bits() + port) ^ address.low_bits());
}

rte_mbuf* Dequeue(rte_ring* ring) noexcept {
  void* object = nullptr;
  return rte_ring_dequeue(ring, &object) == 0 ? static_cast<rte_mbuf*>(object) : nullptr;
}

}  // namespace

void PortFragments::RingDeleter::operator()(rte_ring* ring) const noexcept {
  std::free(ring);
}

PortFragments::Ring PortFragments::MakeRing(unsigned size, unsigned flags) {
  const auto needed = static_cast<std::size_t>(rte_ring_get_memsize(size));
  const std::size_t aligned = (needed + alignof(rte_ring) - 1) / alignof(rte_ring) * alignof(rte_ring);
  Ring ring(static_cast<rte_ring*>(std::aligned_alloc(alignof(rte_ring), aligned)));
  if (!ring) throw std::bad_alloc();
  if (rte_ring_init(ring.get(), "fragments", size, flags) != 0) {
    throw std::runtime_error("a ring for fragments could not be made");
  }
  return ring;
}

PortFragments::PortFragments(const FragmentConfig& config, const Options& options)
    : joiner_(options.workers.front()), counters_(options.worker_count) {
  const std::string name = "fragments-" + options.name;
  const std::uint32_t buffers = BufferCount(config, options.workers.size());
  pool_ = rte_pktmbuf_pool_create(name.c_str(), buffers, 0, 0, options.buffer_room, options.socket);
  if (pool_ == nullptr) {
    throw std::runtime_error("no memory for " + std::to_string(buffers) +
                             " buffers of fragments: " + rte_strerror(rte_errno));
  }
  try {
    const std::int64_t seconds = (config.timeout_ns + kNanosecondsPerSecond - 1) / kNanosecondsPerSecond;
    table_ = std::make_unique<FragmentTable>(
        config.max_held, static_cast<std::size_t>(std::max<std::int64_t>(seconds, 1)), options.socket);
    if (options.workers.size() == 1) return;
    incoming_ = MakeRing(kRing, RING_F_SC_DEQ);
    whole_.resize(options.worker_count);
    for (const std::size_t worker : options.workers) {
      whole_[worker] = MakeRing(kRing, RING_F_SP_ENQ | RING_F_SC_DEQ);
    }
    homes_ = std::make_unique<std::atomic<std::uint64_t>[]>(kHomes);
  } catch (...) {
    table_.reset();
    rte_mempool_free(pool_);
    throw;
  }
}

PortFragments::~PortFragments() {
  Clear();
  table_.reset();
  rte_mempool_free(pool_);
}

std::size_t PortFragments::NeededMib(const FragmentConfig& config, std::size_t buffer_room) noexcept {
  constexpr std::size_t kPerBuffer = sizeof(rte_mbuf) + 2 * RTE_CACHE_LINE_SIZE;
  const std::size_t buffers = BufferCount(config, 2) * (buffer_room + kPerBuffer);
  return (buffers + FragmentTable::NeededBytes(config.max_held)) / (1U << 20) + 1;
}

rte_mbuf* PortFragments::Take(std::size_t worker, std::span<const std::uint8_t> frame) noexcept {
  FragmentCounters& books = counters_[worker];
  books.fragments.Add(1);
  IpPacket packet;
  Fragment fragment;
  if (WalkToTransport(frame, LinkType::kEthernet, packet) != HeaderResult::kIp ||
      !ReadFragment(frame, packet, fragment) || !fragment.IsPossible()) {
    books.Drop(FragmentDrop::kMalformed, 1, !packet.is_later_fragment);
    return nullptr;
  }
  rte_mbuf* const copy = FragmentTable::Copy(fragment, pool_);
  if (copy == nullptr) {
    books.Drop(FragmentDrop::kTableFull, 1, fragment.offset == 0);
    return nullptr;
  }
  copy->hash.usr = static_cast<std::uint32_t>(worker);
  if (!is_shared()) return table_->Add(copy, books);
  if (worker == joiner_) return Join(copy);
  if (rte_ring_mp_enqueue(incoming_.get(), copy) != 0) {
    books.Drop(FragmentDrop::kTableFull, 1, fragment.offset == 0);
    rte_pktmbuf_free(copy);
  }
  return nullptr;
}

rte_mbuf* PortFragments::Next(std::size_t worker) noexcept {
  if (worker == joiner_) {
    while (rte_mbuf* const fragment = Dequeue(incoming_.get())) {
      if (rte_mbuf* const whole = Join(fragment)) return whole;
    }
  }
  return Dequeue(whole_[worker].get());
}

/// Joiner: the whole datagram if it is the joiner's own.
rte_mbuf* PortFragments::Join(rte_mbuf* fragment) noexcept {
  FragmentCounters& books = counters_[joiner_];
  rte_mbuf* const whole = table_->Add(fragment, books);
  if (whole == nullptr) return nullptr;
  const std::size_t home = HomeOf(whole);
  if (home == joiner_) return whole;
  if (rte_ring_sp_enqueue(whole_[home].get(), whole) != 0) {
    books.Drop(FragmentDrop::kTableFull, whole->nb_segs, true);
    rte_pktmbuf_free(whole);
  }
  return nullptr;
}

std::atomic<std::uint64_t>& PortFragments::HomeEntry(std::uint64_t key) const noexcept {
  return homes_[(key >> 16) % kHomes];
}

void PortFragments::SetHome(std::size_t worker, const Address& exporter, std::uint16_t port) noexcept {
  if (!is_shared()) return;
  const std::uint64_t key = ExporterDigest(exporter, port);
  HomeEntry(key).store((key & ~kWorkerBits) | (worker + 1), std::memory_order_relaxed);
}

std::size_t PortFragments::HomeOf(const rte_mbuf* whole) const noexcept {
  const auto* const ip = rte_pktmbuf_mtod(whole, const std::uint8_t*);
  const bool is_ipv6 = ip[0] >> 4 == 6;
  std::uint32_t ipv4;
  std::memcpy(&ipv4, ip + 12, sizeof(ipv4));
  const Address exporter = is_ipv6 ? Address::FromIpv6(ip + 8) : Address::FromIpv4(ipv4);
  const std::uint16_t port = ipfix::LoadBe16(ip + (is_ipv6 ? kIpv6Header : kIpv4Header));
  const std::uint64_t key = ExporterDigest(exporter, port);
  const std::uint64_t entry = HomeEntry(key).load(std::memory_order_relaxed);
  const bool is_known = entry != 0 && ((entry ^ key) & ~kWorkerBits) == 0;
  return is_known ? (entry & kWorkerBits) - 1 : whole->hash.usr;
}

void PortFragments::Tick(std::size_t worker) noexcept {
  if (worker == joiner_) table_->Tick(counters_[joiner_]);
}

void PortFragments::Clear() noexcept {
  FragmentCounters& books = counters_[joiner_];
  table_->Clear(books);
  if (!is_shared()) return;
  while (rte_mbuf* const fragment = Dequeue(incoming_.get())) {
    books.Drop(FragmentDrop::kTimeout, 1, FragmentTable::IsFirst(fragment));
    rte_pktmbuf_free(fragment);
  }
  for (const Ring& ring : whole_) {
    while (rte_mbuf* const whole = ring ? Dequeue(ring.get()) : nullptr) {
      books.Drop(FragmentDrop::kTimeout, whole->nb_segs, true);
      rte_pktmbuf_free(whole);
    }
  }
}

FragmentCounters PortFragments::Total() const noexcept {
  FragmentCounters total;
  for (const FragmentCounters& one : counters_) total += one;
  return total;
}

}  // namespace hostscope::dataplane
