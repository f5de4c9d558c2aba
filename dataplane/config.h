#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ipfix/address.h"
#include "ipfix/settings.h"
#include "ipfix/time.h"

namespace hostscope::dataplane {

/// One port to receive on.
struct PortConfig {
  /// A PCI address ("0000:3b:00.0"), or a virtual device with its arguments as DPDK writes them
  /// ("net_af_xdp0,iface=eth1", "net_af_packet0,iface=eth1", "net_tap0", "net_memif0,...",
  /// "net_pcap0,rx_pcap=...").
  std::string device;
  /// Answered for (ARP, neighbour solicitation, ping) and listened on. At least one.
  std::vector<Address> addresses;
  /// UDP ports that exporters send to, host byte order.
  std::vector<std::uint16_t> collector_ports{2055, 4739, 9995, 9996};
  std::uint16_t queues = 1;
  std::uint16_t rx_descriptors = 0;  ///< a queue; 0: 2048, or what the device has nearest
  std::uint32_t buffers = 0;         ///< packet buffers a queue; 0: enough for the descriptors
  /// The largest IP packet. The device is set to it, but not an interface that the kernel shares.
  std::uint16_t mtu = 1500;
  /// VLANs that the port is in, by a frame's outermost tag; 0: without a tag. Empty: frames of any are taken.
  std::vector<std::uint16_t> vlans;
  bool promiscuous = false;  ///< also take frames that the NIC's address filter would refuse
  bool verify_udp_checksum = true;
};

/// Memory that DPDK takes for packet buffers.
enum class Hugepages : std::uint8_t {
  kAuto,     ///< hugepages if enough are free, else ordinary pages and a warning
  kRequire,  ///< fail without
  kNever,
};

struct EalConfig {
  Hugepages hugepages = Hugepages::kAuto;
  std::size_t memory_mib = 0;          ///< 0: what the ports need
  bool telemetry = false;              ///< DPDK's telemetry socket, with commands of ours
  std::vector<std::string> arguments;  ///< passed on to the EAL after our own
};

/// Whether workers help one whose receive queue is loaded.
enum class Spread : std::uint8_t {
  kAuto,   ///< where there is more than one worker
  kNever,  ///< each reads only what its own queues receive
};

/// Of each port.
struct FragmentConfig {
  /// Fragments that may wait for the rest of their datagram; the oldest give way to newer ones.
  std::size_t max_held = 4096;
  std::int64_t timeout_ns = 2 * kNanosecondsPerSecond;  ///< whole seconds; up to one more
};

/// A decoder's settings by default, but for data that come before their template: they are held.
inline ipfix::Settings LiveDecoderSettings() {
  ipfix::Settings settings;
  settings.held_bytes = std::size_t{16} << 20;
  return settings;
}

struct DataplaneConfig {
  std::vector<PortConfig> ports;
  /// CPUs that each run one worker, pinned. Empty: `worker_count` of those that this process may use, leaving
  /// out the first, which takes the machine's interrupts; on a machine with one CPU, that one.
  std::vector<unsigned> worker_cpus;
  /// Workers when worker_cpus is empty. 0: one for each such CPU; without `spread`, as far as there are
  /// queues for them.
  std::size_t worker_count = 0;
  /// CPUs of all other threads. Empty: those that no worker has, or the first where none is left.
  std::vector<unsigned> control_cpus;
  EalConfig eal;
  Spread spread = Spread::kAuto;
  FragmentConfig fragments;
  std::int64_t base_window_ns = 10'000'000'000;
  /// How long a worker sleeps when a poll of its queues found nothing for a millisecond. 0: never; it keeps
  /// its CPU busy, which is what a machine of its own is for. Otherwise a burst waits that long, and RX rings
  /// must hold it.
  std::uint32_t idle_sleep_us = 0;
  ipfix::Settings decoder = LiveDecoderSettings();
  bool gives_notice = false;  ///< TakeNotice() will be called
};

}  // namespace hostscope::dataplane
