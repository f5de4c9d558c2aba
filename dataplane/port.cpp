#include "dataplane/port.h"

#include <net/if.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <regex>
#include <stdexcept>
#include <utility>

#include "dataplane/port_offloads.h"
#include "dataplane/port_sizes.h"

namespace hostscope::dataplane {
namespace {

constexpr std::uint16_t kNoPort = RTE_MAX_ETHPORTS;

// Frames from these may come straight from a socket of this machine, with a checksum that is left to a NIC.
constexpr std::array<std::string_view, 4> kKernelDrivers{"net_af_xdp", "net_af_packet", "net_tap",
                                                         "net_pcap"};

/// The Ethernet address of an IPv6 multicast group: RFC 2464 section 7.
rte_ether_addr SolicitedNodeMac(const Address& address) noexcept {
  return {{0x33, 0x33, 0xff, address.bytes[13], address.bytes[14], address.bytes[15]}};
}

/// Of an interface of the kernel's; nothing where there is no such one.
std::optional<int> KernelMtu(const std::string& interface) {
  ifreq request{};
  if (interface.size() >= sizeof(request.ifr_name)) return std::nullopt;
  interface.copy(request.ifr_name, sizeof(request.ifr_name) - 1);
  const int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const bool is_known = control >= 0 && ioctl(control, SIOCGIFMTU, &request) == 0;
  if (control >= 0) close(control);
  return is_known ? std::optional<int>(request.ifr_mtu) : std::nullopt;
}

}  // namespace

std::string PciAddress(std::string_view device) {
  static const std::regex kPattern("(?:([0-9a-fA-F]{4}):)?([0-9a-fA-F]{2}:[0-9a-fA-F]{2}\\.[0-7])");
  std::cmatch match;
  if (!std::regex_match(device.data(), device.data() + device.size(), match, kPattern)) return {};
  return (match[1].matched ? match[1].str() : "0000") + ":" + match[2].str();
}

int Port::socket() const noexcept {
  return rte_eth_dev_socket_id(id_);
}

int Port::memory_socket() const noexcept {
  const int node = socket();
  for (unsigned i = 0; i < rte_socket_count(); ++i) {
    if (rte_socket_id_by_idx(i) == node) return node;
  }
  return SOCKET_ID_ANY;
}

Port::Port(const PortConfig& config, std::vector<std::string>& warnings) : config_(config), id_(kNoPort) {
  Attach();
  try {
    CheckLimits(warnings);
    Configure(warnings);
    SetUpQueues();
    Check(rte_eth_dev_start(id_), "start");
    is_started_ = true;
    SetFilters(warnings);
    ReadRssFunctions();
    if (!ReadLink().is_up) warnings.push_back(config_.device + ": the link is down");
  } catch (...) {
    Detach();
    throw;
  }
  const bool is_kernel = std::ranges::find(kKernelDrivers, driver_) != kKernelDrivers.end();
  classifier_ = std::make_unique<FrameClassifier>(
      FrameRules{config_.collector_ports, config_.verify_udp_checksum, is_kernel, config_.vlans}, mac_,
      config_.addresses);
}

Port::~Port() {
  Detach();
}

void Port::Attach() {
  std::string name = PciAddress(config_.device);
  if (name.empty()) {
    name = config_.device.substr(0, config_.device.find(','));
    // The bus is named, so that a mistyped device is not looked for on another one.
    if (const int error = rte_dev_probe(("vdev:" + DeviceArguments(config_)).c_str()); error != 0) {
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
  if (config_.mtu < info.min_mtu || (info.max_mtu != 0 && config_.mtu > info.max_mtu)) {
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
  conf.rxmode.offloads = rx_offloads_ = UsefulRxOffloads(config_, info);
  if (config_.queues > 1) {
    conf.rx_adv_conf.rss_conf.rss_hf = UsefulRssFunctions(info);
    if (conf.rx_adv_conf.rss_conf.rss_hf != 0) {
      conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    } else {
      warnings.push_back(
          config_.device +
          ": the driver can't spread by IP addresses; what the device spreads by must be set outside");
    }
  }
  rss_functions_ = conf.rx_adv_conf.rss_conf.rss_hf;
  const std::string interface = KernelInterface(config_.device);
  if (interface.empty()) conf.rxmode.mtu = config_.mtu;
  Check(rte_eth_dev_configure(id_, config_.queues, tx_queues_, &conf), "configure");
  if (interface.empty()) {
    SetMtu(warnings);
  } else {
    CompareMtu(interface, warnings);
  }
}

void Port::SetMtu(std::vector<std::string>& warnings) {
  const int error = rte_eth_dev_set_mtu(id_, config_.mtu);
  if (error != -ENOTSUP) return Check(error, "set the MTU");
  std::uint16_t mtu = 0;  // many drivers take it from the configuration alone
  if (rte_eth_dev_get_mtu(id_, &mtu) != 0 || mtu < config_.mtu)
    warnings.push_back(config_.device + ": its MTU can't be set");
}

/// The kernel shares the interface: how long its packets are is not ours to say.
void Port::CompareMtu(const std::string& interface, std::vector<std::string>& warnings) const {
  const std::optional<int> mtu = KernelMtu(interface);
  if (!mtu || *mtu == config_.mtu) return;
  warnings.push_back(config_.device + ": mtu is " + std::to_string(config_.mtu) + "; that of " + interface +
                     " is " + std::to_string(*mtu) +
                     (*mtu > config_.mtu ? ": longer packets are lost" : ": nothing longer arrives"));
}

/// What the configuration says, or the device's nearest to our own.
std::uint16_t Port::RxDescriptors() const {
  rte_eth_dev_info info{};
  Check(rte_eth_dev_info_get(id_, &info), "read the device's limits");
  const rte_eth_desc_lim& limits = info.rx_desc_lim;
  const std::string problem = DescriptorProblem(config_, {limits.nb_min, limits.nb_max, limits.nb_align});
  if (!problem.empty()) Fail(problem);
  std::uint16_t rx_descriptors = config_.rx_descriptors != 0 ? config_.rx_descriptors : kRxDescriptors;
  std::uint16_t tx_descriptors = kTxDescriptors;
  Check(rte_eth_dev_adjust_nb_rx_tx_desc(id_, &rx_descriptors, &tx_descriptors), "size the rings");
  const std::string lack = BufferProblem(config_, rx_descriptors);
  if (!lack.empty()) Fail(lack);
  return rx_descriptors;
}

void Port::SetUpQueues() {
  const std::uint16_t rx_descriptors = RxDescriptors();
  std::uint16_t tx_descriptors = kTxDescriptors;
  Check(rte_eth_dev_adjust_nb_rx_tx_desc(id_, nullptr, &tx_descriptors), "size the rings");
  const int node = memory_socket();
  for (std::uint16_t queue = 0; queue < config_.queues; ++queue) {
    const std::string name = "buffers-" + std::to_string(id_) + "-" + std::to_string(queue);
    rte_mempool* pool = rte_pktmbuf_pool_create(name.c_str(), BufferCount(config_), kBufferCache, 0,
                                                BufferRoom(config_), node);
    if (pool == nullptr) {
      Fail("no memory for " + std::to_string(BufferCount(config_)) + " packet buffers of " +
           std::to_string(BufferRoom(config_)) + " bytes" +
           (node < 0 ? "" : " on NUMA node " + std::to_string(node)) + ": " + rte_strerror(rte_errno));
    }
    pools_.push_back(pool);
    Check(rte_eth_rx_queue_setup(id_, queue, rx_descriptors, static_cast<unsigned>(node), nullptr, pool),
          "set up a receive queue");
  }
  for (std::uint16_t queue = 0; queue < tx_queues_; ++queue) {
    Check(rte_eth_tx_queue_setup(id_, queue, tx_descriptors, static_cast<unsigned>(node), nullptr),
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
  groups.push_back({{0x33, 0x33, 0, 0, 0, 1}});  // all nodes, to whom others announce addresses
  // Neighbour solicitations come to a multicast address: the narrowest filter that the device has, let in.
  if (rte_eth_dev_set_mc_addr_list(id_, groups.data(), static_cast<std::uint32_t>(groups.size())) == 0)
    return;
  if (rte_eth_allmulticast_enable(id_) == 0 || rte_eth_promiscuous_enable(id_) == 0) return;
  warnings.push_back(config_.device + ": can't be told to receive IPv6 neighbour solicitations");
}

/// Drivers leave out functions that the others make superfluous.
void Port::ReadRssFunctions() noexcept {
  if (rss_functions_ == 0) return;
  rte_eth_rss_conf rss{};
  if (rte_eth_dev_rss_hash_conf_get(id_, &rss) == 0) rss_functions_ = rss.rss_hf;
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

BufferPoolStatus Port::ReadPools() const {
  BufferPoolStatus status;
  status.device = config_.device;
  for (const rte_mempool* const pool : pools_) AddPool(status, *pool);
  return status;
}

void Port::Fail(const std::string& what) const {
  throw std::runtime_error(config_.device + ": " + what);
}

void Port::Check(int result, std::string_view action) const {
  if (result < 0) Fail("could not " + std::string(action) + ": " + rte_strerror(-result));
}

}  // namespace hostscope::dataplane
