#include "dataplane/port_sizes.h"

#include <rte_mbuf.h>

#include <algorithm>
#include <string_view>

namespace hostscope::dataplane {
namespace {

constexpr std::size_t kLinkOverhead = 26;  // Ethernet, two VLAN tags, CRC
constexpr std::size_t kDefaultRoom = RTE_MBUF_DEFAULT_BUF_SIZE - RTE_PKTMBUF_HEADROOM;
// Many devices count a buffer's bytes in these, and use no part of one.
constexpr std::size_t kBufferUnit = 1024;
// The fill ring of net_af_xdp has this many places whatever is asked for, and each holds a buffer.
constexpr std::uint32_t kDriverBuffers = 4096;
// AF_PACKET puts a header and a link-layer address before each frame (TPACKET2_HDRLEN, aligned).
constexpr std::size_t kPacketRingHeader = 96;
constexpr std::size_t kPage = 4096;

std::size_t RoundUp(std::size_t value, std::size_t unit) noexcept {
  return (value + unit - 1) / unit * unit;
}

bool IsPacketRing(const PortConfig& config) noexcept {
  return config.device.starts_with("net_af_packet");
}

/// The driver has one place behind the other, which is so where each is a block of the ring; blocks are
/// pages.
std::size_t PacketRingPlace(const PortConfig& config) noexcept {
  return RoundUp(LargestFrame(config) + kPacketRingHeader, kPage);
}

}  // namespace

std::size_t LargestFrame(const PortConfig& config) noexcept {
  return config.mtu + kLinkOverhead;
}

std::uint16_t BufferRoom(const PortConfig& config) noexcept {
  const std::size_t frame = LargestFrame(config);
  if (frame <= kDefaultRoom) return RTE_PKTMBUF_HEADROOM + kDefaultRoom;
  // A buffer must have room for all of a place in the ring.
  const std::size_t room = IsPacketRing(config) ? PacketRingPlace(config) : RoundUp(frame, kBufferUnit);
  return static_cast<std::uint16_t>(RTE_PKTMBUF_HEADROOM + room);
}

std::uint32_t BufferCount(const PortConfig& config) noexcept {
  if (config.buffers != 0) return config.buffers;
  const std::uint32_t descriptors = config.rx_descriptors != 0 ? config.rx_descriptors : kRxDescriptors;
  return 2 * descriptors + kTxDescriptors + 2 * kBufferCache + kDriverBuffers;
}

std::string DescriptorProblem(const PortConfig& config, const RingLimits& limits) {
  const std::uint16_t wanted = config.rx_descriptors;
  const std::uint16_t step = std::max<std::uint16_t>(limits.step, 1);
  if (wanted == 0 || (wanted >= limits.least && wanted <= limits.most && wanted % step == 0)) return {};
  return "rx_descriptors is " + std::to_string(wanted) + "; the device takes " +
         std::to_string(limits.least) + " to " + std::to_string(limits.most) + ", in steps of " +
         std::to_string(step);
}

std::string BufferProblem(const PortConfig& config, std::uint16_t rx_descriptors) {
  const std::uint32_t least = rx_descriptors + 2 * kBufferCache;
  if (BufferCount(config) >= least) return {};
  return "buffers is " + std::to_string(BufferCount(config)) + "; rx_descriptors needs at least " +
         std::to_string(least);
}

std::size_t BufferMib(const PortConfig& config) noexcept {
  constexpr std::size_t kPerBuffer = sizeof(rte_mbuf) + 2 * RTE_CACHE_LINE_SIZE;
  const std::size_t bytes = (BufferRoom(config) + kPerBuffer) * BufferCount(config) * config.queues;
  return bytes / (1U << 20) + 1;
}

std::string KernelInterface(const std::string& device) {
  if (device.starts_with("net_tap")) return {};  // makes one of that name, which is its own
  constexpr std::string_view kKey = ",iface=";
  const std::size_t at = device.find(kKey);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + kKey.size();
  return device.substr(begin, device.find(',', begin) - begin);
}

std::string DeviceArguments(const PortConfig& config) {
  if (!IsPacketRing(config) || LargestFrame(config) <= kDefaultRoom ||
      config.device.find(",framesz=") != std::string::npos) {
    return config.device;
  }
  // Else it cuts what is longer than 2 KiB.
  const std::string place = std::to_string(PacketRingPlace(config));
  return config.device + ",framesz=" + place + ",blocksz=" + place;
}

}  // namespace hostscope::dataplane
