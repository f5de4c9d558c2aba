#include "aggregator/top_lists.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

namespace hostscope::aggregator {
namespace {

constexpr std::size_t kLine = 64;
/// How many records a line is asked for before it is needed.
constexpr std::size_t kAhead = 8;

std::size_t PeerBytes(const TopOptions& options) noexcept {
  return options.peers == 0 ? 0 : PeerSummary::BytesFor(PeersHeld(options.peers));
}
std::size_t PortBytes(const TopOptions& options) noexcept {
  return options.dst_ports == 0 ? 0 : PortSummary::BytesFor(PortsHeld(options.dst_ports));
}

const TopOptions& Checked(const TopOptions& options) {
  if (std::max(options.peers, options.dst_ports) > TopOptions::kMax)
    throw std::invalid_argument("a top list has at most " + std::to_string(TopOptions::kMax) + " entries");
  return options;
}

/// What Find() reads.
template <typename Summary>
inline void PrefetchMembers(const Summary& summary) noexcept {
  const auto* end = reinterpret_cast<const std::byte*>(summary.counts());
  for (const auto* line = reinterpret_cast<const std::byte*>(&summary.header()); line < end; line += kLine)
    __builtin_prefetch(line, 1);
}

template <typename Summary>
void PrefetchAll(const Summary& summary) noexcept {
  PrefetchMembers(summary);
  __builtin_prefetch(summary.counts(), 1);
}

/// The line of the count that Add() will change.
template <typename Summary>
inline void PrefetchCount(const Summary& summary, const typename Summary::Member& member) noexcept {
  const std::uint32_t at = summary.Find(member);
  __builtin_prefetch(&summary.counts()[at != kNotHeld ? at : summary.header().used], 1);
}

template <typename Entry, typename Summary>
TopList<Entry> ReadSummary(const Summary& summary, std::size_t wanted) {
  const FrequentHeader& header = summary.header();
  std::array<Entry, kMaxHeld> all;
  for (std::uint32_t i = 0; i < header.used; ++i)
    all[i] = {summary.At(i), summary.counts()[i] - header.error};
  const std::size_t size = std::min<std::size_t>(header.used, wanted);
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(size);
  std::partial_sort(all.begin(), middle, all.begin() + header.used, [](const Entry& a, const Entry& b) {
    return a.count != b.count ? a.count > b.count : a.member < b.member;
  });
  return {{all.begin(), middle}, header.error};
}

}  // namespace

TopLists::TopLists(const TopOptions& options, std::size_t hosts)
    : options_(Checked(options)),
      hosts_(hosts),
      peers_held_(PeersHeld(options.peers)),
      ports_held_(PortsHeld(options.dst_ports)),
      ports_offset_(PeerBytes(options)),
      block_bytes_(PeerBytes(options) + PortBytes(options)),
      memory_(2 * hosts * block_bytes_),
      heads_(2 * hosts * peers_held_) {}

std::size_t TopLists::BytesPerHost(const TopOptions& options) noexcept {
  return 2 * (PeerBytes(options) + PortBytes(options) + PeersHeld(options.peers) * sizeof(AddressHead));
}

template <typename Visit>
inline void TopLists::ForBothEnds(const FlowRecord& record, const std::uint32_t* slots,
                                  Visit visit) noexcept {
  if (slots[0] < hosts_) visit(slots[0], Role::kSent, record.destination);
  if (slots[1] < hosts_) visit(slots[1], Role::kReceived, record.source);
}

template <bool HasPeers, bool HasPorts>
void TopLists::CountWith(std::span<const FlowRecord> records, const std::uint32_t* slots) noexcept {
  const std::size_t size = records.size();
  for (std::size_t i = 0; i < size + 2 * kAhead; ++i) {
    if (i < size) {
      ForBothEnds(records[i], slots + 2 * i, [&](std::uint32_t slot, Role role, const Address&) {
        if constexpr (HasPeers) PrefetchMembers(Peers(slot, role));
        if constexpr (HasPorts) PrefetchMembers(Ports(slot, role));
      });
    }
    if (const std::size_t at = i - kAhead; at < size) {
      const FlowRecord& record = records[at];
      ForBothEnds(record, slots + 2 * at, [&](std::uint32_t slot, Role role, const Address& peer) {
        if constexpr (HasPeers) PrefetchCount(Peers(slot, role), peer);
        if constexpr (HasPorts) PrefetchCount(Ports(slot, role), record.destination_port);
      });
    }
    if (const std::size_t at = i - 2 * kAhead; at < size) {
      const FlowRecord& record = records[at];
      const std::uint64_t weight = options_.by == TopBy::kBytes ? record.bytes : 1;
      ForBothEnds(record, slots + 2 * at, [&](std::uint32_t slot, Role role, const Address& peer) {
        if constexpr (HasPeers) Add(Peers(slot, role), peer, weight);
        if constexpr (HasPorts) {
          if (record.Has(FlowRecord::kHasPorts)) Add(Ports(slot, role), record.destination_port, weight);
        }
      });
    }
  }
}

void TopLists::Count(std::span<const FlowRecord> records, const std::uint32_t* slots) noexcept {
  if (ports_held_ == 0) {
    CountWith<true, false>(records, slots);
  } else if (peers_held_ == 0) {
    CountWith<false, true>(records, slots);
  } else {
    CountWith<true, true>(records, slots);
  }
}

void TopLists::Unite(std::uint32_t slot, const TopLists& from, std::uint32_t from_slot) noexcept {
  if (slot >= hosts_ || from_slot >= from.hosts_) return;
  for (const Role role : {Role::kSent, Role::kReceived}) {
    if (peers_held_ != 0) UniteSummaries(Peers(slot, role), from.Peers(from_slot, role));
    if (ports_held_ != 0) UniteSummaries(Ports(slot, role), from.Ports(from_slot, role));
  }
}

void TopLists::Prefetch(std::uint32_t slot) const noexcept {
  if (slot >= hosts_) return;
  for (const Role role : {Role::kSent, Role::kReceived}) {
    if (peers_held_ != 0) PrefetchAll(Peers(slot, role));
    if (ports_held_ != 0) PrefetchAll(Ports(slot, role));
  }
}

void TopLists::Clear(std::uint32_t hosts) noexcept {
  if (!is_on()) return;
  for (std::uint32_t slot = 0; slot < hosts; ++slot) {
    for (const Role role : {Role::kSent, Role::kReceived}) {
      if (peers_held_ != 0) Peers(slot, role).header() = {};
      if (ports_held_ != 0) Ports(slot, role).header() = {};
    }
  }
}

RoleTops TopLists::ReadRole(std::uint32_t slot, Role role) const {
  RoleTops tops;
  if (peers_held_ != 0) tops.peers = ReadSummary<TopPeer>(Peers(slot, role), options_.peers);
  if (ports_held_ != 0) tops.dst_ports = ReadSummary<TopPort>(Ports(slot, role), options_.dst_ports);
  return tops;
}

std::shared_ptr<const HostTops> TopLists::Read(std::uint32_t slot) const {
  if (!is_on() || slot >= hosts_) return nullptr;
  auto tops = std::make_shared<HostTops>();
  tops->has_peers = peers_held_ != 0;
  tops->has_dst_ports = ports_held_ != 0;
  tops->by = options_.by;
  tops->sent = ReadRole(slot, Role::kSent);
  tops->received = ReadRole(slot, Role::kReceived);
  return tops;
}

}  // namespace hostscope::aggregator
