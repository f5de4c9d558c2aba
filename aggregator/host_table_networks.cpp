#include <algorithm>

#include "aggregator/host_table_impl.h"
#include "aggregator/network_paths.h"
#include "aggregator/network_rollup.h"
#include "aggregator/prefix_walk.h"

namespace hostscope::aggregator {
namespace {

void PrefetchPooled(const RoleSlot& role, const SketchPool& pool) noexcept {
  const auto fetch = [&pool](SketchState state, const PooledSketch& sketch) {
    if (!IsPooled(state)) return;
    // The hardware goes on once two neighbours were asked for.
    __builtin_prefetch(pool.At(sketch.block));
    __builtin_prefetch(pool.At(sketch.block) + kCacheLine);
  };
  fetch(role.totals.peers, role.members.peers.pooled);
  fetch(role.totals.src_ports, role.members.src_ports.pooled);
  fetch(role.totals.dst_ports, role.members.dst_ports.pooled);
}

class TotalsClient {
 public:
  TotalsClient(NetworkRollup& rollup, const SketchPool& pool, const WideCounters& wide)
      : rollup_(rollup), pool_(pool), wide_(wide) {}

  static void FetchSlot(const HostSlot& slot) noexcept {
    const auto* line = reinterpret_cast<const std::uint8_t*>(&slot);
    for (std::size_t at = 0; at < sizeof(HostSlot); at += kCacheLine) __builtin_prefetch(line + at);
  }
  void FetchPooled(const HostSlot& slot) const noexcept {
    PrefetchPooled(slot.sent, pool_);
    PrefetchPooled(slot.received, pool_);
  }
  bool Other(std::uint32_t network, const HostSlot& slot) {
    return rollup_.AddOther(network, slot, pool_, wide_);
  }
  bool Host(const HostSlot& slot) { return rollup_.AddHost(slot, pool_, wide_); }
  bool FinishFamily() { return rollup_.Finish(); }

 private:
  NetworkRollup& rollup_;
  const SketchPool& pool_;
  const WideCounters& wide_;
};

class CountingClient {
 public:
  CountingClient(const NetworkSet& networks, const NetworkPaths& paths)
      : networks_(networks), paths_(paths) {}

  static void FetchSlot(const HostSlot& slot) noexcept { __builtin_prefetch(&slot); }
  static void FetchPooled(const HostSlot&) noexcept {}
  bool Other(std::uint32_t network, const HostSlot&) {
    return MoveTo(networks_.prefixes()[network].network, paths_.To(network));
  }
  bool Host(const HostSlot& slot) { return MoveTo(slot.host(), paths_.Around(networks_.Find(slot.host()))); }
  bool FinishFamily() {
    walk_.Finish([](std::size_t) {});
    return true;
  }
  std::uint64_t count() const noexcept { return count_; }

 private:
  bool MoveTo(const Address& address, std::span<const NetworkPaths::Step> path) {
    walk_.MoveTo(
        address, path, [](std::size_t) {}, [this](std::size_t, const NetworkPaths::Step&) { ++count_; });
    return true;
  }

  const NetworkSet& networks_;
  const NetworkPaths& paths_;
  PrefixWalk walk_;
  std::uint64_t count_ = 0;
};

}  // namespace

/// IPv4 hosts are one run in the order of addresses, in the midst of IPv6.
HostTable::Impl::Range HostTable::Impl::Ipv4Run() const noexcept {
  const auto find = [&](const Address& limit) {
    const std::uint32_t* const found =
        std::partition_point(order_.data(), order_.data() + used_,
                             [&](std::uint32_t slot) { return slots_[slot].host() < limit; });
    return static_cast<std::size_t>(found - order_.data());
  };
  Address behind_ipv4;
  behind_ipv4.bytes[9] = 1;  // ::1:0:0:0
  return {find(Address::FromIpv4(0)), find(behind_ipv4)};
}

/// Shows the client one family in the order of its addresses, `other` records at their network's address and
/// before hosts. False where the client has ended it.
template <typename Client>
bool HostTable::Impl::WalkFamily(bool is_ipv4, Client& client) const {
  const std::vector<Prefix>& prefixes = networks_.prefixes();
  auto other = others_.begin();
  const auto show_others = [&](const Address* up_to) {
    for (; other != others_.end(); ++other) {
      if (prefixes[*other].IsIpv4() != is_ipv4) continue;
      if (up_to != nullptr && *up_to < prefixes[*other].network) return true;
      if (!client.Other(*other, slots_[max_hosts_ + *other])) return false;
    }
    return true;
  };
  const auto show_hosts = [&](Range range) {
    // Slots lie in the order of arrival, so each is far from the last: they are asked for so many hosts
    // ahead, and what of theirs lies in the pool when they are there.
    constexpr std::size_t kSlotsAhead = 16;
    constexpr std::size_t kPooledAhead = 8;
    for (std::size_t i = range.first; i < range.last; ++i) {
      if (i + kSlotsAhead < range.last) client.FetchSlot(slots_[order_[i + kSlotsAhead]]);
      if (i + kPooledAhead < range.last) client.FetchPooled(slots_[order_[i + kPooledAhead]]);
      const HostSlot& host = slots_[order_[i]];
      if (!show_others(&host.host()) || !client.Host(host)) return false;
    }
    return true;
  };
  const Range ipv4 = Ipv4Run();
  const bool goes_on =
      is_ipv4 ? show_hosts(ipv4) : show_hosts({0, ipv4.first}) && show_hosts({ipv4.last, used_});
  return goes_on && show_others(nullptr) && client.FinishFamily();
}

void HostTable::Impl::ForEachNetwork(const NetworkLevels& levels, const TotalsVisitor& visit) const {
  const NetworkPaths paths(networks_, levels);
  NetworkRollup rollup(networks_, paths, visit);
  TotalsClient client(rollup, pool_, wide_);
  static_cast<void>(WalkFamily(true, client) && WalkFamily(false, client));
}

std::uint64_t HostTable::Impl::CountNetworks(const NetworkLevels& levels) const {
  const NetworkPaths paths(networks_, levels);
  CountingClient client(networks_, paths);
  WalkFamily(true, client);
  WalkFamily(false, client);
  return client.count();
}

void HostTable::ForEachNetwork(const NetworkLevels& levels, const TotalsVisitor& visit) const {
  impl_->ForEachNetwork(levels, visit);
}
std::uint64_t HostTable::CountNetworks(const NetworkLevels& levels) const {
  return impl_->CountNetworks(levels);
}

}  // namespace hostscope::aggregator
