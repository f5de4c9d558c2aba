#pragma once

#include "app/capture/capture_file.h"
#include "app/capture/fragments.h"
#include "app/capture/packet_outcome.h"
#include "ipfix/decoder.h"

namespace hostscope::app {

/// Picks export datagrams out of captured packets. Whatever the ports: an export datagram is UDP and starts
/// with the version word of NetFlow v5 (also Huawei's 0x8005), NetFlow v9 or IPFIX. Checksums are not
/// verified, since captures made on the sending machine have none. Puts fragments together. One thread.
class ExportDatagrams {
 public:
  ExportDatagrams() = default;
  ExportDatagrams(const ExportDatagrams&) = delete;
  ExportDatagrams& operator=(const ExportDatagrams&) = delete;

  /// True when `packet` is, or completes, an export datagram. Its bytes are valid as long as the packet's,
  /// and until the next call.
  bool Take(const CapturedPacket& packet, LinkType link, ipfix::Datagram& datagram);

  /// At the end of the capture: datagrams that are still incomplete are counted as dropped.
  void Finish();

  const CaptureCounters& counters() const noexcept { return counters_; }

 private:
  PacketOutcome Examine(const CapturedPacket& packet, LinkType link, ipfix::Datagram& datagram);
  PacketOutcome ExamineFragment(std::span<const std::uint8_t> frame, const IpPacket& ip, ReceiveTime now,
                                ipfix::Datagram& datagram);
  PacketOutcome ExamineUdp(std::span<const std::uint8_t> present, std::size_t full_length,
                           ipfix::Datagram& datagram);
  void CountLost(std::span<const std::uint8_t> beginning);

  CaptureCounters counters_;
  FragmentTable fragments_{[this](std::span<const std::uint8_t> beginning) { CountLost(beginning); }};
  bool is_dropped_ = false;  // set by ExamineUdp() of what is an export datagram and yet can't be decoded
};

}  // namespace hostscope::app
