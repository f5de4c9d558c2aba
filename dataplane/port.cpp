#include "dataplane/port.h"

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <regex>
#include <stdexcept>
#include <utility>

namespace hostscope::dataplane {
namespace {

constexpr std::uint16_t kNoPort = RTE_MAX_ETHPORTS;
constexpr std::uint16_t kDefaultMtu = 1500;
constexpr std::size_t kLinkOverhead = 26;  // Ethernet, two VLAN tags, CRC
constexpr std::uint16_t kTxDescriptors = 512;
constexpr unsigned kBufferCache = 256;  // per lcore
// The fill ring of net_af_xdp has this many places whatever is asked for, and each holds a buffer.
constexpr std::uint32_t kDriverBuffers = 4096;

// Frames from these may come straight from a socket of this machine, with a checksum that is left to a NIC.
constexpr std::array<std::string_view, 4> kKernelDrivers{"net_af_xdp", "net_af_packet", "net_tap",
                                                         "net_pcap"};

std::uint32_t BufferCount(const PortConfig& config) noexcept {
  if (config.buffers != 0) return config.buffers;
  return 2U * config.rx_descriptors + kTxDescriptors + 2 * kBufferCache + kDriverBuffers;
}

/// The Ethernet address of an IPv6 multicast group: RFC 2464 section 7.
rte_ether_addr SolicitedNodeMac(const Address& address) noexcept {
  return {{0x33, 0x33, 0xff, address.bytes[13], address.bytes[14], address.bytes[15]}};
}

}  // namespace

std::string PciAddress(std::string_view device) {
  static const std::regex kPattern("(?:([0-9a-fA-F]{4}):)?([0-9a-fA-F]{2}:[0-9a-fA-F]{2}\\.[0-7])");
  std::cmatch match;
  if (!std::regex_match(device.data(), device.data() + device.size(), match, kPattern)) return {};
  return (match[1].matched ? match[1].str() : "0000") + ":" + match[2].str();
}

std::uint16_t Port::BufferRoom(const PortConfig& config) noexcept {
  const std::size_t frame = (config.mtu != 0 ? config.mtu : kDefaultMtu) + kLinkOverhead;
  return static_cast<std::uint16_t>(
      std::max<std::size_t>(RTE_PKTMBUF_HEADROOM + frame, RTE_MBUF_DEFAULT_BUF_SIZE));
}

int Port::socket() const noexcept {
  return rte_eth_dev_socket_id(id_);
}

std::size_t Port::NeededMib(const PortConfig& config) noexcept {
  constexpr std::size_t kPerBuffer = sizeof(rte_mbuf) + 2 * RTE_CACHE_LINE_SIZE;
  const std::size_t bytes = (BufferRoom(config) + kPerBuffer) * BufferCount(config) * config.queues;
  return bytes / (1U << 20) + 1;
}

Port::Port(const PortConfig& config, std::vector<std::string>& warnings) : config_(config), id_(kNoPort) {
  Attach();
  try {
    CheckLimits(warnings);
    Configure(warnings);
    SetUpQueues(warnings);
    Check(rte_eth_dev_start(id_), "start");
    is_started_ = true;
    SetFilters(warnings);
    if (!ReadLink().is_up) warnings.push_back(config_.device + ": the link is down");
  } catch (...) {
    Detach();
    throw;
  }
  const bool is_kernel = std::ranges::find(kKernelDrivers, driver_) != kKernelDrivers.end();
  classifier_ = std::make_unique<FrameClassifier>(
      FrameRules{config_.collector_ports, config_.verify_udp_checksum, is_kernel}, mac_, config_.addresses);
}

Port::~Port() {
  Detach();
}

void Port::Attach() {
  std::string name = PciAddress(config_.device);
  if (name.empty()) {
    name = config_.device.substr(0, config_.device.find(','));
    // The bus is named, so that a mistyped device is not looked for on another one.
    if (const int error = rte_dev_probe(("vdev:" + config_.device).c_str()); error != 0) {
      Fail(std::string("the virtual device could not be opened: ") + rte_strerror(-error));
    }
  }
  if (rte_eth_dev_get_port_by_name(name.c_str(), &id_) == 0) return;
  id_ = kNoPort;
  rte_dev_iterator iterator{};
  std::uint16_t found;
  RTE_ETH_FOREACH_MATCHING_DEV(found, config_.device.c_str(), &iterator) {
    if (id_ == kNoPort) id_ = found;
  }
  if (id_ == kNoPort) Fail("there is no such device, or it is not bound to a driver that DPDK can use");
}

void Port::CheckLimits(std::vector<std::string>& warnings) {
  rte_eth_dev_info info{};
  Check(rte_eth_dev_info_get(id_, &info), "read the device's limits");
  driver_ = info.driver_name;
  if (config_.addresses.empty()) Fail("no address is configured");
  if (config_.queues == 0 || config_.queues > info.max_rx_queues) {
    Fail("queues is " + std::to_string(config_.queues) + "; the device offers 1 to " +
         std::to_string(info.max_rx_queues));
  }
  tx_queues_ = std::min(config_.queues, info.max_tx_queues);
  if (tx_queues_ < config_.queues) warnings.push_back(config_.device + ": can't answer ARP on all queues");
  if (config_.mtu != 0 && (config_.mtu < info.min_mtu || (info.max_mtu != 0 && config_.mtu > info.max_mtu))) {
    Fail("mtu is " + std::to_string(config_.mtu) + "; the device allows " + std::to_string(info.min_mtu) +
         " to " + std::to_string(info.max_mtu));
  }
  if (BufferRoom(config_) < info.min_rx_bufsize) {
    Fail("buffers have " + std::to_string(BufferRoom(config_)) + " bytes; the device needs " +
         std::to_string(info.min_rx_bufsize));
  }
}

void Port::Configure(std::vector<std::string>& warnings) {
  rte_eth_dev_info info{};
  Check(rte_eth_dev_info_get(id_, &info), "read the device's limits");
  rte_eth_conf conf{};
  conf.rxmode.mtu = config_.mtu;
  conf.rxmode.offloads =
      info.rx_offload_capa & (RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM);
  if (config_.queues > 1) {
    // On addresses alone: all of an exporter's ports go to one worker, which then has its templates and its
    // options.
    conf.rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_IP & info.flow_type_rss_offloads;
    if (conf.rx_adv_conf.rss_conf.rss_hf != 0) {
      conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    } else {
      warnings.push_back(
          config_.device +
          ": the driver can't spread by IP addresses; what the device spreads by must be set outside");
    }
  }
  Check(rte_eth_dev_configure(id_, config_.queues, tx_queues_, &conf), "configure");
  if (config_.mtu == 0) return;
  if (const int error = rte_eth_dev_set_mtu(id_, config_.mtu); error == -ENOTSUP) {
    warnings.push_back(config_.device + ": its MTU can't be set");
  } else {
    Check(error, "set the MTU");
  }
}

void Port::SetUpQueues(std::vector<std::string>& warnings) {
  std::uint16_t rx_descriptors = config_.rx_descriptors;
  std::uint16_t tx_descriptors = kTxDescriptors;
  Check(rte_eth_dev_adjust_nb_rx_tx_desc(id_, &rx_descriptors, &tx_descriptors), "size the rings");
  if (rx_descriptors != config_.rx_descriptors) {
    warnings.push_back(config_.device + ": rx_descriptors is " + std::to_string(config_.rx_descriptors) +
                       "; the device takes " + std::to_string(rx_descriptors));
  }
  if (BufferCount(config_) < rx_descriptors + 2 * kBufferCache) {
    Fail("buffers is " + std::to_string(BufferCount(config_)) + "; rx_descriptors needs at least " +
         std::to_string(rx_descriptors + 2 * kBufferCache));
  }
  const int socket = rte_eth_dev_socket_id(id_);
  for (std::uint16_t queue = 0; queue < config_.queues; ++queue) {
    const std::string name = "buffers-" + std::to_string(id_) + "-" + std::to_string(queue);
    rte_mempool* pool = rte_pktmbuf_pool_create(name.c_str(), BufferCount(config_), kBufferCache, 0,
                                                BufferRoom(config_), socket);
    if (pool == nullptr) {
      Fail("no memory for " + std::to_string(BufferCount(config_)) + " packet buffers of " +
           std::to_string(BufferRoom(config_)) + " bytes: " + rte_strerror(rte_errno));
    }
    pools_.push_back(pool);
    Check(rte_eth_rx_queue_setup(id_, queue, rx_descriptors, static_cast<unsigned>(socket), nullptr, pool),
          "set up a receive queue");
  }
  for (std::uint16_t queue = 0; queue < tx_queues_; ++queue) {
    Check(rte_eth_tx_queue_setup(id_, queue, tx_descriptors, static_cast<unsigned>(socket), nullptr),
          "set up a transmit queue");
  }
}

void Port::SetFilters(std::vector<std::string>& warnings) {
  rte_ether_addr mac{};
  Check(rte_eth_macaddr_get(id_, &mac), "read the MAC address");
  std::copy_n(mac.addr_bytes, mac_.size(), mac_.begin());

  if (config_.promiscuous) {
    Check(rte_eth_promiscuous_enable(id_), "make it promiscuous");
    return;
  }
  rte_eth_promiscuous_disable(id_);  // where that is not supported, it receives what it receives
  std::vector<rte_ether_addr> groups;
  for (const Address& address : config_.addresses) {
    if (!address.IsIpv4()) groups.push_back(SolicitedNodeMac(address));
  }
  if (groups.empty()) return;
  // Neighbour solicitations come to a multicast address: the narrowest filter that the device has, let in.
  if (rte_eth_dev_set_mc_addr_list(id_, groups.data(), static_cast<std::uint32_t>(groups.size())) == 0)
    return;
  if (rte_eth_allmulticast_enable(id_) == 0 || rte_eth_promiscuous_enable(id_) == 0) return;
  warnings.push_back(config_.device + ": can't be told to receive IPv6 neighbour solicitations");
}

NicDrops Port::ReadDrops() const noexcept {
  rte_eth_stats stats{};
  if (rte_eth_stats_get(id_, &stats) != 0) return {};
  return {stats.imissed, stats.ierrors, stats.rx_nombuf};
}

Link Port::ReadLink() const noexcept {
  rte_eth_link link{};
  if (rte_eth_link_get_nowait(id_, &link) != 0) return {};
  const bool is_known = link.link_speed != RTE_ETH_SPEED_NUM_UNKNOWN;
  return {link.link_status == RTE_ETH_LINK_UP, is_known ? link.link_speed : 0};
}

void Port::Detach() noexcept {
  if (id_ != kNoPort) {
    rte_eth_dev_info info{};
    const bool has_info = rte_eth_dev_info_get(id_, &info) == 0;
    if (is_started_) rte_eth_dev_stop(id_);
    rte_eth_dev_close(id_);
    if (has_info && PciAddress(config_.device).empty()) rte_dev_remove(info.device);
  }
  for (rte_mempool* pool : std::exchange(pools_, {})) rte_mempool_free(pool);
  id_ = kNoPort;
}

void Port::Fail(const std::string& what) const {
  throw std::runtime_error(config_.device + ": " + what);
}

void Port::Check(int result, std::string_view action) const {
  if (result < 0) Fail("could not " + std::string(action) + ": " + rte_strerror(-result));
}

}  // namespace hostscope::dataplane
