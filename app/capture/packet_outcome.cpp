#include "app/capture/packet_outcome.h"

#include <array>
#include <cstddef>

namespace hostscope::app {
namespace {

using ipfix::CounterName;

constexpr std::array kOutcomes{
    CounterName{"datagram", "Packets that were, or completed, an export datagram."},
    CounterName{"not_ip", "Packets that carry neither IPv4 nor IPv6."},
    CounterName{"not_udp", "Packets of another protocol than UDP."},
    CounterName{"not_export", "UDP datagrams that do not start with a version of NetFlow or IPFIX."},
    CounterName{"unreadable", "Packets whose headers are cut short or contradict themselves."},
    CounterName{"fragment", "Fragments that were kept until the rest of their datagram came."},
    CounterName{"bad_fragment", "Fragments that overlap, lie beyond 64 KiB, or are too many."},
};
static_assert(kOutcomes.size() == static_cast<std::size_t>(PacketOutcome::kCount), "a row for each outcome");

constexpr std::array kDrops{
    CounterName{"frame_truncated", "Export datagrams of which the capture holds only the beginning."},
    CounterName{"frame_bad_udp_length", "Export datagrams whose UDP length contradicts the IP header."},
    CounterName{"frame_missing_fragment", "Export datagrams of which not all fragments came."},
};
static_assert(kDrops.size() == static_cast<std::size_t>(CaptureDrop::kCount), "a row for each reason");

}  // namespace

const CounterName& NameOf(PacketOutcome outcome) noexcept {
  return kOutcomes[static_cast<std::size_t>(outcome)];
}
const CounterName& NameOf(CaptureDrop reason) noexcept {
  return kDrops[static_cast<std::size_t>(reason)];
}

}  // namespace hostscope::app
