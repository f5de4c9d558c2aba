#pragma once

#include <cstdint>

#include "aggregator/profile/host_profile.h"
#include "aggregator/profile/profile_options.h"

namespace hostscope::aggregator {

/// How well a host is known at this hour.
enum class Confidence : std::uint8_t {
  kWarmUp,   ///< not seen long enough: no event
  kDayOnly,  ///< this hour of the week was hardly seen yet; judged by the same hour of other days, more
             ///< widely
  kFull,
};

/// When a window is, for a profile.
struct ProfileMoment {
  std::uint32_t seconds = 0;    ///< start, since the Unix epoch
  unsigned hour = 0;            ///< of the week, UTC, from Monday at midnight
  unsigned window_of_hour = 0;  ///< 0 at the hour's start
  ProfileMoment() = default;
  ProfileMoment(ReceiveTime start, std::int64_t window_ns) noexcept;
};

/// How far one window of a host is from its profile.
struct Deviation {
  /// -log10 of how often a normal window of this host would be as far off in any of its figures: 3 is once in
  /// a thousand windows. Below 1.3 (once in twenty) it only orders. 0 during warm-up.
  float score = 0;
  float distance = 0;  ///< of the figure that is farthest off, in its usual distances
  float expected = 0;  ///< of `figure`, in its scale: Unscaled()
  float seen = 0;
  /// What says most of it: of a scan the peers or ports, though its flows may be farther off.
  ProfileFigure figure = ProfileFigure::kSentFlows;
  DeviationKind kind = DeviationKind::kVolume;
  Confidence confidence = Confidence::kWarmUp;
};

/// What the profile expects of each figure at that moment.
struct Expectation {
  std::array<float, kProfileFigures> value;
  std::array<float, kProfileFigures> spread;  ///< the profile's, times scatter
  std::array<float, kProfileFigures>
      scatter;                    ///< more where few flows are expected, or the hour is hardly known
  std::array<float, 2> activity;  ///< of the hour, compared with the week
  Confidence confidence;
};

Expectation Expect(const HostProfile& profile, const ProfileMoment& now,
                   const ProfileOptions& options) noexcept;

Deviation Judge(const HostProfile& profile, const FigureValues& values, const Expectation& expected) noexcept;

/// The score of a distance: beyond profile.tail_from a generalised Pareto distribution with the host's own
/// mean excess (peaks over threshold; Siffer et al., "Anomaly Detection in Streams with Extreme Value
/// Theory", KDD 2017). As the distance is the largest of all figures, having looked at many is accounted for.
float Rarity(const HostProfile& profile, float distance) noexcept;

/// Evidence grows by what a window's score is above the drift, and else shrinks: a cumulative sum (E. Page,
/// "Continuous inspection schemes", 1954). For independent normal windows, whose scores are exponential, it
/// passes h in about one of 10^h windows.
inline constexpr float kEvidenceDrift = 2.0F;
float NextEvidence(float evidence, float score, float threshold) noexcept;

/// The score of a silence of the profile's `silence`.
float SilenceRarity(const HostProfile& profile) noexcept;

}  // namespace hostscope::aggregator
