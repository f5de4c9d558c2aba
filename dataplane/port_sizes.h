#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "dataplane/config.h"

/// What a port's configuration means in buffers and bytes, before its device is open. Any thread.
namespace hostscope::dataplane {

/// Descriptors of a receive queue where the configuration leaves them to us and the device to its default.
inline constexpr std::uint16_t kRxDescriptors = 2048;
inline constexpr std::uint16_t kTxDescriptors = 512;
inline constexpr unsigned kBufferCache = 256;  ///< of each lcore

/// The largest frame of a packet of the port's MTU: with two VLAN tags, and the CRC that some devices leave.
std::size_t LargestFrame(const PortConfig& config) noexcept;
/// Bytes of a packet buffer, DPDK's headroom with them: a frame lies in one buffer, so that it is read where
/// it is.
std::uint16_t BufferRoom(const PortConfig& config) noexcept;
/// Packet buffers of each queue.
std::uint32_t BufferCount(const PortConfig& config) noexcept;

/// What a device takes for a ring.
struct RingLimits {
  std::uint16_t least = 0;
  std::uint16_t most = 0;
  std::uint16_t step = 1;
};
/// What is wrong with the configured `rx_descriptors`, with both values; empty: nothing, or none is
/// configured.
std::string DescriptorProblem(const PortConfig& config, const RingLimits& limits);
/// What is wrong with the configured `buffers` where a queue has so many descriptors; empty: nothing.
std::string BufferProblem(const PortConfig& config, std::uint16_t rx_descriptors);
/// Memory of all of them.
std::size_t BufferMib(const PortConfig& config) noexcept;

/// "eth1" of "net_af_packet0,iface=eth1"; empty: it is no interface of the kernel's.
std::string KernelInterface(const std::string& device);
/// The device with its arguments, and with those that its driver needs to take frames of the port's MTU.
std::string DeviceArguments(const PortConfig& config);

}  // namespace hostscope::dataplane
