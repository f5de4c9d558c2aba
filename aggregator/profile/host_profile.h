#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "aggregator/profile/figure_values.h"
#include "ipfix/address.h"

namespace hostscope::aggregator {

inline constexpr std::size_t kHoursOfWeek = 168;

/// Of an hour of the week of which no window was seen yet.
inline constexpr std::uint8_t kUnknownPresence = 128;

/// What a deviation is about.
enum class DeviationKind : std::uint8_t { kVolume, kFanOut, kFlagMix, kRoleChange, kSilent, kNewHost };
inline constexpr std::size_t kDeviationKinds = 6;

/// Of one figure, in its scale (FigureValues): expected = centre + slope * the activity of that hour, and the
/// usual distance from it, as of a normal distribution.
struct FigureProfile {
  float centre;
  float spread;
  float slope;
};

/// An event that is open; `since` 0: none is.
struct OpenEvent {
  std::uint32_t since;  ///< seconds since the Unix epoch: start of the window in which it opened
  float peak;           ///< highest score
  float told_peak;      ///< of what was said last
  float expected;       ///< of `figure`, in its scale, at the peak
  float seen;
  DeviationKind kind;
  ProfileFigure figure;
  std::uint16_t reserved;
};

/// Everything that is known of one host over time. Plain bytes, which are also its form in a file
/// (profile_file.h): any change here is another version there. Hours are UTC, hour 0 of the week begins on
/// Monday at midnight.
struct HostProfile {
  Address address;
  std::uint32_t first_seen;  ///< seconds since the Unix epoch, starts of windows
  std::uint32_t last_seen;
  std::uint32_t observed;  ///< windows in which the host had traffic
  std::uint32_t exceeded;  ///< of those, windows whose distance was beyond tail_from

  /// How a window's greatest distance is spread when all is normal: beyond tail_from lie one in twenty, by
  /// tail_excess on average, and tail_square is the mean of that squared. See Rarity().
  float tail_from;
  float tail_excess;
  float tail_square;

  /// Of the activity curves: log2 of flows and bytes of both roles together, over the whole week.
  std::array<float, 2> level;
  std::array<FigureProfile, kProfileFigures> figures;

  float evidence;      ///< that something is going on, see Evidence in profile_scoring.h
  float silence;       ///< how unlikely the present silence is: -log10, in windows that count as independent
  float silence_mean;  ///< of past silences
  std::uint32_t silences;
  OpenEvent event;

  /// For each hour of the week: flows and bytes compared with `level`, in steps of 1/16 of a factor of two.
  std::array<std::array<std::int8_t, kHoursOfWeek>, 2> activity;
  std::array<std::uint8_t, kHoursOfWeek> presence;  ///< probability of traffic in a window, in 1/255
  std::array<std::uint8_t, kHoursOfWeek> visits;    ///< windows with traffic in that hour, up to 255
  std::array<std::uint8_t, 16> reserved;            ///< 0
};

// A million hosts in 1 GiB: 960 bytes each, and 10.7 in the index.
static_assert(sizeof(HostProfile) == 960 && alignof(HostProfile) == 8);
static_assert(std::is_trivially_copyable_v<HostProfile> && std::is_standard_layout_v<HostProfile>);
static_assert(sizeof(OpenEvent) == 24);
static_assert(offsetof(HostProfile, figures) == 52);
static_assert(offsetof(HostProfile, evidence) == 52 + 12 * kProfileFigures);
static_assert(offsetof(HostProfile, activity) == 272);
static_assert(offsetof(HostProfile, reserved) + 16 == sizeof(HostProfile), "nothing between the members");

}  // namespace hostscope::aggregator
