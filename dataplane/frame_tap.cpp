#include "dataplane/frame_tap.h"

#include <rte_mbuf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

#include "ipfix/packet_headers.h"

namespace hostscope::dataplane {
namespace {

constexpr std::size_t kMacAddresses = 12;
constexpr std::size_t kTag = 4;

}  // namespace

void FrameTap::Start(const CaptureFilter& filter) {
  Stop();
  ring_.Reserve();
  generation_.fetch_add(1, std::memory_order_relaxed);
  if (filter.source) {
    source_high_.store(filter.source->network.high_bits(), std::memory_order_relaxed);
    source_low_.store(filter.source->network.low_bits(), std::memory_order_relaxed);
  }
  source_bits_.store(filter.source ? filter.source->length : -1, std::memory_order_relaxed);
  snap_length_.store(filter.snap_length, std::memory_order_relaxed);
  missed_before_ = missed_.Get();
  is_on_.store(true, std::memory_order_release);
}

bool FrameTap::Next(CapturedFrame& frame) {
  while (!ring_.IsEmpty()) {
    Header header;
    ring_.Get(&header, sizeof(header));
    const bool is_current = header.generation == generation_.load(std::memory_order_relaxed);
    if (is_current) {
      frame.time = header.time;
      frame.port = header.port;
      frame.length = header.length;
      frame.bytes.resize(header.captured);
      ring_.Get(frame.bytes.data(), header.captured);
    } else {
      ring_.Skip(header.captured);
    }
    ring_.Release();
    if (is_current) return true;
  }
  return false;
}

bool FrameTap::Wants(const rte_mbuf& frame) const noexcept {
  const int bits = source_bits_.load(std::memory_order_relaxed);
  if (bits < 0) return true;
  const std::array<std::uint64_t, 2> words{source_high_.load(std::memory_order_relaxed),
                                           source_low_.load(std::memory_order_relaxed)};
  Prefix source;
  std::memcpy(source.network.bytes.data(), words.data(), sizeof(words));
  source.length = static_cast<std::uint8_t>(bits);
  IpPacket packet;
  const std::span<const std::uint8_t> bytes{rte_pktmbuf_mtod(&frame, const std::uint8_t*), frame.data_len};
  return WalkToTransport(bytes, LinkType::kEthernet, packet) == HeaderResult::kIp &&
         source.Contains(packet.source);
}

void FrameTap::Take(const rte_mbuf& frame, std::uint16_t port, ReceiveTime now) noexcept {
  static_assert(std::is_trivially_copyable_v<Header>);
  const std::uint32_t generation = generation_.load(std::memory_order_relaxed);
  if (!Wants(frame)) return;
  const bool is_tag_off =
      (frame.ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0 && frame.data_len >= kMacAddresses;
  const auto length = static_cast<std::uint32_t>(frame.pkt_len + (is_tag_off ? kTag : 0));
  std::uint32_t captured = std::min(length, snap_length_.load(std::memory_order_relaxed));
  if (!ring_.HasRoom(sizeof(Header) + captured)) return missed_.Add(1);
  const Header header{now, captured, length, generation, port};
  ring_.Put(&header, sizeof(header));
  std::size_t skipped = 0;  // of the first buffer
  const auto put = [&](const void* from, std::size_t size) {
    const auto part = static_cast<std::uint32_t>(std::min<std::size_t>(size, captured));
    ring_.Put(from, part);
    captured -= part;
  };
  if (is_tag_off) {
    const std::array<std::uint8_t, kTag> tag{0x81, 0x00, static_cast<std::uint8_t>(frame.vlan_tci >> 8),
                                             static_cast<std::uint8_t>(frame.vlan_tci & 0xff)};
    put(rte_pktmbuf_mtod(&frame, const std::uint8_t*), kMacAddresses);
    put(tag.data(), tag.size());
    skipped = kMacAddresses;
  }
  for (const rte_mbuf* segment = &frame; segment != nullptr && captured != 0; segment = segment->next) {
    put(rte_pktmbuf_mtod(segment, const std::uint8_t*) + skipped, segment->data_len - skipped);
    skipped = 0;
  }
  ring_.Publish();
}

}  // namespace hostscope::dataplane
