#include "aggregator/profile/figure_values.h"

#include <algorithm>
#include <cmath>

namespace hostscope::aggregator {
namespace {

constexpr float kShareScale = 8.0F;
constexpr unsigned kSynBit = 1;
constexpr unsigned kAckBit = 4;

float LogOf(std::uint64_t count) noexcept {
  return std::log2(1.0F + static_cast<float>(count));
}

float SynOnlyOf(const RoleFigures& role) noexcept {
  const std::uint64_t syn = role.tcp_flags[kSynBit];
  const std::uint64_t ack = role.tcp_flags[kAckBit];
  if (syn <= ack) return 0.0F;
  // Four flow records more in the denominator: one SYN alone is no share of 1.
  return kShareScale * static_cast<float>(syn - ack) / (static_cast<float>(role.tcp) + 4.0F);
}

void SetRole(const RoleFigures& role, float* scaled) noexcept {
  scaled[0] = LogOf(role.flows);
  scaled[1] = LogOf(role.packets);
  scaled[2] = LogOf(role.bytes);
  scaled[3] = LogOf(role.peers);
  scaled[4] = LogOf(role.src_ports);
  scaled[5] = LogOf(role.dst_ports);
  scaled[6] = SynOnlyOf(role);
}

bool IsShare(ProfileFigure figure) noexcept {
  return figure == ProfileFigure::kSentSynOnly || figure == ProfileFigure::kReceivedSynOnly;
}

}  // namespace

std::string_view NameOf(ProfileFigure figure) noexcept {
  static constexpr std::array<std::string_view, kProfileFigures> kNames{
      "sent.flows",     "sent.packets",       "sent.bytes",         "sent.peers",        "sent.src_ports",
      "sent.dst_ports", "sent.syn_only",      "received.flows",     "received.packets",  "received.bytes",
      "received.peers", "received.src_ports", "received.dst_ports", "received.syn_only", "client_side"};
  return kNames[static_cast<std::size_t>(figure)];
}

FigureValues ValuesOf(const HostRecord& record) noexcept {
  FigureValues values;
  SetRole(record.sent, values.scaled.data());
  SetRole(record.received, values.scaled.data() + kFiguresOfRole);
  values.scaled.back() = LogOf(record.sent.src_ports + record.received.dst_ports) -
                         LogOf(record.sent.dst_ports + record.received.src_ports);
  values.activity = {LogOf(record.sent.flows + record.received.flows),
                     LogOf(record.sent.bytes + record.received.bytes)};
  return values;
}

double Unscaled(ProfileFigure figure, double scaled) noexcept {
  if (IsShare(figure)) return std::clamp(scaled / double{kShareScale}, 0.0, 1.0);
  if (figure == ProfileFigure::kClientSide) return std::exp2(scaled);
  return std::max(0.0, std::exp2(scaled) - 1.0);
}

}  // namespace hostscope::aggregator
