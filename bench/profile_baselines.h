#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

#include "aggregator/profile/figure_values.h"
#include "aggregator/profile/host_profile.h"

// What profiles are compared with. Both look at the same figures (but client_side, which is none of theirs),
// open and end events by the same rule, know new hosts, and say that a host is silent after four days.
namespace hostscope::aggregator::baseline {

inline constexpr std::size_t kFigures = kProfileFigures - 1;
inline constexpr std::uint32_t kSilentWindows = 4 * 288;
inline constexpr std::uint32_t kQuietToEnd = 6;

using Opened = std::function<void(std::uint32_t host, DeviationKind kind)>;

inline DeviationKind KindOf(std::size_t figure) {
  const std::size_t in_role = figure % kFiguresOfRole;
  return in_role < 3   ? DeviationKind::kVolume
         : in_role < 6 ? DeviationKind::kFanOut
                       : DeviationKind::kFlagMix;
}

/// Opens at the first window that exceeds, ends after some that don't.
class Events {
 public:
  explicit Events(std::uint32_t hosts) : hosts_(hosts) {}

  void Seen(std::uint32_t number, std::uint32_t window, bool exceeds, DeviationKind kind,
            const Opened& opened) {
    Host& host = hosts_[number];
    if (host.last_seen == 0 && is_past_start_) opened(number, DeviationKind::kNewHost);
    host.last_seen = window + 1;
    host.is_silent = false;
    if (exceeds) {
      if (!host.is_open) opened(number, kind);
      host.is_open = true;
      host.quiet = 0;
    } else if (host.is_open && ++host.quiet >= kQuietToEnd) {
      host.is_open = false;
    }
  }
  void EndOfWindow(std::uint32_t window, std::uint32_t start_windows, const Opened& opened) {
    is_past_start_ = window >= start_windows;
    for (std::uint32_t i = 0; i < hosts_.size(); ++i) {
      Host& host = hosts_[i];
      if (host.last_seen == 0 || host.is_silent || window + 1 - host.last_seen < kSilentWindows) continue;
      host.is_silent = true;
      opened(i, DeviationKind::kSilent);
    }
  }

 private:
  struct Host {
    std::uint32_t last_seen = 0;  // + 1
    std::uint32_t quiet = 0;
    bool is_open = false;
    bool is_silent = false;
  };
  std::vector<Host> hosts_;
  bool is_past_start_ = false;
};

/// One threshold for each figure and all hosts: what a share of the training's host-windows exceeded.
class Thresholds {
 public:
  void Train(const FigureValues& values) {
    for (std::size_t i = 0; i < kFigures; ++i) ++counts_[i][BinOf(values.scaled[i])];
    ++trained_;
  }
  std::array<float, kFigures> At(double share) const {
    std::array<float, kFigures> thresholds{};
    for (std::size_t i = 0; i < kFigures; ++i) {
      double beyond = 0;
      std::size_t bin = kBins;
      while (bin > 0 && beyond + double(counts_[i][bin - 1]) <= share * double(trained_)) {
        beyond += double(counts_[i][--bin]);
      }
      thresholds[i] = static_cast<float>(bin) / kBinsOfTwo;
    }
    return thresholds;
  }

 private:
  static constexpr std::size_t kBinsOfTwo = 64;
  static constexpr std::size_t kBins = 64 * kBinsOfTwo;
  static std::size_t BinOf(float value) {
    return std::min(kBins - 1, static_cast<std::size_t>(value * kBinsOfTwo));
  }
  std::array<std::array<std::uint64_t, kBins>, kFigures> counts_{};
  std::uint64_t trained_ = 0;
};

/// Mean and variance of each figure itself, not its logarithm, over about a day.
struct Ewma {
  std::array<double, kFigures> mean{};
  std::array<double, kFigures> variance{};
  std::uint32_t seen = 0;

  /// The largest z of this window, of which the profile then learns.
  double Take(const FigureValues& values, std::size_t& farthest) {
    constexpr double kGain = 2.0 / 289;
    const double gain = std::max(kGain, 1.0 / (seen + 1.0));
    double largest = 0;
    for (std::size_t i = 0; i < kFigures; ++i) {
      const double off = Unscaled(static_cast<ProfileFigure>(i), double{values.scaled[i]}) - mean[i];
      const double z = off / std::sqrt(variance[i] + 1e-3);
      if (z > largest) {
        largest = z;
        farthest = i;
      }
      mean[i] += gain * off;
      variance[i] = (1 - gain) * (variance[i] + gain * off * off);
    }
    ++seen;
    return largest;
  }
};

}  // namespace hostscope::aggregator::baseline
