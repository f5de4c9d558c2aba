#include "exporter/elastic/backoff.h"

#include <algorithm>

namespace hostscope::exporter {

void Backoff::Fail(Clock::time_point now) {
  constexpr unsigned kMaxDoublings = 20;  // of a millisecond: a quarter of an hour; it must not overflow
  const auto whole =
      std::min(options_.first * (std::int64_t{1} << std::min(failures_, kMaxDoublings)), options_.longest);
  const std::int64_t longest = whole.count();
  std::uniform_int_distribution<std::int64_t> pause(longest - longest / 2, longest);
  ++failures_;
  due_ = now + std::chrono::milliseconds(pause(random_));
}

void Backoff::Reset() noexcept {
  failures_ = 0;
  due_ = Clock::time_point::min();
}

}  // namespace hostscope::exporter
