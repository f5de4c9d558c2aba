#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace hostscope::exporter {

struct BackoffOptions {
  std::chrono::milliseconds first{500};
  std::chrono::milliseconds longest{30'000};
};

/// When to try again what has failed. The pause doubles with each failure up to the longest, and is cut by a
/// random share of up to a half, so that many who failed at the same moment do not come back at the same
/// moment. It knows no clock: the caller says what time it is. One thread.
class Backoff {
 public:
  using Clock = std::chrono::steady_clock;

  Backoff(const BackoffOptions& options, std::uint64_t seed) : options_(options), random_(seed) {}

  /// It has failed at `now`: it is due after a pause that is longer than the last one.
  void Fail(Clock::time_point now);
  /// It went well: due at once, and the next pause is a first one.
  void Reset() noexcept;

  bool IsDue(Clock::time_point now) const noexcept { return now >= due_; }
  Clock::time_point due() const noexcept { return due_; }
  /// Failures since the last success.
  unsigned failures() const noexcept { return failures_; }

 private:
  BackoffOptions options_;
  std::mt19937_64 random_;
  unsigned failures_ = 0;
  Clock::time_point due_ = Clock::time_point::min();
};

}  // namespace hostscope::exporter
