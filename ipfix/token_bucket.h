#pragma once

#include <cstdint>

#include "ipfix/time.h"

namespace hostscope::ipfix {

/// A limit of so many a second, with a burst: the bucket starts full with `burst` tokens, gets `rate` more
/// each second and never holds more than `burst`. Exact, in integers. One thread.
class TokenBucket {
 public:
  /// A bucket that has no limit.
  TokenBucket() = default;
  /// `rate` 0: no limit. `burst` 0: a second's worth.
  TokenBucket(std::uint32_t rate, std::uint32_t burst) noexcept
      : rate_(rate), full_((burst == 0 ? rate : burst) * kToken), tokens_(full_) {}

  /// Takes one; false where there is none. Time that goes back brings none.
  bool Take(ReceiveTime now) noexcept {
    if (rate_ == 0) return true;
    if (now > filled_) {
      const auto elapsed = static_cast<std::uint64_t>(now.ns - filled_.ns);
      filled_ = now;
      // Compared before it is multiplied, so that no silence is too long for 64 bits.
      tokens_ = elapsed >= (full_ - tokens_) / rate_ + 1 ? full_ : tokens_ + elapsed * rate_;
    }
    if (tokens_ < kToken) return false;
    tokens_ -= kToken;
    return true;
  }

  /// The clock was set by so much.
  void ShiftClock(std::int64_t ns) noexcept {
    if (filled_.ns > 0) filled_.ns += ns;
  }

 private:
  /// A token in parts, so that one part times the rate comes each nanosecond.
  static constexpr std::uint64_t kToken = kNanosecondsPerSecond;

  std::uint64_t rate_ = 0;
  std::uint64_t full_ = 0;
  std::uint64_t tokens_ = 0;
  ReceiveTime filled_;
};

}  // namespace hostscope::ipfix
