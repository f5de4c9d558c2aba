#include "dataplane/port_offloads.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <array>
#include <bit>
#include <string_view>

#include "dataplane/port_sizes.h"

namespace hostscope::dataplane {
namespace {

struct RssFunction {
  std::uint64_t flag;
  std::string_view name;
};

constexpr std::array kRssFunctions{
    RssFunction{RTE_ETH_RSS_IPV4, "ipv4"},
    RssFunction{RTE_ETH_RSS_FRAG_IPV4, "ipv4-fragment"},
    RssFunction{RTE_ETH_RSS_NONFRAG_IPV4_UDP, "ipv4-udp"},
    RssFunction{RTE_ETH_RSS_NONFRAG_IPV4_OTHER, "ipv4-other"},
    RssFunction{RTE_ETH_RSS_IPV6, "ipv6"},
    RssFunction{RTE_ETH_RSS_FRAG_IPV6, "ipv6-fragment"},
    RssFunction{RTE_ETH_RSS_NONFRAG_IPV6_UDP, "ipv6-udp"},
    RssFunction{RTE_ETH_RSS_NONFRAG_IPV6_OTHER, "ipv6-other"},
    RssFunction{RTE_ETH_RSS_IPV6_EX, "ipv6-ex"},
    RssFunction{RTE_ETH_RSS_IPV6_UDP_EX, "ipv6-udp-ex"},
};

constexpr std::uint64_t AllRssFunctions() noexcept {
  std::uint64_t flags = 0;
  for (const RssFunction& function : kRssFunctions) flags |= function.flag;
  return flags;
}
static_assert(AllRssFunctions() == (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP), "a name for each");

}  // namespace

std::uint64_t UsefulRxOffloads(const PortConfig& config, const rte_eth_dev_info& info) noexcept {
  std::uint64_t wanted =
      RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_VLAN_STRIP;
  // Drivers receive faster without. A buffer has room for the frame, but not every device uses all of it.
  if (LargestFrame(config) > RTE_MBUF_DEFAULT_BUF_SIZE - RTE_PKTMBUF_HEADROOM)
    wanted |= RTE_ETH_RX_OFFLOAD_SCATTER;
  return wanted & info.rx_offload_capa;
}

std::uint64_t UsefulRssFunctions(const rte_eth_dev_info& info) noexcept {
  return AllRssFunctions() & info.flow_type_rss_offloads;
}

std::vector<std::string> NamesOfRssFunctions(std::uint64_t functions) {
  std::vector<std::string> names;
  for (const RssFunction& function : kRssFunctions) {
    if ((functions & function.flag) != 0) names.emplace_back(function.name);
  }
  return names;
}

std::vector<std::string> NamesOfRxOffloads(std::uint64_t offloads) {
  std::vector<std::string> names;
  for (; offloads != 0; offloads &= offloads - 1)
    names.emplace_back(rte_eth_dev_rx_offload_name(std::uint64_t{1} << std::countr_zero(offloads)));
  return names;
}

}  // namespace hostscope::dataplane
