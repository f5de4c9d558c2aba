#include "aggregator/profile/profile_merge.h"

#include <algorithm>
#include <cmath>

#include "aggregator/profile/profile_store.h"

namespace hostscope::aggregator {
namespace {

/// share: of `b`, 0 to 1.
float Mean(float a, float b, float share) noexcept {
  return a + share * (b - a);
}

template <typename T>
T Rounded(float value, float low, float high) noexcept {
  return static_cast<T>(std::lround(std::clamp(value, low, high)));
}

/// Whether any window of that hour was seen, with or without traffic.
bool WasLookedAt(const HostProfile& profile, std::size_t hour) noexcept {
  return profile.visits[hour] != 0 || profile.presence[hour] != kUnknownPresence;
}

void MergeHours(HostProfile& into, const HostProfile& from, float share) noexcept {
  std::array<float, 2> level{};
  for (std::size_t curve = 0; curve < 2; ++curve)
    level[curve] = Mean(into.level[curve], from.level[curve], share);
  for (std::size_t hour = 0; hour < kHoursOfWeek; ++hour) {
    const float a = into.visits[hour];
    const float b = from.visits[hour];
    for (std::size_t curve = 0; curve < 2 && a + b > 0; ++curve) {
      // Each curve is compared with its own level.
      const float of_a =
          static_cast<float>(into.activity[curve][hour]) + 16 * (into.level[curve] - level[curve]);
      const float of_b =
          static_cast<float>(from.activity[curve][hour]) + 16 * (from.level[curve] - level[curve]);
      into.activity[curve][hour] = Rounded<std::int8_t>(Mean(of_a, of_b, b / (a + b)), -127, 127);
    }
    const float presence_share = !WasLookedAt(into, hour) ? 1.0F : !WasLookedAt(from, hour) ? 0.0F : share;
    into.presence[hour] =
        Rounded<std::uint8_t>(Mean(into.presence[hour], from.presence[hour], presence_share), 0, 255);
    into.visits[hour] = Rounded<std::uint8_t>(a + b, 0, 255);
  }
  into.level = level;
}

}  // namespace

void MergeProfiles(HostProfile& into, const HostProfile& from) noexcept {
  const float all = static_cast<float>(into.observed) + static_cast<float>(from.observed);
  const float share = all == 0 ? 0.5F : static_cast<float>(from.observed) / all;
  MergeHours(into, from, share);
  for (std::size_t i = 0; i < kProfileFigures; ++i) {
    FigureProfile& a = into.figures[i];
    const FigureProfile& b = from.figures[i];
    // Two centres that differ are a spread, too.
    const float between = share * (1 - share) * (a.centre - b.centre) * (a.centre - b.centre);
    a.spread = std::sqrt(Mean(a.spread * a.spread, b.spread * b.spread, share) + between);
    a.centre = Mean(a.centre, b.centre, share);
    a.slope = Mean(a.slope, b.slope, share);
  }
  into.tail_from = Mean(into.tail_from, from.tail_from, share);
  into.tail_excess = Mean(into.tail_excess, from.tail_excess, share);
  into.tail_square = Mean(into.tail_square, from.tail_square, share);
  into.silence_mean = Mean(into.silence_mean, from.silence_mean, share);
  if (from.last_seen > into.last_seen) into.silence = from.silence;
  into.evidence = std::max(into.evidence, from.evidence);
  const bool has_earlier =
      from.event.since != 0 && (into.event.since == 0 || from.event.since < into.event.since);
  if (has_earlier) into.event = from.event;
  into.first_seen = std::min(into.first_seen, from.first_seen);
  into.last_seen = std::max(into.last_seen, from.last_seen);
  into.observed += from.observed;
  into.exceeded += from.exceeded;
  into.silences += from.silences;
}

bool ProfileStore::Merge(const ProfileStore& other) {
  if (other.options_.window_ns != options_.window_ns) return false;
  for (const HostProfile& profile : other.profiles()) {
    const HostIndex::Key key = KeyOf(profile.address);
    if (HostProfile* known = FindMutable(key, profile.address)) {
      MergeProfiles(*known, profile);
    } else if (HostProfile* inserted = Insert(key, profile.address)) {
      *inserted = profile;
    }
  }
  if (first_window_ == 0 || (other.first_window_ != 0 && other.first_window_ < first_window_)) {
    first_window_ = other.first_window_;
  }
  last_window_ = std::max(last_window_, other.last_window_);
  return true;
}

}  // namespace hostscope::aggregator
