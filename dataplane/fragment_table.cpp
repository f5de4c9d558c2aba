#include "dataplane/fragment_table.h"

#include <netinet/in.h>
#include <rte_byteorder.h>
#include <rte_ip.h>
#include <rte_ip_frag.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>

namespace hostscope::dataplane {
namespace {

constexpr std::uint32_t kBucketEntries = 8;
constexpr std::size_t kBytesPerEntry = 256;
static_assert(FragmentTable::kMaxFragments == RTE_LIBRTE_IP_FRAG_MAX_FRAG);

constexpr std::size_t kIpv4Header = sizeof(rte_ipv4_hdr);
constexpr std::size_t kIpv6OffsetMask = 0xfff8;  // in units of eight bytes, in the upper bits
constexpr std::size_t kIpv6Headers = sizeof(rte_ipv6_hdr) + sizeof(rte_ipv6_fragment_ext);

/// Buckets such that twice the entries fit that there can be: then two buckets that a datagram may be in are
/// hardly ever full both.
std::uint32_t BucketsFor(std::size_t max_held) noexcept {
  return static_cast<std::uint32_t>(std::bit_ceil(std::max<std::size_t>(max_held / kBucketEntries, 1)));
}

struct Place {
  std::size_t offset;
  bool has_more;
};

bool IsIpv4(const rte_mbuf* fragment) noexcept {
  return fragment->l3_len == kIpv4Header;
}

Place PlaceOf(const rte_mbuf* fragment) noexcept {
  if (IsIpv4(fragment)) {
    const std::uint16_t word =
        rte_be_to_cpu_16(rte_pktmbuf_mtod(fragment, const rte_ipv4_hdr*)->fragment_offset);
    return {(word & RTE_IPV4_HDR_OFFSET_MASK) * std::size_t{RTE_IPV4_HDR_OFFSET_UNITS},
            (word & RTE_IPV4_HDR_MF_FLAG) != 0};
  }
  const std::uint16_t word = rte_be_to_cpu_16(
      rte_pktmbuf_mtod_offset(fragment, const rte_ipv6_fragment_ext*, sizeof(rte_ipv6_hdr))->frag_data);
  return {word & kIpv6OffsetMask, (word & RTE_IPV6_EHDR_MF_MASK) != 0};
}

std::uint8_t* WriteIpv4Header(const Fragment& fragment, std::uint8_t* to) noexcept {
  rte_ipv4_hdr header{};
  header.version_ihl = RTE_IPV4_VHL_DEF;
  header.total_length = rte_cpu_to_be_16(static_cast<std::uint16_t>(kIpv4Header + fragment.bytes.size()));
  header.packet_id = rte_cpu_to_be_16(static_cast<std::uint16_t>(fragment.id));
  header.fragment_offset = rte_cpu_to_be_16(static_cast<std::uint16_t>(
      fragment.offset / RTE_IPV4_HDR_OFFSET_UNITS | (fragment.is_last ? 0U : RTE_IPV4_HDR_MF_FLAG)));
  header.time_to_live = 1;
  header.next_proto_id = fragment.protocol;
  header.src_addr = fragment.source.ipv4_bits();
  header.dst_addr = fragment.destination.ipv4_bits();
  std::memcpy(to, &header, sizeof(header));
  return to + sizeof(header);
}

std::uint8_t* WriteIpv6Headers(const Fragment& fragment, std::uint8_t* to) noexcept {
  rte_ipv6_hdr header{};
  header.vtc_flow = rte_cpu_to_be_32(6U << 28);
  header.payload_len =
      rte_cpu_to_be_16(static_cast<std::uint16_t>(sizeof(rte_ipv6_fragment_ext) + fragment.bytes.size()));
  header.proto = IPPROTO_FRAGMENT;
  header.hop_limits = 1;
  std::memcpy(header.src_addr, fragment.source.bytes.data(), sizeof(header.src_addr));
  std::memcpy(header.dst_addr, fragment.destination.bytes.data(), sizeof(header.dst_addr));
  rte_ipv6_fragment_ext extension{};
  extension.next_header = fragment.protocol;
  extension.frag_data =
      rte_cpu_to_be_16(static_cast<std::uint16_t>(fragment.offset | (fragment.is_last ? 0U : 1U)));
  extension.id = rte_cpu_to_be_32(fragment.id);
  std::memcpy(to, &header, sizeof(header));
  std::memcpy(to + sizeof(header), &extension, sizeof(extension));
  return to + kIpv6Headers;
}

}  // namespace

FragmentTable::FragmentTable(std::size_t max_held, std::size_t timeout_seconds, int socket)
    : max_age_(std::max<std::size_t>(max_held, 2) - 1),
      tick_at_(timeout_seconds, 0),
      table_(rte_ip_frag_table_create(BucketsFor(max_held), kBucketEntries,
                                      static_cast<std::uint32_t>(max_age_ + 2), max_age_, socket)),
      dead_(std::make_unique<rte_ip_frag_death_row>()) {
  if (table_ == nullptr) throw std::runtime_error("no memory to put fragments of datagrams together");
}

FragmentTable::~FragmentTable() {
  rte_ip_frag_table_destroy(table_);
}

std::size_t FragmentTable::NeededBytes(std::size_t max_held) noexcept {
  // In two halves, each of BucketsFor() buckets.
  return (std::size_t{2} * BucketsFor(max_held) * kBucketEntries + 8) * kBytesPerEntry;
}

rte_mbuf* FragmentTable::Copy(const Fragment& fragment, rte_mempool* pool) noexcept {
  rte_mbuf* const copy = rte_pktmbuf_alloc(pool);
  if (copy == nullptr) return nullptr;
  const std::size_t header = fragment.is_ipv6 ? kIpv6Headers : kIpv4Header;
  const std::size_t length = header + fragment.bytes.size();
  if (length > rte_pktmbuf_tailroom(copy)) {
    rte_pktmbuf_free(copy);
    return nullptr;
  }
  auto* const start =
      reinterpret_cast<std::uint8_t*>(rte_pktmbuf_append(copy, static_cast<std::uint16_t>(length)));
  std::uint8_t* const body =
      fragment.is_ipv6 ? WriteIpv6Headers(fragment, start) : WriteIpv4Header(fragment, start);
  std::memcpy(body, fragment.bytes.data(), fragment.bytes.size());
  copy->l2_len = 0;
  copy->l3_len = header & 0x1ff;
  return copy;
}

bool FragmentTable::IsFirst(const rte_mbuf* fragment) noexcept {
  return PlaceOf(fragment).offset == 0;
}

rte_mbuf* FragmentTable::Add(rte_mbuf* fragment, FragmentCounters& counters) noexcept {
  ++tick_;
  if (tick_ > max_age_) DropOlderThan(tick_ - max_age_, FragmentDrop::kTableFull, counters);
  rte_mbuf* whole = nullptr;
  if (IsIpv4(fragment)) {
    whole = rte_ipv4_frag_reassemble_packet(table_, dead_.get(), fragment, tick_,
                                            rte_pktmbuf_mtod(fragment, rte_ipv4_hdr*));
  } else {
    whole = rte_ipv6_frag_reassemble_packet(
        table_, dead_.get(), fragment, tick_, rte_pktmbuf_mtod(fragment, rte_ipv6_hdr*),
        rte_pktmbuf_mtod_offset(fragment, rte_ipv6_fragment_ext*, sizeof(rte_ipv6_hdr)));
  }
  if (whole != nullptr || dead_->cnt == 0) return whole;
  DropAll(WhyDropped(fragment), counters);
  return nullptr;
}

/// DPDK doesn't say. Alone, `fragment` found no place. As the last of so many, it was one too many. Else it
/// is another first or last one, or all are there and don't fit together.
FragmentDrop FragmentTable::WhyDropped(const rte_mbuf* fragment) const noexcept {
  if (dead_->cnt == 1) return FragmentDrop::kTableFull;
  std::size_t in_the_middle = 0;
  for (std::uint32_t i = 0; i < dead_->cnt; ++i) {
    const Place place = PlaceOf(dead_->row[i]);
    if (place.offset != 0 && place.has_more) ++in_the_middle;
  }
  const bool was_refused = dead_->row[dead_->cnt - 1] == fragment;
  return was_refused && in_the_middle > kMaxFragments - 2 ? FragmentDrop::kTooMany : FragmentDrop::kOverlap;
}

void FragmentTable::DropOlderThan(std::uint64_t tick, FragmentDrop reason,
                                  FragmentCounters& counters) noexcept {
  do {
    DropAll(reason, counters);
    rte_ip_frag_table_del_expired_entries(table_, dead_.get(), tick + max_age_);
  } while (dead_->cnt != 0);
}

void FragmentTable::DropAll(FragmentDrop reason, FragmentCounters& counters) noexcept {
  for (std::uint32_t i = 0; i < dead_->cnt; ++i) {
    const rte_mbuf* const fragment = dead_->row[i];
    counters.Drop(reason, fragment->nb_segs, IsFirst(fragment));
  }
  rte_ip_frag_free_death_row(dead_.get(), 0);
}

void FragmentTable::Tick(FragmentCounters& counters) noexcept {
  std::uint64_t& then = tick_at_[second_++ % tick_at_.size()];
  DropOlderThan(then + 1, FragmentDrop::kTimeout, counters);
  then = tick_;
}

void FragmentTable::Clear(FragmentCounters& counters) noexcept {
  DropOlderThan(tick_ + 1, FragmentDrop::kTimeout, counters);
}

}  // namespace hostscope::dataplane
