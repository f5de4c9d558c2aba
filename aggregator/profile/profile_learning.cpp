#include "aggregator/profile/profile_learning.h"

#include <algorithm>
#include <cmath>

#include "aggregator/hashing.h"

namespace hostscope::aggregator {
namespace {

constexpr float kSecondsPerWeek = 7.0F * 86400;
constexpr float kStepsOfTwo = 16.0F;
constexpr float kFarOff = 3.0F;  // usual distances beyond which more makes no difference to what is learned
constexpr std::uint32_t kYoung = 50;         // windows in which even that is learned as it is
constexpr float kMeanToDeviation = 1.2533F;  // of a normal distribution: standard deviation by mean distance
constexpr float kFirstSpread = 1.0F;
constexpr float kSlowdown = 1.0F / 16;
constexpr float kAcceptGain = 1.0F / 64;
constexpr float kTailShare = 0.05F;
constexpr float kFirstTail = 2.5F;
constexpr float kFirstExcess = 0.8F;
constexpr float kFirstSquare = 2.0F;  // more than twice the mean's: a tail a little heavier than exponential
constexpr float kLeastExcess = 0.3F;
constexpr float kLongestExcess = 20.0F;  // of the mean
constexpr float kLeastPresence = 0.03F;
constexpr float kLongestSilence = 4.0F;  // of the mean and 1, for the mean

float Clip(float value, float limit) noexcept {
  return std::clamp(value, -limit, limit);
}

/// Bits that the host and the moment alone decide; the same in each run and on each machine.
std::uint64_t Bits(const HostProfile& profile, const ProfileMoment& now) noexcept {
  return xxh3::Hash16(profile.address.high_bits(), profile.address.low_bits(), kSketchSeed + now.seconds);
}

/// `value` to one of the integers beside it, on average exactly; 16 of `bits` decide.
int Round(float value, std::uint64_t bits) noexcept {
  constexpr float kSixteenBits = 1.0F / 65536;
  return static_cast<int>(std::floor(value + static_cast<float>(bits & 0xffffU) * kSixteenBits));
}

void LearnPresence(HostProfile& profile, const ProfileMoment& now, const ProfileRates& rates, bool is_there,
                   std::uint64_t bits) noexcept {
  const float weeks = std::floor(static_cast<float>(now.seconds - profile.first_seen) / kSecondsPerWeek);
  const float before = weeks * rates.windows_per_hour + static_cast<float>(now.window_of_hour);
  const float gain = std::max(1.0F / (before + 2.0F), rates.cell_gain);
  std::uint8_t& presence = profile.presence[now.hour];
  const float old = static_cast<float>(presence);
  const float next = old + gain * ((is_there ? 255.0F : 0.0F) - old);
  presence = static_cast<std::uint8_t>(std::clamp(Round(next, bits), 0, 255));
}

void LearnActivity(HostProfile& profile, const FigureValues& values, const ProfileMoment& now,
                   const ProfileRates& rates, const Expectation& expected, float level_gain, float cell_share,
                   std::uint64_t bits) noexcept {
  std::uint8_t& visits = profile.visits[now.hour];
  const float cell_gain = cell_share * std::max(1.0F / (static_cast<float>(visits) + 1.0F), rates.cell_gain);
  for (std::size_t curve = 0; curve < 2; ++curve) {
    const float off = values.activity[curve] - profile.level[curve] - expected.activity[curve];
    const float limited = profile.observed < kYoung ? off : Clip(off, 2.0F);
    profile.level[curve] += level_gain * limited;
    std::int8_t& step = profile.activity[curve][now.hour];
    const float old = visits == 0 ? kStepsOfTwo * expected.activity[curve] : static_cast<float>(step);
    const float next = old + cell_gain * kStepsOfTwo * limited;
    step = static_cast<std::int8_t>(std::clamp(Round(next, bits >> (16 * curve)), -127, 127));
  }
  visits = static_cast<std::uint8_t>(std::min(visits + 1, 255));
}

bool HasSlope(std::size_t figure) noexcept {
  return figure % kFiguresOfRole != 6 && figure != static_cast<std::size_t>(ProfileFigure::kClientSide);
}

void LearnFigures(HostProfile& profile, const FigureValues& values, const Expectation& expected, float gain,
                  Learning learning) noexcept {
  for (std::size_t i = 0; i < kProfileFigures; ++i) {
    FigureProfile& figure = profile.figures[i];
    const float off = values.scaled[i] - expected.value[i];
    if (learning == Learning::kAccepted) {
      figure.centre += kAcceptGain * off;
      continue;
    }
    const float limit = profile.observed < kYoung ? 64.0F : kFarOff * expected.spread[i];
    const float limited = Clip(off, limit);
    figure.centre += gain * limited;
    const std::size_t in_role = i % kFiguresOfRole;
    const float activity = expected.activity[in_role == 1 || in_role == 2 ? 1 : 0];
    if (HasSlope(i)) {
      const float step = gain * limited * activity / (1.0F + activity * activity);
      figure.slope = std::clamp(figure.slope + step, 0.0F, 1.5F);
    }
    figure.spread += gain * (kMeanToDeviation * std::abs(limited) / expected.scatter[i] - figure.spread);
  }
}

void LearnTail(HostProfile& profile, float distance) noexcept {
  const bool is_beyond = distance > profile.tail_from;
  const float gain = std::max(2.0F / (static_cast<float>(profile.observed) + 20.0F), 1.0F / 400);
  if (is_beyond) {
    const float excess = std::min(distance - profile.tail_from, kLongestExcess * profile.tail_excess);
    const float excess_gain = std::max(1.0F / (static_cast<float>(profile.exceeded) + 10.0F), 1.0F / 200);
    profile.tail_excess += excess_gain * (excess - profile.tail_excess);
    profile.tail_square += excess_gain * (excess * excess - profile.tail_square);
    profile.tail_excess = std::max(profile.tail_excess, kLeastExcess);
    ++profile.exceeded;
  }
  profile.tail_from = std::max(profile.tail_from + gain * ((is_beyond ? 1.0F : 0.0F) - kTailShare), 1.0F);
}

void EndSilence(HostProfile& profile) noexcept {
  if (profile.silence == 0) return;
  const float gain = std::max(1.0F / (static_cast<float>(profile.silences) + 4.0F), 1.0F / 64);
  const float limited = std::min(profile.silence, kLongestSilence * (profile.silence_mean + 1.0F));
  profile.silence_mean += gain * (limited - profile.silence_mean);
  profile.silence = 0;
  ++profile.silences;
}

}  // namespace

ProfileRates::ProfileRates(const ProfileOptions& options) noexcept {
  const double windows_per_day = double(kNanosecondsPerDay) / double(options.window_ns);
  const double half_life_days = double(options.half_life_ns) / double(kNanosecondsPerDay);
  windows_per_hour = static_cast<float>(std::max(windows_per_day / 24, 1.0));
  const double visits = std::max(double{windows_per_hour} * half_life_days / 7, 1.0);
  cell_gain = static_cast<float>(1 - std::exp2(-1 / visits));
  level_gain = static_cast<float>(1 - std::exp2(-1 / std::max(windows_per_day * half_life_days / 4, 1.0)));
  threshold = static_cast<float>(std::log10(windows_per_day / options.false_events_per_day));
}

void StartProfile(HostProfile& profile, const Address& host, const FigureValues& values,
                  const ProfileMoment& now) noexcept {
  profile = HostProfile{};
  profile.address = host;
  profile.first_seen = now.seconds;
  profile.last_seen = now.seconds;
  profile.tail_from = kFirstTail;
  profile.tail_excess = kFirstExcess;
  profile.tail_square = kFirstSquare;
  profile.level = values.activity;
  for (std::size_t i = 0; i < kProfileFigures; ++i) {
    profile.figures[i] = {values.scaled[i], kFirstSpread, HasSlope(i) ? 1.0F : 0.0F};
  }
  profile.presence.fill(kUnknownPresence);
}

void Learn(HostProfile& profile, const FigureValues& values, const ProfileMoment& now,
           const ProfileRates& rates, const Expectation& expected, const Deviation& deviation,
           Learning learning) noexcept {
  const std::uint64_t bits = Bits(profile, now);
  const float share = learning == Learning::kSlow ? kSlowdown : 1.0F;
  const float young = 1.0F / (static_cast<float>(profile.observed) + 1.0F);
  const float level_gain =
      learning == Learning::kAccepted ? kAcceptGain : share * std::max(young, rates.level_gain);
  LearnPresence(profile, now, rates, true, bits >> 32);
  LearnActivity(profile, values, now, rates, expected, level_gain,
                learning == Learning::kAccepted ? kSlowdown : share, bits);
  LearnFigures(profile, values, expected, std::min(level_gain, 0.2F), learning);
  // Of an event the window in which it opens, too: what happens each week is to be known as such.
  const bool is_tail = learning == Learning::kNormal || profile.event.since == now.seconds;
  if (is_tail && profile.observed >= kYoung) LearnTail(profile, deviation.distance);
  EndSilence(profile);
  profile.last_seen = now.seconds;
  ++profile.observed;
}

void LearnAbsence(HostProfile& profile, const ProfileMoment& now, const ProfileRates& rates,
                  bool presence_stays) noexcept {
  if (profile.silence == 0) {
    // How long a silence lasts is judged, not that there is one: the first window has no weight.
    profile.silence = 1e-6F;
  } else {
    const float there = static_cast<float>(profile.presence[now.hour]) / 255.0F;
    profile.silence -= std::log10(std::max(1.0F - there, kLeastPresence));
  }
  if (!presence_stays) LearnPresence(profile, now, rates, false, Bits(profile, now) >> 32);
}

}  // namespace hostscope::aggregator
