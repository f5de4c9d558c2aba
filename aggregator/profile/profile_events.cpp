// How a store's events open, change and end.
#include <algorithm>
#include <numeric>

#include "aggregator/profile/profile_store.h"

namespace hostscope::aggregator {
namespace {

// An event ends at half the evidence at which it opened.
constexpr float kEndShare = 0.5F;
// A host that has traffic in fewer windows than this is off at times, and may be for some days.
constexpr float kAlwaysOn = 0.9F;
constexpr std::int64_t kPatienceNs = 4 * kNanosecondsPerDay;
// It is told of again when its score has grown by this.
constexpr float kNewsWorth = 1.0F;

bool IsAlwaysOn(const HostProfile& profile) noexcept {
  const unsigned sum = std::accumulate(profile.presence.begin(), profile.presence.end(), 0U);
  return static_cast<float>(sum) >= kAlwaysOn * 255.0F * float{kHoursOfWeek};
}

ReceiveTime TimeOf(std::uint32_t seconds) noexcept {
  return {std::int64_t{seconds} * kNanosecondsPerSecond};
}

}  // namespace

ProfileEvent ProfileStore::EventOf(const HostProfile& profile, EventState state) const {
  const OpenEvent& open = profile.event;
  ProfileEvent event;
  event.host = profile.address;
  event.state = state;
  event.kind = open.kind;
  event.figure = open.figure;
  event.confidence = profile.visits[now_.hour] == 0 && open.kind != DeviationKind::kSilent
                         ? Confidence::kDayOnly
                         : Confidence::kFull;
  event.score = open.peak;
  event.expected = Unscaled(open.figure, double{open.expected});
  event.seen = Unscaled(open.figure, double{open.seen});
  event.since = TimeOf(open.since);
  event.window = TimeOf(now_.seconds);
  return event;
}

void ProfileStore::Open(HostProfile& profile, const Deviation& deviation) {
  profile.event = {now_.seconds,   deviation.score, deviation.score,  deviation.expected,
                   deviation.seen, deviation.kind,  deviation.figure, 0};
  ++counters_.opened[static_cast<std::size_t>(deviation.kind)];
  events_.push_back(EventOf(profile, EventState::kOpen));
}

void ProfileStore::Update(HostProfile& profile, const Deviation& deviation) {
  OpenEvent& open = profile.event;
  if (deviation.score <= open.peak) return;
  open.peak = deviation.score;
  open.expected = deviation.expected;
  open.seen = deviation.seen;
  open.kind = deviation.kind;
  open.figure = deviation.figure;
  if (open.peak < open.told_peak + kNewsWorth) return;
  open.told_peak = open.peak;
  events_.push_back(EventOf(profile, EventState::kUpdate));
}

void ProfileStore::Close(HostProfile& profile, EventEnd end) {
  ProfileEvent event = EventOf(profile, EventState::kClose);
  event.end = end;
  events_.push_back(event);
  profile.event = OpenEvent{};
  profile.evidence = 0;
}

void ProfileStore::TellOfNewHost(const HostProfile& profile) {
  // At first every host is new.
  if (AgeNs(first_window_) < options_.warm_up_ns) return;
  ++counters_.opened[static_cast<std::size_t>(DeviationKind::kNewHost)];
  ProfileEvent event;
  event.host = profile.address;
  event.state = EventState::kClose;
  event.end = EventEnd::kNormal;
  event.kind = DeviationKind::kNewHost;
  event.confidence = Confidence::kWarmUp;
  event.since = event.window = TimeOf(now_.seconds);
  events_.push_back(event);
}

/// A window with traffic.
void ProfileStore::Watch(HostProfile& profile, const Deviation& deviation) {
  if (profile.event.since != 0 && profile.event.kind == DeviationKind::kSilent) {
    Close(profile, EventEnd::kNormal);
  }
  if (deviation.confidence == Confidence::kWarmUp) return;
  profile.evidence = NextEvidence(profile.evidence, deviation.score, rates_.threshold);
  if (profile.event.since == 0) {
    if (profile.evidence >= rates_.threshold) Open(profile, deviation);
  } else if (profile.evidence < kEndShare * rates_.threshold) {
    Close(profile, IsAccepted(profile) ? EventEnd::kAccepted : EventEnd::kNormal);
  } else {
    Update(profile, deviation);
  }
}

/// A window without.
void ProfileStore::PassSilent(HostProfile& profile) {
  const bool is_open = profile.event.since != 0;
  const bool is_silent = is_open && profile.event.kind == DeviationKind::kSilent;
  LearnAbsence(profile, now_, rates_, is_silent);
  if (is_silent) return;
  profile.evidence = NextEvidence(profile.evidence, 0, rates_.threshold);
  if (is_open) {
    if (profile.evidence < kEndShare * rates_.threshold) Close(profile, EventEnd::kNormal);
    return;
  }
  if (!IsWarm(profile)) return;
  Deviation silence;
  silence.score = SilenceRarity(profile);
  if (silence.score < rates_.threshold) return;
  if (!IsAlwaysOn(profile) && AgeNs(profile.last_seen) < kPatienceNs) return;
  silence.kind = DeviationKind::kSilent;
  silence.expected =
      Expect(profile, now_, options_).value[static_cast<std::size_t>(ProfileFigure::kSentFlows)];
  Open(profile, silence);
}

}  // namespace hostscope::aggregator
