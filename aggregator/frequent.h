#pragma once

#include <immintrin.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "ipfix/address.h"

/// Heavy hitters: which members of a weighted stream have most weight, in memory for k of them. Frequent
/// (J. Misra, D. Gries, "Finding repeated elements", 1982), weighted, with the union of P. Agarwal et al.,
/// "Mergeable Summaries", PODS 2012, section 3.
///
/// Up to k members are held, each with a lower bound c of its weight. A newcomer to a full summary takes
/// m = min(smallest c, its own weight) from every c and from itself; what is left at 0 goes. `error` is the
/// sum of all m, so that
///
///     c <= true weight <= c + error,    0 for a member that is not held.
///
/// Each m takes (k + 1) m from the weight seen, so (k + 1) error + sum of all c <= total: error is at most
/// total / (k + 1), and 0 while no more than k distinct members were seen. A union adds the counts, then
/// takes the (k + 1)-th largest of them from all; the same inequality holds for the sum of both totals, so
/// the bound is that of one summary that saw everything, in whatever order summaries are united.
///
/// What is held and the counts depend only on the order of the stream and of unions, not on where members
/// lie.
///
/// Instead of taking m from every c, what is stored is c + error, the upper bound: most newcomers to a full
/// summary then change nothing but `error`. Sums wrap at 2^64, as a host's totals do.
namespace hostscope::aggregator {

inline constexpr std::uint32_t kNotHeld = 0xffffffffU;
inline constexpr std::size_t kMaxHeld = 56;

struct FrequentHeader {
  std::uint64_t error;
  std::uint64_t floor;  ///< no stored count is smaller; so most newcomers need not look at the counts
  std::uint64_t marks;  ///< a bit a member, for the kind of summary to use
  std::uint32_t used;   ///< members held; all else is garbage where this is 0, but for `error`
  std::uint32_t reserved;
};
static_assert(sizeof(FrequentHeader) == 32);

/// The first 12 bytes of an IPv6 address; those of an IPv4 address are known.
using AddressHead = std::array<std::uint8_t, 12>;

/// A summary of addresses: a view of its memory, which others own.
///
///     header, 32 bytes   last four bytes of each address   stored counts      elsewhere: heads, where IPv6
class PeerSummary {
 public:
  using Member = Address;
  static constexpr std::size_t BytesFor(std::size_t k) noexcept {
    return sizeof(FrequentHeader) + k * (sizeof(std::uint32_t) + sizeof(std::uint64_t));
  }

  /// `k` is a multiple of 8, at most kMaxHeld. `heads` has k places.
  PeerSummary(std::byte* block, AddressHead* heads, std::size_t k) noexcept
      : header_(reinterpret_cast<FrequentHeader*>(block)),
        tails_(reinterpret_cast<std::uint32_t*>(header_ + 1)),
        counts_(reinterpret_cast<std::uint64_t*>(tails_ + k)),
        heads_(heads),
        k_(static_cast<std::uint32_t>(k)) {}

  FrequentHeader& header() const noexcept { return *header_; }
  std::uint64_t* counts() const noexcept { return counts_; }
  std::uint32_t capacity() const noexcept { return k_; }

  /// Where `peer` is, or kNotHeld. All places are compared, in use or not: a branch that depends on how many
  /// there are would be mispredicted more often than it saves a load. Heads are read only for IPv6.
  std::uint32_t Find(const Address& peer) const noexcept {
    const __m256i tail = _mm256_set1_epi32(static_cast<int>(TailOf(peer)));
    std::uint64_t hits = 0;
    for (std::uint32_t first = 0; first < k_; first += 8) {
      const __m256i group = _mm256_load_si256(reinterpret_cast<const __m256i*>(tails_ + first));
      const __m256i equal = _mm256_cmpeq_epi32(group, tail);
      hits |= std::uint64_t{static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(equal)))} << first;
    }
    hits &= (std::uint64_t{1} << header_->used) - 1;
    if (!peer.IsIpv4()) return FindHead(peer, hits & header_->marks);
    hits &= ~header_->marks;
    return hits == 0 ? kNotHeld : static_cast<std::uint32_t>(std::countr_zero(hits));
  }

  void Put(std::uint32_t at, const Address& peer) const noexcept {
    tails_[at] = TailOf(peer);
    const std::uint64_t bit = std::uint64_t{1} << at;
    header_->marks &= ~bit;
    if (peer.IsIpv4()) return;
    header_->marks |= bit;
    std::memcpy(heads_[at].data(), peer.bytes.data(), sizeof(AddressHead));
  }

  Address At(std::uint32_t at) const noexcept {
    Address address = Address::FromIpv4(tails_[at]);
    if ((header_->marks >> at & 1) != 0)
      std::memcpy(address.bytes.data(), heads_[at].data(), sizeof(AddressHead));
    return address;
  }

 private:
  static std::uint32_t TailOf(const Address& peer) noexcept { return peer.ipv4_bits(); }
  std::uint32_t FindHead(const Address& peer, std::uint64_t candidates) const noexcept {
    for (; candidates != 0; candidates &= candidates - 1) {
      const auto at = static_cast<std::uint32_t>(std::countr_zero(candidates));
      if (std::memcmp(heads_[at].data(), peer.bytes.data(), sizeof(AddressHead)) == 0) return at;
    }
    return kNotHeld;
  }

  FrequentHeader* header_;
  std::uint32_t* tails_;
  std::uint64_t* counts_;
  AddressHead* heads_;
  std::uint32_t k_;
};

