#pragma once

#include <cstdint>

#include "ipfix/accounting.h"

namespace hostscope::ipfix {

/// Estimates what was lost between an exporter and us from its sequence numbers, which count in units of its version:
/// flows (v5), datagrams (v9, RFC 3954 section 5.1), data records (IPFIX, RFC 7011 section 3.1). Handles the wrap of 32
/// bits. A datagram that comes late takes back the loss that its absence suggested. Jumps that no loss explains are
/// taken as a restart of the exporter and reported as such.
class SequenceTracker {
 public:
  /// A datagram that starts at `sequence` and holds `units`. Books go to both accountings.
  void Observe(std::uint32_t sequence, std::uint64_t units, Accounting& exporter, Accounting& total) noexcept;

  /// A datagram whose units can't be known, because a set's template is unknown: start again at the next one.
  void Forget() noexcept { is_known_ = false; }

 private:
  std::uint32_t expected_ = 0;
  std::uint32_t recently_lost_ = 0;  ///< what late datagrams may still take back
  bool is_known_ = false;
};

}  // namespace hostscope::ipfix
