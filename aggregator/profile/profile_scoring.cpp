#include "aggregator/profile/profile_scoring.h"

#include <algorithm>
#include <cmath>

namespace hostscope::aggregator {
namespace {

constexpr auto kClientSide = static_cast<std::size_t>(ProfileFigure::kClientSide);
constexpr float kActivityStep = 1.0F / 16;
// Visits from which an hour of the week speaks for itself, and below which it is hardly known.
constexpr unsigned kSettledVisits = 24;
constexpr unsigned kFewVisits = 4;
constexpr unsigned kOtherDaysVisits = 12;  // how much the same hour of other days counts, at most
constexpr float kWider = 1.5F;             // of what such an hour expects
// Nothing is called a deviation for less than this, however steady a host was: a quarter of a factor of two.
constexpr float kLeastSpread = 0.25F;
constexpr float kFewFlows = 4.0F;
constexpr float kTailShare = 0.05F;
constexpr float kLeastShape = 0.05F;
constexpr float kMostShape = 0.45F;
// From which a figure can be what a deviation is about: usual distances, and share of the farthest figure's.
constexpr float kTellingDistance = 3.0F;
constexpr float kTellingShare = 1.0F / 3;
constexpr float kRoom =
    3.0F;  // above the threshold, so that evidence is used up soon when all is normal again
// -log10 of a silence grows by 1/ln(10) on average where windows are independent.
constexpr float kIndependent = 0.4343F;

float ActivityAt(const HostProfile& profile, std::size_t curve, unsigned hour) noexcept {
  const auto& steps = profile.activity[curve];
  const float own = static_cast<float>(steps[hour]);
  const unsigned visits = profile.visits[hour];
  if (visits >= kSettledVisits) return kActivityStep * own;
  float sum = 0;
  float weight = 0;
  for (unsigned other = hour % 24; other < kHoursOfWeek; other += 24) {
    if (other == hour) continue;
    sum += static_cast<float>(profile.visits[other]) * static_cast<float>(steps[other]);
    weight += static_cast<float>(profile.visits[other]);
  }
  const float own_weight = static_cast<float>(visits);
  if (weight + own_weight == 0) return 0;
  const float share = weight == 0 ? 0 : std::min(weight, float{kOtherDaysVisits}) / weight;
  return kActivityStep * (own_weight * own + share * sum) / (own_weight + share * weight);
}

/// Counts of few flows scatter more, on a logarithmic scale: variance 1 + 4 / n, compared with many.
float Scatter(float log_flows) noexcept {
  return std::sqrt(1.0F + kFewFlows * std::exp2(-std::max(log_flows, 0.0F)));
}

bool IsVolume(std::size_t figure) noexcept {
  return figure % kFiguresOfRole < 3 && figure != kClientSide;
}

DeviationKind KindOf(ProfileFigure figure) noexcept {
  const auto number = static_cast<std::size_t>(figure);
  if (figure == ProfileFigure::kClientSide) return DeviationKind::kRoleChange;
  if (IsVolume(number)) return DeviationKind::kVolume;
  return number % kFiguresOfRole == 6 ? DeviationKind::kFlagMix : DeviationKind::kFanOut;
}

using Distances = std::array<float, kProfileFigures>;

/// Whether a client is a server now, or a server a client: by a factor of two at least.
bool IsOtherSide(float expected, float seen) noexcept {
  return std::abs(seen) >= 1 && (expected < 0) != (seen < 0) && std::abs(expected) >= 1;
}

/// The figure that says most of what is going on: not always the farthest one, as a scan also is much volume,
/// and SYN without ACK.
std::size_t MostTelling(const Distances& distances, float farthest, const FigureValues& values,
                        const Expectation& expected) noexcept {
  const float enough = std::max(kTellingDistance, kTellingShare * farthest);
  if (distances[kClientSide] >= enough &&
      IsOtherSide(expected.value[kClientSide], values.scaled[kClientSide])) {
    return kClientSide;
  }
  const auto most =
      static_cast<std::size_t>(std::max_element(distances.begin(), distances.end()) - distances.begin());
  std::size_t fan_out = most;
  float fan_out_distance = enough;
  for (std::size_t i = 0; i < kClientSide; ++i) {
    if (KindOf(static_cast<ProfileFigure>(i)) != DeviationKind::kFanOut || distances[i] < fan_out_distance)
      continue;
    fan_out = i;
    fan_out_distance = distances[i];
  }
  return fan_out;
}

}  // namespace

ProfileMoment::ProfileMoment(ReceiveTime start, std::int64_t window_ns) noexcept
    : seconds(static_cast<std::uint32_t>(start.ns / kNanosecondsPerSecond)) {
  constexpr std::int64_t kThursday = 72;  // the Unix epoch's first hour, in the week
  const std::int64_t hours = start.ns / kNanosecondsPerHour;
  hour = static_cast<unsigned>((hours + kThursday) % std::int64_t{kHoursOfWeek});
  window_of_hour = static_cast<unsigned>(start.ns % kNanosecondsPerHour / window_ns);
}

Expectation Expect(const HostProfile& profile, const ProfileMoment& now,
                   const ProfileOptions& options) noexcept {
  Expectation expected;
  expected.confidence = profile.visits[now.hour] < kFewVisits ? Confidence::kDayOnly : Confidence::kFull;
  const std::int64_t age_ns = std::int64_t{now.seconds - profile.first_seen} * kNanosecondsPerSecond;
  if (age_ns < options.warm_up_ns) expected.confidence = Confidence::kWarmUp;
  const float wider = expected.confidence == Confidence::kDayOnly ? kWider : 1.0F;
  for (std::size_t curve = 0; curve < 2; ++curve)
    expected.activity[curve] = ActivityAt(profile, curve, now.hour);
  for (std::size_t i = 0; i < kProfileFigures; ++i) {
    const FigureProfile& figure = profile.figures[i];
    const std::size_t in_role = i % kFiguresOfRole;
    const float activity = expected.activity[in_role == 1 || in_role == 2 ? 1 : 0];
    expected.value[i] = figure.centre + figure.slope * activity;
  }
  const std::array<float, 2> scatter{
      Scatter(expected.value[static_cast<std::size_t>(ProfileFigure::kSentFlows)]),
      Scatter(expected.value[static_cast<std::size_t>(ProfileFigure::kReceivedFlows)])};
  for (std::size_t i = 0; i < kProfileFigures; ++i) {
    const bool is_of_both = i == kClientSide;
    expected.scatter[i] =
        wider * (is_of_both ? std::min(scatter[0], scatter[1]) : scatter[i / kFiguresOfRole]);
    expected.spread[i] = std::max(profile.figures[i].spread, kLeastSpread) * expected.scatter[i];
  }
  return expected;
}

Deviation Judge(const HostProfile& profile, const FigureValues& values,
                const Expectation& expected) noexcept {
  Deviation found;
  Distances distances;
  for (std::size_t i = 0; i < kProfileFigures; ++i) {
    distances[i] = (values.scaled[i] - expected.value[i]) / expected.spread[i];
    // Fewer peers or ports are no deviation of their own.
    if (IsVolume(i) || i == kClientSide) distances[i] = std::abs(distances[i]);
    found.distance = std::max(found.distance, distances[i]);
  }
  const std::size_t telling = MostTelling(distances, found.distance, values, expected);
  found.figure = static_cast<ProfileFigure>(telling);
  found.kind = KindOf(found.figure);
  found.expected = expected.value[telling];
  found.seen = values.scaled[telling];
  found.confidence = expected.confidence;
  if (expected.confidence != Confidence::kWarmUp) found.score = Rarity(profile, found.distance);
  return found;
}

float Rarity(const HostProfile& profile, float distance) noexcept {
  const float at_tail = -std::log10(kTailShare);
  if (distance <= profile.tail_from) return at_tail * distance / profile.tail_from;
  // The two parameters by the method of moments (Hosking and Wallis, Technometrics 29, 1987).
  const float mean = profile.tail_excess;
  const float variance = std::max(profile.tail_square - mean * mean, 1e-3F);
  const float shape = std::clamp(0.5F * (1.0F - mean * mean / variance), kLeastShape, kMostShape);
  const float scale = mean * (1.0F - shape);
  return at_tail + std::log10(1.0F + shape * (distance - profile.tail_from) / scale) / shape;
}

float NextEvidence(float evidence, float score, float threshold) noexcept {
  return std::clamp(evidence + score - kEvidenceDrift, 0.0F, threshold + kRoom);
}

float SilenceRarity(const HostProfile& profile) noexcept {
  return profile.silence * kIndependent / std::max(profile.silence_mean, kIndependent);
}

}  // namespace hostscope::aggregator
