#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/config.h"

struct rte_eth_dev_info;

/// What a device does by itself, of what we could use; all else is done in software. Needs the EAL.
namespace hostscope::dataplane {

/// RTE_ETH_RX_OFFLOAD_* that are offered and of use: checksums, VLAN tags taken off, and frames in several
/// buffers where they may be longer than the smallest one.
std::uint64_t UsefulRxOffloads(const PortConfig& config, const rte_eth_dev_info& info) noexcept;

/// RTE_ETH_RSS_* that are offered and spread export datagrams: by addresses and UDP ports, and fragments,
/// which have no ports, by addresses. 0: the device spreads by nothing that we can ask for.
std::uint64_t UsefulRssFunctions(const rte_eth_dev_info& info) noexcept;

/// As the log says them: "ipv4-udp".
std::vector<std::string> NamesOfRssFunctions(std::uint64_t functions);
/// "UDP_CKSUM".
std::vector<std::string> NamesOfRxOffloads(std::uint64_t offloads);

}  // namespace hostscope::dataplane
