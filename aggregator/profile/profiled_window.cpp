#include "aggregator/profile/profiled_window.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace hostscope::aggregator {
namespace {

/// Records whose profiles are asked for before the first of them is looked at.
constexpr std::size_t kAtOnce = 16;

/// To hundredths, as records say it.
float ScoreOf(const Deviation& deviation) noexcept {
  if (deviation.confidence == Confidence::kWarmUp) return HostRecord::kNotJudged;
  return HostRecord::DeviationOf(HostRecord::HundredthsOf(std::max(deviation.score, 0.0F)));
}

class ProfiledWindow final : public ClosedWindow {
 public:
  ProfiledWindow(ClosedWindowPtr window, std::vector<float> deviations, std::vector<ProfileEvent> events)
      : window_(std::move(window)), deviations_(std::move(deviations)), events_(std::move(events)) {}

  WindowSpan span() const noexcept override { return window_->span(); }
  bool partial() const noexcept override { return window_->partial(); }
  const WindowSummary& summary() const noexcept override { return window_->summary(); }
  std::size_t size() const noexcept override { return window_->size(); }
  HostRecord At(std::size_t i) const noexcept override {
    HostRecord record = window_->At(i);
    record.deviation = deviations_[i];
    return record;
  }
  std::size_t WriteSketch(std::size_t i, Role role, DistinctFigure figure,
                          std::uint8_t* out) const noexcept override {
    return window_->WriteSketch(i, role, figure, out);
  }
  void ForEachNetwork(const NetworkLevels& levels, const NetworkVisitor& visit) const override {
    window_->ForEachNetwork(levels, visit);
  }
  std::uint64_t CountNetworks(const NetworkLevels& levels) const override {
    return window_->CountNetworks(levels);
  }
  std::vector<ProfileEvent> Events() const override { return events_; }
  std::uint64_t CountEvents() const noexcept override { return events_.size(); }

 private:
  ClosedWindowPtr window_;
  std::vector<float> deviations_;  // by record
  std::vector<ProfileEvent> events_;
};

}  // namespace

ClosedWindowPtr CompareWithProfiles(ProfileStore& profiles, ClosedWindowPtr window) {
  if (window->partial() || !profiles.Begin(window->span())) return window;
  const std::size_t size = window->size();
  std::vector<float> deviations(size, HostRecord::kNotJudged);
  std::array<HostRecord, kAtOnce> records;
  for (std::size_t first = 0; first < size; first += kAtOnce) {
    const std::size_t count = std::min(kAtOnce, size - first);
    for (std::size_t i = 0; i < count; ++i) {
      records[i] = window->At(first + i);
      if (!records[i].other) profiles.Prefetch(records[i].host);
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (!records[i].other) deviations[first + i] = ScoreOf(profiles.Add(records[i]));
    }
  }
  profiles.End();
  return std::make_shared<ProfiledWindow>(std::move(window), std::move(deviations), profiles.events());
}

}  // namespace hostscope::aggregator
