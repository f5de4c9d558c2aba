#include "app/capture/export_datagrams.h"

#include "ipfix/wire.h"

namespace hostscope::app {
namespace {

using ipfix::LoadBe16;

constexpr std::uint8_t kProtocolUdp = 17;
constexpr std::size_t kUdpHeaderLength = 8;
constexpr std::size_t kVersionLength = 2;

/// `udp` starts with a UDP header.
bool StartsWithVersion(std::span<const std::uint8_t> udp) noexcept {
  if (udp.size() < kUdpHeaderLength + kVersionLength) return false;
  const std::uint16_t version = LoadBe16(&udp[kUdpHeaderLength]);
  return version == ipfix::kVersionNetflow5 || version == ipfix::kVersionNetflow9 ||
         version == ipfix::kVersionIpfix || version == ipfix::kVersionNetstream5;
}

}  // namespace

bool ExportDatagrams::Take(const CapturedPacket& packet, LinkType link, ipfix::Datagram& datagram) {
  datagram.received = packet.time;
  is_dropped_ = false;
  const PacketOutcome outcome = Examine(packet, link, datagram);
  counters_.outcomes.Add(outcome);
  return outcome == PacketOutcome::kDatagram && !is_dropped_;
}

PacketOutcome ExportDatagrams::Examine(const CapturedPacket& packet, LinkType link,
                                       ipfix::Datagram& datagram) {
  IpPacket ip;
  switch (WalkToTransport(packet.frame, link, ip)) {
    case HeaderResult::kIp:
      break;
    case HeaderResult::kNotIp:
      return PacketOutcome::kNotIp;
    case HeaderResult::kTruncated:
    case HeaderResult::kMalformed:
      return PacketOutcome::kUnreadable;
  }
  datagram.source = ip.source;
  if (ip.is_fragment) return ExamineFragment(packet.frame, ip, packet.time, datagram);
  if (ip.protocol != kProtocolUdp) return PacketOutcome::kNotUdp;
  if (ip.transport_offset > ip.end_offset || ip.transport_offset > packet.frame.size()) {
    return PacketOutcome::kUnreadable;
  }
  const std::size_t full_length = ip.end_offset - ip.transport_offset;
  std::span<const std::uint8_t> present = packet.frame.subspan(ip.transport_offset);
  if (present.size() > full_length) present = present.first(full_length);  // Ethernet padding
  return ExamineUdp(present, full_length, datagram);
}

PacketOutcome ExportDatagrams::ExamineUdp(std::span<const std::uint8_t> present, std::size_t full_length,
                                          ipfix::Datagram& datagram) {
  if (present.size() < kUdpHeaderLength) return PacketOutcome::kUnreadable;
  if (!StartsWithVersion(present)) return PacketOutcome::kNotExport;
  const std::size_t udp_length = LoadBe16(&present[4]);
  if (udp_length < kUdpHeaderLength + kVersionLength || udp_length > full_length) {
    counters_.drops.Add(CaptureDrop::kBadUdpLength);
    is_dropped_ = true;
  } else if (udp_length > present.size()) {
    counters_.drops.Add(CaptureDrop::kTruncated);
    is_dropped_ = true;
  } else {
    datagram.source_port = LoadBe16(present.data());
    datagram.payload = present.subspan(kUdpHeaderLength, udp_length - kUdpHeaderLength);
  }
  return PacketOutcome::kDatagram;
}

PacketOutcome ExportDatagrams::ExamineFragment(std::span<const std::uint8_t> frame, const IpPacket& ip,
                                               ReceiveTime now, ipfix::Datagram& datagram) {
  Fragment fragment;
  if (!ReadFragment(frame, ip, fragment)) return PacketOutcome::kUnreadable;
  if (fragment.protocol != kProtocolUdp) return PacketOutcome::kNotUdp;
  std::span<const std::uint8_t> payload;
  switch (fragments_.Add(fragment, now, payload)) {
    case FragmentTable::Result::kKept:
      return PacketOutcome::kFragment;
    case FragmentTable::Result::kRefused:
      return PacketOutcome::kBadFragment;
    case FragmentTable::Result::kComplete:
      break;
  }
  counters_.reassembled.Add(1);
  return ExamineUdp(payload, payload.size(), datagram);
}

void ExportDatagrams::CountLost(std::span<const std::uint8_t> beginning) {
  if (StartsWithVersion(beginning)) counters_.drops.Add(CaptureDrop::kMissingFragment);
}

void ExportDatagrams::Finish() {
  fragments_.Clear();
}

}  // namespace hostscope::app
