#include "tests/aggregator/naive_networks.h"

#include <algorithm>
#include <map>
#include <set>

#include "aggregator/distinct.h"

namespace hostscope::aggregator::naive {
namespace {

void Unite(RoleSums& to, const RoleSums& from) {
  AddSums(to.sums, from.sums);
  to.peers.insert(from.peers.begin(), from.peers.end());
  to.src_ports.insert(from.src_ports.begin(), from.src_ports.end());
  to.dst_ports.insert(from.dst_ports.begin(), from.dst_ports.end());
}

Address LastAddress(const Prefix& prefix) {
  Address last = prefix.network;
  for (unsigned bit = prefix.length; bit < 128; ++bit) {
    last.bytes[bit / 8] = static_cast<std::uint8_t>(last.bytes[bit / 8] | 0x80U >> bit % 8);
  }
  return last;
}

bool Before(const Prefix& a, const Prefix& b) {
  if (a.IsIpv4() != b.IsIpv4()) return a.IsIpv4();
  const Address last_a = LastAddress(a);
  const Address last_b = LastAddress(b);
  return last_a != last_b ? last_a < last_b : a.length > b.length;
}

Prefix AroundAddress(const Address& address, unsigned written_length) {
  return address.IsIpv4() ? Prefix::Ipv4(address.ipv4_bits(), written_length)
                          : Prefix::Ipv6(address, written_length);
}

}  // namespace

std::vector<Network> RollUp(const Reference& reference, const std::vector<Prefix>& networks,
                            const NetworkLevels& levels,
                            const std::function<bool(const Address&)>& has_record) {
  std::map<Prefix, Network> found;
  std::map<Prefix, std::set<Prefix>> others_in;
  std::set<Prefix> has_other;
  for (const auto& [host, sums] : reference.hosts) {
    std::set<Prefix> monitored;
    for (const Prefix& network : networks) {
      if (network.Contains(host)) monitored.insert(network);
    }
    const auto shorter = [](const Prefix& a, const Prefix& b) { return a.length < b.length; };
    const Prefix widest = *std::min_element(monitored.begin(), monitored.end(), shorter);
    const Prefix own = *std::max_element(monitored.begin(), monitored.end(), shorter);
    std::set<Prefix> all = monitored;
    for (const std::uint8_t level : host.IsIpv4() ? levels.ipv4 : levels.ipv6) {
      const Prefix prefix = AroundAddress(host, level);
      if (prefix.length > widest.length) all.insert(prefix);
    }
    const bool is_known = has_record(host);
    if (!is_known) has_other.insert(own);
    for (const Prefix& prefix : all) {
      if (!is_known && prefix.length > own.length) continue;
      Network& network = found[prefix];
      network.prefix = prefix;
      network.is_monitored = monitored.contains(prefix);
      for (const Prefix& around : monitored) {
        if (around.length < prefix.length && (!network.within || network.within->length < around.length))
          network.within = around;
      }
      if (is_known) {
        ++network.hosts;
      } else {
        others_in[prefix].insert(own);
      }
      Unite(network.sums.sent, sums.sent);
      Unite(network.sums.received, sums.received);
    }
  }
  std::vector<Network> in_order;
  for (auto& [prefix, network] : found) {
    network.other_hosts = others_in[prefix].size();
    network.is_incomplete = !network.is_monitored && has_other.contains(*network.within);
    in_order.push_back(std::move(network));
  }
  std::sort(in_order.begin(), in_order.end(),
            [](const Network& a, const Network& b) { return Before(a.prefix, b.prefix); });
  return in_order;
}

Sketch SketchOf(const std::set<Address>& peers) {
  SketchPool pool(std::size_t{1} << 16);
  SketchState state = 0;
  PeerList list{};
  for (const Address& peer : peers) AddPeer(state, list, AddressCoupon(peer), pool);
  return CopySketch(state, list, pool);
}

Sketch SketchOf(const std::set<std::uint16_t>& ports) {
  SketchPool pool(std::size_t{1} << 16);
  SketchState state = 0;
  PortList list{};
  for (const std::uint16_t port : ports) AddPort(state, list, port, PortCoupon(port), pool);
  return CopySketch(state, list, pool);
}

}  // namespace hostscope::aggregator::naive
