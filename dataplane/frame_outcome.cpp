#include "dataplane/frame_outcome.h"

#include <array>
#include <cstddef>

namespace hostscope::dataplane {
namespace {

struct Row {
  ipfix::CounterName name;
  FrameClass frame_class;
};

using enum FrameClass;

constexpr std::array kRows{
    Row{{"datagram", "Frames whose datagram was handed to the decoder."}, kDelivered},
    Row{{"arp", "ARP requests for an address of the port, to be answered."}, kAnswered},
    Row{{"neighbour", "IPv6 neighbour solicitations for an address of the port, to be answered."}, kAnswered},
    Row{{"echo", "Pings of an address of the port, to be answered."}, kAnswered},
    Row{{"not_ip", "Frames that carry neither IPv4 nor IPv6."}, kIgnored},
    Row{{"conflict", "Frames by which another station claims an address of the port."}, kIgnored},
    Row{{"other_vlan", "Frames of a VLAN that is not one of the port's."}, kIgnored},
    Row{{"not_ours", "Frames for an address that is not one of the port's."}, kIgnored},
    Row{{"not_udp", "Packets for the port that are not UDP and call for no answer."}, kIgnored},
    Row{{"other_port", "Datagrams for the port to a UDP port that is not listened on."}, kIgnored},
    Row{{"truncated", "Frames that end before the end that their IP header gives."}, kDropped},
    Row{{"malformed", "Frames with a header that contradicts itself."}, kDropped},
    Row{{"bad_ip_checksum", "Frames with a wrong IPv4 header checksum."}, kDropped},
    Row{{"bad_udp_checksum", "Datagrams with a wrong UDP checksum, or without one over IPv6."}, kDropped},
    Row{{"fragment", "Fragments of datagrams for the port."}, kPart},
    Row{{"segmented", "Frames in several buffers that are longer than any IP packet."}, kDropped},
};
static_assert(kRows.size() == static_cast<std::size_t>(FrameOutcome::kCount), "a row for each outcome");

}  // namespace

const ipfix::CounterName& NameOf(FrameOutcome outcome) noexcept {
  return kRows[static_cast<std::size_t>(outcome)].name;
}

FrameClass ClassOf(FrameOutcome outcome) noexcept {
  return kRows[static_cast<std::size_t>(outcome)].frame_class;
}

std::uint64_t TotalOf(const FrameCounters& counters, FrameClass wanted) noexcept {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].frame_class == wanted) total += counters.Get(static_cast<FrameOutcome>(i));
  }
  return total;
}

}  // namespace hostscope::dataplane
