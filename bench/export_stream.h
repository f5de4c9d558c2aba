#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "ipfix/address.h"

namespace hostscope::bench {

/// What flows a stream has.
struct StreamOptions {
  std::uint64_t hosts = 1'000'000;  ///< in 10.0.0.0/8, sources and destinations drawn independently
  double zipf = 1.0;                ///< exponent of their activity; 0: all alike
  bool both_roles = true;           ///< false: destinations are outside of 10.0.0.0/8
  std::uint64_t records = 8'000'000;
};

/// Export datagrams in memory as one exporter sends them: IPFIX records of 46 bytes, 31 in a datagram, the
/// template in the first. Read-only once made.
class ExportStream {
 public:
  explicit ExportStream(const StreamOptions& options);

  std::size_t size() const noexcept { return ends_.size(); }
  std::span<const std::uint8_t> operator[](std::size_t i) const noexcept {
    const std::size_t begin = i == 0 ? 0 : ends_[i - 1];
    return {bytes_.data() + begin, ends_[i] - begin};
  }
  std::uint64_t records() const noexcept { return records_; }

 private:
  std::uint64_t records_;
  std::vector<std::uint8_t> bytes_;
  std::vector<std::size_t> ends_;
};

/// The same stream again where it is the one that was made last: the largest take a while, and gigabytes.
const ExportStream& StreamOf(const StreamOptions& options);

}  // namespace hostscope::bench
