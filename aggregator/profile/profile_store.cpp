#include "aggregator/profile/profile_store.h"

#include <algorithm>

#include "aggregator/hashing.h"

namespace hostscope::aggregator {
namespace {

constexpr std::size_t kFewestExpected = 16;  // below that, it is not the appliance that is blind
constexpr float kSeeingShare = 0.25F;
constexpr std::uint32_t kSecondsPerHour = 3600;

}  // namespace

ProfileStore::ProfileStore(const ProfileOptions& options)
    : options_(options), rates_(options), index_(options.max_hosts), profiles_(options.max_hosts) {}

HostIndex::Key ProfileStore::KeyOf(const Address& host) const noexcept {
  return index_.KeyOf(TableHash(host, options_.table_key));
}

HostProfile* ProfileStore::FindMutable(HostIndex::Key key, const Address& host) const noexcept {
  const std::uint32_t slot =
      index_.Find(key, [&](std::uint32_t at) { return profiles_[at].address == host; });
  return slot == HostIndex::kAbsent ? nullptr : &profiles_[slot];
}

const HostProfile* ProfileStore::Find(const Address& host) const noexcept {
  return FindMutable(KeyOf(host), host);
}

HostProfile* ProfileStore::Insert(HostIndex::Key key, const Address& host) {
  if (size_ == options_.max_hosts) {
    ++counters_.refused;
    return nullptr;
  }
  HostProfile& profile = profiles_[size_];
  profile.address = host;
  index_.Insert(key, static_cast<std::uint32_t>(size_++));
  return &profile;
}

void ProfileStore::Clear() {
  index_.Clear();
  size_ = 0;
  first_window_ = last_window_ = last_forgetting_ = 0;
  events_.clear();
}

bool ProfileStore::Begin(WindowSpan span) {
  events_.clear();
  const ProfileMoment moment(span.start, options_.window_ns);
  if (span.length_ns != options_.window_ns || (first_window_ != 0 && moment.seconds <= last_window_)) {
    ++counters_.skipped_windows;
    return false;
  }
  now_ = moment;
  if (first_window_ == 0) first_window_ = moment.seconds;
  last_window_ = moment.seconds;
  ++counters_.windows;
  return true;
}

Deviation ProfileStore::Add(const HostRecord& record) {
  return Add(record.host, ValuesOf(record));
}

Deviation ProfileStore::Add(const Address& host, const FigureValues& values) {
  const HostIndex::Key key = KeyOf(host);
  HostProfile* profile = FindMutable(key, host);
  if (profile == nullptr) {
    profile = Insert(key, host);
    if (profile == nullptr) return {};
    StartProfile(*profile, host, values, now_);
    TellOfNewHost(*profile);
  }
  const Expectation expected = Expect(*profile, now_, options_);
  const Deviation deviation = Judge(*profile, values, expected);
  Watch(*profile, deviation);
  const bool is_open = profile->event.since != 0;
  const Learning learning = !is_open               ? Learning::kNormal
                            : IsAccepted(*profile) ? Learning::kAccepted
                                                   : Learning::kSlow;
  Learn(*profile, values, now_, rates_, expected, deviation, learning);
  return deviation;
}

/// Whether so few of the hosts that are always there were seen that it must be the appliance.
bool ProfileStore::IsBlind() const {
  float expected = 0;
  float seen = 0;
  for (const HostProfile& profile : profiles()) {
    if (!IsWarm(profile) || profile.event.kind == DeviationKind::kSilent) continue;
    expected += static_cast<float>(profile.presence[now_.hour]) / 255.0F;
    if (profile.last_seen == now_.seconds) seen += 1;
  }
  return expected >= kFewestExpected && seen < kSeeingShare * expected;
}

void ProfileStore::End() {
  if (IsBlind()) {
    ++counters_.blind_windows;
  } else {
    for (HostProfile& profile : std::span(profiles_.data(), size_)) {
      if (profile.last_seen != now_.seconds) PassSilent(profile);
    }
  }
  if (size_ == options_.max_hosts && now_.seconds - last_forgetting_ >= kSecondsPerHour) ForgetSilent();
}

std::int64_t ProfileStore::AgeNs(std::uint32_t since) const noexcept {
  return std::int64_t{now_.seconds - since} * kNanosecondsPerSecond;
}

bool ProfileStore::IsWarm(const HostProfile& profile) const noexcept {
  return AgeNs(profile.first_seen) >= options_.warm_up_ns;
}

bool ProfileStore::IsAccepted(const HostProfile& profile) const noexcept {
  return AgeNs(profile.event.since) >= options_.accept_ns;
}

std::size_t ProfileStore::open_events() const noexcept {
  const auto is_open = [](const HostProfile& profile) { return profile.event.since != 0; };
  const auto count = std::count_if(profiles().begin(), profiles().end(), is_open);
  return static_cast<std::size_t>(count);
}

}  // namespace hostscope::aggregator
