#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "aggregator/hashing.h"
#include "aggregator/sketch.h"
#include "ipfix/address.h"

/// How a host lies in memory. A record of one role touches three cache lines of the slot, whatever it
/// carries:
///
///   line  0        1         2        3            4
///         totals   detail    ports    detail       totals
///         \----- sent -----/      \------ received -----/
///         \---- a record sent ---/
///                          \---- a record received ----/
///
/// What a host costs, in bytes, in a table that was sized for it:
///
///   slot, both roles                                            320
///   index entry, 8 bytes at a load of 3/4                        11
///   order of the records in a closed window                       4
///   ------------------------------------------------------------------
///   with at most 8 peers, source and destination ports a role   335
///   each distinct count of 9 to 24 members                    + 128
///     of 25 to 48, to 96, to 192, to 384        + 256, 512, 1024, 2048
///     of more                                                + 4096
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

/// The 32-bit counters are moved to 64-bit ones in the table's WideCounters before they overflow; none is
/// ever larger than `flows`.
struct alignas(64) RoleTotals {
  Address host;  ///< in both roles, so that a look-up for either role reads no line that the update does not
  std::uint64_t packets;
  std::uint64_t bytes;
  std::uint64_t duration_sum_us;
  std::uint32_t flows;
  std::uint32_t duration_count;
  std::uint32_t tcp;
  std::uint32_t udp;
  std::uint32_t icmp;
  SketchState peers;
  SketchState src_ports;
  SketchState dst_ports;
  std::uint8_t is_wide;  ///< more of this role's counters stand in the table's WideCounters
};

struct alignas(64) RoleDetail {
  std::array<std::uint32_t, 8> tcp_flags;
  PeerList peers;
};

struct alignas(16) RolePorts {
  PortList src;
  PortList dst;
};

struct alignas(64) HostSlot {
  RoleTotals sent;
  RoleDetail sent_detail;
  RolePorts sent_ports;
  RolePorts received_ports;
  RoleDetail received_detail;
  RoleTotals received;

  RoleTotals& totals(Role role) noexcept { return role == Role::kSent ? sent : received; }
  RoleDetail& detail(Role role) noexcept { return role == Role::kSent ? sent_detail : received_detail; }
  RolePorts& ports(Role role) noexcept { return role == Role::kSent ? sent_ports : received_ports; }
  const RoleTotals& totals(Role role) const noexcept { return role == Role::kSent ? sent : received; }
  const RoleDetail& detail(Role role) const noexcept {
    return role == Role::kSent ? sent_detail : received_detail;
  }
  const RolePorts& ports(Role role) const noexcept {
    return role == Role::kSent ? sent_ports : received_ports;
  }
};

inline constexpr std::size_t kCacheLine = 64;
static_assert(sizeof(RoleTotals) == kCacheLine && sizeof(RoleDetail) == kCacheLine);
static_assert(sizeof(RolePorts) == kCacheLine / 2, "the ports of both roles share a line");
static_assert(offsetof(HostSlot, sent_ports) == 2 * kCacheLine &&
              offsetof(HostSlot, received) == 4 * kCacheLine);
static_assert(sizeof(HostSlot) == 5 * kCacheLine);

}  // namespace hostscope::aggregator
