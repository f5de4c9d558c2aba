#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "aggregator/hashing.h"
#include "aggregator/sketch.h"
#include "ipfix/address.h"

/// How a host lies in memory. A record touches two neighbouring cache lines of the slot for each role it
/// counts in, whatever it carries, besides the line of the index and those of distinct counts that have
/// outgrown the slot:
///
///   line   0: totals   1: members      2: totals   3: members
///          \-------- sent --------/    \------ received ------/
///
/// What a host costs, in bytes, in a table that was sized for it:
///
///   slot, both roles                                            256
///   index entry, 8 bytes at a load of 3/4                        11
///   order of the records in a closed window                       4
///   ------------------------------------------------------------------
///   with at most 8 peers, source and destination ports a role   271
///   each role with 255 flow records or more                   + 128
///   each distinct count of 9 to 24 members                    + 128
///     of 25 to 48, to 96, to 192, to 384        + 256, 512, 1024, 2048
///     of more                                                + 4096
///   top lists, where they are kept: top_lists.h
namespace hostscope::aggregator {

inline constexpr std::size_t kListCapacity = 8;

/// A distinct count that is too large for its slot: a block of the pool.
struct PooledSketch {
  std::uint32_t block;
  std::uint32_t count;  ///< coupons in the set; not kept while dense
};

/// The other side's addresses, as coupons, while they are few.
union PeerList {
  std::array<Coupon, kListCapacity> coupons;
  PooledSketch pooled;
};
/// Ports themselves while they are few.
union PortList {
  std::array<std::uint16_t, kListCapacity> ports;
  PooledSketch pooled;
};

/// What a list in a slot currently is: 0 to 8 members in the slot, or one of these. See distinct-inl.h.
using SketchState = std::uint8_t;

/// The counters of flow records by kind, eight in a word, a byte each: one addition counts a record in all of
/// them. Before a byte can overflow, that is every 255 flow records, they are moved to the role's
/// WideCounters.
namespace packed {
inline constexpr unsigned kFlows = 0;  ///< no other counter is ever larger than this one
inline constexpr unsigned kDurations = 1;
inline constexpr unsigned kTcp = 2;
inline constexpr unsigned kUdp = 3;
inline constexpr unsigned kIcmp = 4;
inline constexpr std::uint64_t kMaxFlows = 255;

inline constexpr std::uint64_t One(unsigned counter) noexcept {
  return std::uint64_t{1} << 8 * counter;
}
inline constexpr std::uint64_t Get(std::uint64_t word, unsigned counter) noexcept {
  return word >> 8 * counter & 0xff;
}
}  // namespace packed

struct alignas(64) RoleTotals {
  Address host;  ///< in both roles, so that a look-up for either reads no line that the update does not
  // These four are added to at once.
  std::uint64_t packets;
  std::uint64_t bytes;
  std::uint64_t duration_sum_us;
  std::uint64_t counts;     ///< packed: kFlows and so on
  std::uint64_t tcp_flags;  ///< packed: FIN is byte 0, CWR byte 7
  std::uint32_t wide;       ///< 1 + the number of the WideCounters entry with what was moved out; 0: none
  SketchState peers;
  SketchState src_ports;
  SketchState dst_ports;
  std::uint8_t reserved;

  bool IsUsed() const noexcept { return counts != 0 || wide != 0; }
};

struct alignas(64) RoleMembers {
  PeerList peers;
  PortList src_ports;
  PortList dst_ports;
};

struct alignas(128) RoleSlot {
  RoleTotals totals;
  RoleMembers members;
};

struct HostSlot {
  RoleSlot sent;
  RoleSlot received;

  const Address& host() const noexcept { return sent.totals.host; }
  RoleSlot& role(Role role) noexcept { return role == Role::kSent ? sent : received; }
  const RoleSlot& role(Role role) const noexcept { return role == Role::kSent ? sent : received; }
};

inline constexpr std::size_t kCacheLine = 64;
static_assert(sizeof(RoleTotals) == kCacheLine && sizeof(RoleMembers) == kCacheLine);
static_assert(offsetof(RoleTotals, packets) == 16 && offsetof(RoleTotals, counts) == 40,
              "loaded as one vector");
static_assert(offsetof(RoleSlot, members) == kCacheLine && sizeof(RoleSlot) == 2 * kCacheLine);
static_assert(sizeof(HostSlot) == 2 * sizeof(RoleSlot) && sizeof(HostSlot) == 4 * kCacheLine);

}  // namespace hostscope::aggregator
