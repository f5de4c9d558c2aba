#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/config.h"
#include "dataplane/frame.h"
#include "dataplane/memory_status.h"

struct rte_mempool;

namespace hostscope::dataplane {

/// What a NIC or its driver lost before a worker saw it, since the port was opened; each is a dropped frame.
struct NicDrops {
  std::uint64_t missed = 0;     ///< the RX ring was full
  std::uint64_t errors = 0;     ///< refused by the NIC: CRC, length
  std::uint64_t no_buffer = 0;  ///< no packet buffer was free
  std::uint64_t total() const noexcept { return missed + errors + no_buffer; }
};

struct Link {
  bool is_up = false;
  std::uint32_t megabits_per_second = 0;  ///< 0: unknown, as with virtual devices
};

/// A DPDK port, from the opening of its device to the closing. All but the queues, each of which one worker
/// polls, is the control threads'. Needs the EAL.
class Port {
 public:
  /// Opens, configures and starts the device. Throws std::runtime_error with the device's name, what is wrong
  /// and, where it is a limit, both values. Adds to `warnings` what was brought within the device's limits.
  Port(const PortConfig& config, std::vector<std::string>& warnings);
  ~Port();
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  std::uint16_t id() const noexcept { return id_; }
  const PortConfig& config() const noexcept { return config_; }
  const std::string& driver() const noexcept { return driver_; }
  const MacAddress& mac() const noexcept { return mac_; }
  /// RTE_ETH_RX_OFFLOAD_*: what the device does for us.
  std::uint64_t rx_offloads() const noexcept { return rx_offloads_; }
  /// RTE_ETH_RSS_*: what the device spreads by over the queues; 0 where there is one queue, or it can't.
  std::uint64_t rss_functions() const noexcept { return rss_functions_; }
  /// Of the first queue's buffers.
  rte_mempool* pool() const noexcept { return pools_.front(); }
  BufferPoolStatus ReadPools() const;
  const FrameClassifier& classifier() const noexcept { return *classifier_; }
  std::uint16_t rx_queues() const noexcept { return config_.queues; }
  /// Queues that can answer; RX queue i answers on TX queue i.
  std::uint16_t tx_queues() const noexcept { return tx_queues_; }

  NicDrops ReadDrops() const noexcept;
  Link ReadLink() const noexcept;

  /// NUMA node of the device; -1: unknown, or none.
  int socket() const noexcept;
  /// The same for its memory: SOCKET_ID_ANY, which is -1, where the EAL has no memory there.
  int memory_socket() const noexcept;

 private:
  void Attach();
  void CheckLimits(std::vector<std::string>& warnings);
  void Configure(std::vector<std::string>& warnings);
  void SetMtu(std::vector<std::string>& warnings);
  void CompareMtu(const std::string& interface, std::vector<std::string>& warnings) const;
  std::uint16_t RxDescriptors() const;
  void SetUpQueues();
  void ReadRssFunctions() noexcept;
  void SetFilters(std::vector<std::string>& warnings);
  void Detach() noexcept;
  [[noreturn]] void Fail(const std::string& what) const;
  void Check(int result, std::string_view action) const;

  PortConfig config_;
  std::uint16_t id_;
  bool is_started_ = false;
  std::uint16_t tx_queues_ = 0;
  std::uint64_t rx_offloads_ = 0;
  std::uint64_t rss_functions_ = 0;
  std::string driver_;
  MacAddress mac_{};
  std::vector<rte_mempool*> pools_;
  std::unique_ptr<const FrameClassifier> classifier_;
};

/// "0000:3b:00.0" for a PCI address, with or without its domain; empty for anything else.
std::string PciAddress(std::string_view device);

}  // namespace hostscope::dataplane
