#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <memory>

#include "aggregator/host_tops.h"
#include "ipfix/address.h"
#include "ipfix/prefix.h"
#include "ipfix/time.h"

namespace hostscope::aggregator {

/// `[start, start + length)` on the receiver's clock; start is a multiple of length since the Unix epoch.
struct WindowSpan {
  ReceiveTime start;
  std::int64_t length_ns = 0;

  ReceiveTime end() const noexcept { return ReceiveTime{start.ns + length_ns}; }
  friend bool operator==(const WindowSpan&, const WindowSpan&) = default;
};

/// A host's figures in one role (sent: it is the source; received: the destination) over one window.
struct RoleFigures {
  std::uint64_t flows = 0;    ///< flow records, never scaled by sampling; 0: the role is absent
  std::uint64_t packets = 0;  ///< scaled
  std::uint64_t bytes = 0;    ///< scaled
  std::uint64_t duration_sum_us = 0;
  std::uint64_t duration_count = 0;  ///< flow records in duration_sum_us; 0: no mean
  std::uint64_t peers = 0;           ///< distinct addresses on the other side
  std::uint64_t src_ports = 0;       ///< distinct transport source ports of the flow records
  std::uint64_t dst_ports = 0;
  /// TCP flow records whose control bits have FIN, SYN, RST, PSH, ACK, URG, ECE, CWR (bit 0 to 7).
  std::array<std::uint64_t, 8> tcp_flags{};
  std::uint64_t tcp = 0;  ///< flow records by protocol; other = flows - tcp - udp - icmp
  std::uint64_t udp = 0;
  std::uint64_t icmp = 0;  ///< ICMP and ICMPv6

  std::uint64_t other_protocols() const noexcept { return flows - tcp - udp - icmp; }
};

/// Everything known of one host in one window: design of the published record. Plain value.
struct HostRecord {
  static constexpr float kNotJudged = -1;
  /// A deviation, which is not kNotJudged, as whole hundredths, and back.
  static std::uint64_t HundredthsOf(float deviation) noexcept {
    return static_cast<std::uint64_t>(std::lround(deviation * 100));
  }
  static float DeviationOf(std::uint64_t hundredths) noexcept { return static_cast<float>(hundredths) / 100; }

  Address host;        ///< meaningless when `other`
  Prefix network;      ///< most specific monitored network that contains the host
  bool other = false;  ///< the sum over hosts of `network` for which the table had no room
  /// How far the window is from the host's profile (Deviation::score, to hundredths), or kNotJudged.
  float deviation = kNotJudged;
  RoleFigures sent;
  RoleFigures received;
  std::shared_ptr<const HostTops> tops;  ///< null where no lists are kept, and where `other`
};

/// What is said of a window as a whole, after its host records.
struct WindowSummary {
  std::uint64_t hosts = 0;        ///< host records
  std::uint64_t other_hosts = 0;  ///< `other` records
  std::uint64_t flows = 0;        ///< flow records counted
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t exporters = 0;     ///< that sent in this window; for a roll-up, the most in a base window
  std::uint64_t dropped = 0;       ///< datagrams dropped, whatever the reason
  std::uint64_t scaled_flows = 0;  ///< flow records that were scaled by a sampling rate
  std::uint64_t sequence_expected = 0;
  std::uint64_t sequence_lost = 0;
  /// By how much the system's clock was set while the window was open, or when it was opened; of several
  /// steps the largest. 0: it was not.
  std::int64_t clock_step_ns = 0;
  /// Tells the parts of one window apart where it was cut (ClosedWindow::partial()), in whatever run they
  /// were counted: see MergerOptions::began_ns. 0 of a window that was not.
  std::uint64_t part = 0;

  void NoteClockStep(std::int64_t ns) noexcept {
    const auto size = [](std::int64_t step) { return step < 0 ? -step : step; };
    if (size(ns) > size(clock_step_ns)) clock_step_ns = ns;
  }

  double sequence_loss() const noexcept { return Share(sequence_lost, sequence_expected); }
  double sampled_share() const noexcept { return Share(scaled_flows, flows); }

 private:
  static double Share(std::uint64_t part, std::uint64_t whole) noexcept {
    return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
  }
};

}  // namespace hostscope::aggregator
