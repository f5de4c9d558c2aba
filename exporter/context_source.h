#pragma once

#include <string>

#include "ipfix/address.h"

namespace hostscope::exporter {

/// Where host records get their `context` from. Any thread.
class ContextSource {
 public:
  virtual ~ContextSource() = default;
  /// Of one host, as a JSON object of at most kMaxContextText bytes; empty: nothing is known.
  virtual std::string ContextOf(const Address& host) const = 0;
};

inline constexpr std::size_t kMaxContextText = std::size_t{16} << 10;

}  // namespace hostscope::exporter