/// A summary of ports:
///
///     header, 32 bytes   ports   stored counts
class PortSummary {
 public:
  using Member = std::uint16_t;
  static constexpr std::size_t BytesFor(std::size_t k) noexcept {
    return sizeof(FrequentHeader) + k * (sizeof(std::uint16_t) + sizeof(std::uint64_t));
  }

  /// `k` is a multiple of 16, at most kMaxHeld.
  PortSummary(std::byte* block, std::size_t k) noexcept
      : header_(reinterpret_cast<FrequentHeader*>(block)),
        ports_(reinterpret_cast<std::uint16_t*>(header_ + 1)),
        counts_(reinterpret_cast<std::uint64_t*>(ports_ + k)),
        k_(static_cast<std::uint32_t>(k)) {}

  FrequentHeader& header() const noexcept { return *header_; }
  std::uint64_t* counts() const noexcept { return counts_; }
  std::uint32_t capacity() const noexcept { return k_; }

  std::uint32_t Find(std::uint16_t port) const noexcept {
    const __m256i wanted = _mm256_set1_epi16(static_cast<short>(port));
    // As above. Two mask bits a port, of which pext keeps one.
    std::uint64_t hits = 0;
    for (std::uint32_t first = 0; first < k_; first += 16) {
      const __m256i group = _mm256_load_si256(reinterpret_cast<const __m256i*>(ports_ + first));
      const auto equal = static_cast<unsigned>(_mm256_movemask_epi8(_mm256_cmpeq_epi16(group, wanted)));
      hits |= std::uint64_t{_pext_u32(equal, 0x55555555U)} << first;
    }
    hits &= (std::uint64_t{1} << header_->used) - 1;
    return hits == 0 ? kNotHeld : static_cast<std::uint32_t>(std::countr_zero(hits));
  }

  void Put(std::uint32_t at, std::uint16_t port) const noexcept { ports_[at] = port; }
  std::uint16_t At(std::uint32_t at) const noexcept { return ports_[at]; }

 private:
  FrequentHeader* header_;
  std::uint16_t* ports_;
  std::uint64_t* counts_;
  std::uint32_t k_;
};

/// The rare part of Add(): the summary is full, and the newcomer may push somebody out.
template <typename Summary>
void Replace(const Summary& summary, const typename Summary::Member& member, std::uint64_t weight) noexcept;

/// `weight` is above 0.
template <typename Summary>
inline void Append(const Summary& summary, const typename Summary::Member& member,
                   std::uint64_t stored) noexcept {
  const std::uint32_t at = summary.header().used++;
  summary.Put(at, member);
  summary.counts()[at] = stored;
}

/// Counts `weight` for `member`.
template <typename Summary>
inline void Add(const Summary& summary, const typename Summary::Member& member,
                std::uint64_t weight) noexcept {
  FrequentHeader& header = summary.header();
  const std::uint32_t at = summary.Find(member);
  if (at != kNotHeld) {
    summary.counts()[at] += weight;
  } else if (weight == 0) {
    // Nothing to be held.
  } else if (header.used < summary.capacity()) {
    Append(summary, member, header.error + weight);
  } else if (header.error + weight < header.floor) {
    header.error += weight;
  } else {
    Replace(summary, member, weight);
  }
}

/// Adds what `from` has seen to `to`, of the same capacity.
template <typename Summary>
void UniteSummaries(const Summary& to, const Summary& from) noexcept;

}  // namespace hostscope::aggregator
