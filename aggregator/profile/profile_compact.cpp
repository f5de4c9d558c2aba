// How a full store makes room.
#include <algorithm>

#include "aggregator/profile/profile_store.h"

namespace hostscope::aggregator {
namespace {

constexpr std::uint32_t kHardlySeen = 12;  // windows

}  // namespace

void ProfileStore::ForgetSilent() {
  last_forgetting_ = now_.seconds;
  const auto is_expendable = [this](const HostProfile& profile) {
    const std::int64_t silent_ns = AgeNs(profile.last_seen);
    return silent_ns >= options_.forget_ns ||
           (profile.observed < kHardlySeen && silent_ns >= std::min(kNanosecondsPerDay, options_.forget_ns));
  };
  std::size_t kept = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    if (is_expendable(profiles_[i])) {
      if (profiles_[i].event.since != 0) Close(profiles_[i], EventEnd::kForgotten);
      continue;
    }
    if (kept != i) profiles_[kept] = profiles_[i];
    ++kept;
  }
  counters_.forgotten += size_ - kept;
  size_ = kept;
  index_.Clear();
  for (std::size_t i = 0; i < size_; ++i) {
    index_.Insert(KeyOf(profiles_[i].address), static_cast<std::uint32_t>(i));
  }
}

}  // namespace hostscope::aggregator
