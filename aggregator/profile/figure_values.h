#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "aggregator/host_record.h"

namespace hostscope::aggregator {

/// What of a window is compared with a host's profile: seven figures for each role, sent first, and one for
/// both.
enum class ProfileFigure : std::uint8_t {
  kSentFlows,
  kSentPackets,
  kSentBytes,
  kSentPeers,
  kSentSrcPorts,
  kSentDstPorts,
  kSentSynOnly,
  kReceivedFlows,
  kReceivedPackets,
  kReceivedBytes,
  kReceivedPeers,
  kReceivedSrcPorts,
  kReceivedDstPorts,
  kReceivedSynOnly,
  kClientSide,
};

inline constexpr std::size_t kFiguresOfRole = 7;
inline constexpr std::size_t kProfileFigures = 2 * kFiguresOfRole + 1;

/// "sent.flows", … as in host records; "sent.syn_only", "received.syn_only", "client_side".
std::string_view NameOf(ProfileFigure figure) noexcept;

/// The figures of one host and window on the scales on which they are compared:
/// - counts: log2(1 + count), so that 1 is a factor of two;
/// - syn_only, the share of TCP flow records with SYN but not ACK, at least (SYN - ACK) / (TCP + 4): times 8;
/// - client_side: log2 of (1 + ports on the client's side) / (1 + ports on the server's side), of which a
///   client's own are many and a server's own are few: positive for a client, negative for a server.
/// A role without flows has zeros.
struct FigureValues {
  std::array<float, kProfileFigures> scaled{};
  /// log2(1 + n) of both roles' flows, and bytes.
  std::array<float, 2> activity{};
};

FigureValues ValuesOf(const HostRecord& record) noexcept;

/// Back from such a scale: a count, a share (0 to 1), or a ratio.
double Unscaled(ProfileFigure figure, double scaled) noexcept;

}  // namespace hostscope::aggregator
