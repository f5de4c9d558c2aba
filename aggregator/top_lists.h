#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "aggregator/frequent.h"
#include "aggregator/host_tops.h"
#include "aggregator/mapped_memory.h"
#include "aggregator/sketch.h"
#include "ipfix/flow_record.h"

/// A table's top lists: for each host and role a summary (frequent.h) of its peers, of its destination ports,
/// or both. How many members are held for a list of N, what the error of a count is at most, as a share of
/// the role's flow records or bytes, and the bytes of it for each role:
///
///     N of peers        held   error           bytes, and for IPv6
///       1 to  5            8   1/9  = 11.2 %     128           96
///       6 to 16           24   1/25 =  4.0 %     320          288
///      17 to 26           40   1/41 =  2.5 %     512          480
///      27 to 32           56   1/57 =  1.8 %     704          672
///     N of destination ports
///       1 to 10           16   1/17 =  5.9 %     192
///      11 to 32           48   1/49 =  2.1 %     512
///
/// Lists are exact, their error 0, while no more than `held` distinct members were seen. Header, the first
/// tails of addresses and the first ports share a line, which is all that a look-up of a host with few of
/// them reads; its count is in another. The heads of IPv6 addresses lie apart, where hosts with IPv4 peers
/// alone touch nothing.
namespace hostscope::aggregator {

/// What is held for a list of n.
constexpr std::size_t PeersHeld(std::size_t n) noexcept {
  return n == 0 ? 0 : n <= 5 ? 8 : n <= 16 ? 24 : n <= 26 ? 40 : 56;
}
constexpr std::size_t PortsHeld(std::size_t n) noexcept {
  return n == 0 ? 0 : n <= 10 ? 16 : 48;
}

/// Lives and dies with its table, whose thread it is on. Nothing is reserved where no list is asked for.
class TopLists {
 public:
  /// For slots 0 to hosts - 1. Throws std::system_error where memory can't be reserved.
  TopLists(const TopOptions& options, std::size_t hosts);

  bool is_on() const noexcept { return block_bytes_ != 0; }

  /// Counts each record for the slots of its source, slots[2 * i], and its destination, slots[2 * i + 1].
  /// A number that is no slot of these is passed over: an address that is not monitored, an `other` record.
  void Count(std::span<const FlowRecord> records, const std::uint32_t* slots) noexcept;
  /// Adds a slot of another table's lists, of the same options.
  void Unite(std::uint32_t slot, const TopLists& from, std::uint32_t from_slot) noexcept;
  /// Fetches what Unite() and Read() look at first.
  void Prefetch(std::uint32_t slot) const noexcept;
  /// Of the first slots, which are all that were used: a line or two for each.
  void Clear(std::uint32_t hosts) noexcept;

  std::shared_ptr<const HostTops> Read(std::uint32_t slot) const;

  static std::size_t BytesPerHost(const TopOptions& options) noexcept;

 private:
  template <bool HasPeers, bool HasPorts>
  void CountWith(std::span<const FlowRecord> records, const std::uint32_t* slots) noexcept;
  template <typename Visit>
  void ForBothEnds(const FlowRecord& record, const std::uint32_t* slots, Visit visit) noexcept;

  static std::size_t RoleNumber(std::uint32_t slot, Role role) noexcept {
    return 2 * std::size_t{slot} + static_cast<std::size_t>(role);
  }
  std::byte* Block(std::uint32_t slot, Role role) const noexcept {
    return memory_.data() + RoleNumber(slot, role) * block_bytes_;
  }
  PeerSummary Peers(std::uint32_t slot, Role role) const noexcept {
    return {Block(slot, role), heads_.data() + RoleNumber(slot, role) * peers_held_, peers_held_};
  }
  PortSummary Ports(std::uint32_t slot, Role role) const noexcept {
    return {Block(slot, role) + ports_offset_, ports_held_};
  }
  RoleTops ReadRole(std::uint32_t slot, Role role) const;

  TopOptions options_;
  std::size_t hosts_;
  std::size_t peers_held_;
  std::size_t ports_held_;
  std::size_t ports_offset_;  ///< in a block
  std::size_t block_bytes_;   ///< of one role: peers, then ports
  MappedMemory memory_;       ///< blocks; only their headers have to be 0 at first
  MappedArray<AddressHead> heads_;
};

inline constexpr bool IsWholeLines(std::size_t bytes) noexcept {
  return bytes % 64 == 0;
}
static_assert(PeersHeld(TopOptions::kMax) <= kMaxHeld && PortsHeld(TopOptions::kMax) <= kMaxHeld);
static_assert(PeerSummary::BytesFor(8) == 128 && PeerSummary::BytesFor(24) == 320 &&
              PeerSummary::BytesFor(40) == 512 && PeerSummary::BytesFor(56) == 704);
static_assert(PortSummary::BytesFor(16) == 192 && PortSummary::BytesFor(48) == 512);
static_assert(IsWholeLines(PeerSummary::BytesFor(8)) && IsWholeLines(PeerSummary::BytesFor(24)) &&
                  IsWholeLines(PeerSummary::BytesFor(40)) && IsWholeLines(PeerSummary::BytesFor(56)) &&
                  IsWholeLines(PortSummary::BytesFor(16)) && IsWholeLines(PortSummary::BytesFor(48)),
              "a summary begins and ends with a cache line, and so do its counts");

}  // namespace hostscope::aggregator
