#pragma once

#include <cstdint>

#include "ipfix/accounting.h"

namespace hostscope::ipfix {

/// Estimates what was lost between an exporter and us from its sequence numbers, which count in units of its
/// version: flows (v5), datagrams (v9, RFC 3954 section 5.1), data records (IPFIX, RFC 7011 section 3.1).
/// Handles the wrap of 32 bits. A datagram that comes late takes back the loss that its absence suggested.
/// Jumps that no loss explains are taken as a restart of the exporter and reported as such.
///
/// A number says how many units came before its datagram; but softflowd's IPFIX, and Open vSwitch's NetFlow
/// v5 and IPFIX, count those of the datagram too. Which of the two an exporter does shows where the sizes of
/// its datagrams differ. Until that is established by a few datagrams, what is right in either way is no
/// loss; and where nothing speaks for either, the smaller of both losses counts.
class SequenceTracker {
 public:
  /// A datagram that is numbered `sequence` and holds `units`. Books go to both accountings.
  void Observe(std::uint32_t sequence, std::uint64_t units, Accounting& exporter, Accounting& total) noexcept;

  /// The next datagram is taken as the first.
  void Forget() noexcept { is_known_ = false; }

  /// How many units the datagram just observed has can't be known, since a set's template is unknown: the one
  /// that follows is taken as it comes. Those before may still come late.
  void ForgetUnits() noexcept { knows_units_ = false; }

 private:
  /// Units between the datagram before and this one. Learns from it what the exporter counts.
  std::int32_t GapBefore(std::uint32_t sequence, std::uint64_t units) noexcept;

  std::uint32_t last_sequence_ = 0;  ///< of the datagram before, late ones left out
  std::uint32_t last_units_ = 0;
  std::uint32_t recently_lost_ = 0;  ///< what late datagrams may still take back
  /// How many more numbers were right only where a datagram's own units count than only where not; bounded.
  std::int8_t counts_own_ = 0;
  bool is_known_ = false;
  bool knows_units_ = false;  ///< of the datagram before
};

}  // namespace hostscope::ipfix
