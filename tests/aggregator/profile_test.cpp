#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "aggregator/profile/profile_file.h"
#include "aggregator/profile/profile_store.h"
#include "tests/aggregator/detection_tally.h"

namespace hostscope::aggregator {
namespace {

using simulation::DetectionTally;
using simulation::kWindowsPerDay;
using simulation::Network;
using ::testing::HasSubstr;

constexpr std::int64_t kMonday = 1'795'392'000 * kNanosecondsPerSecond;  // 2026-11-23, midnight

ProfileOptions OptionsFor(std::size_t hosts) {
  ProfileOptions options;
  options.max_hosts = hosts;
  return options;
}

WindowSpan SpanOf(std::int64_t window) {
  return {{kMonday + window * simulation::kWindowNs}, simulation::kWindowNs};
}

/// A client that calls one server so many times.
HostRecord Client(std::uint32_t host, std::uint64_t flows) {
  HostRecord record;
  record.host = Network::AddressOf(host);
  for (RoleFigures* role : {&record.sent, &record.received}) {
    role->flows = role->tcp = flows;
    role->packets = 10 * flows;
    role->bytes = 5000 * flows;
    role->peers = 3;
    role->tcp_flags[1] = role->tcp_flags[4] = flows;
  }
  record.sent.src_ports = record.received.dst_ports = flows;
  record.sent.dst_ports = record.received.src_ports = 2;
  return record;
}

/// One host for so many windows, whose flows vary by a tenth or so.
struct Life {
  explicit Life(const ProfileOptions& options = OptionsFor(4)) : store(options) {}
  Deviation Live(const HostRecord& record) {
    EXPECT_TRUE(store.Begin(SpanOf(window++)));
    const Deviation deviation = store.Add(record);
    store.End();
    Keep();
    return deviation;
  }
  void BeAway() {
    EXPECT_TRUE(store.Begin(SpanOf(window++)));
    store.End();
    Keep();
  }
  void LiveNormally(int days) {
    for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(days) * kWindowsPerDay; ++i) Live(Normal());
  }
  HostRecord Normal() const { return Client(1, 100 + static_cast<std::uint64_t>(window * 7 % 23)); }
  void Keep() { events.insert(events.end(), store.events().begin(), store.events().end()); }

  ProfileStore store;
  std::int64_t window = 0;
  std::vector<ProfileEvent> events;
};

std::string Saved(const ProfileStore& store) {
  std::string file;
  store.Save([&](std::span<const std::byte> bytes) {
    file.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
  return file;
}

std::string Load(ProfileStore& store, std::string_view file) {
  return store.Load([&](std::span<std::byte> into) {
    const std::size_t size = std::min(into.size(), file.size());
    if (size != 0) std::memcpy(into.data(), file.data(), size);
    file.remove_prefix(size);
    return size;
  });
}

TEST(ProfileMoment, WeeksBeginOnMonday) {
  EXPECT_EQ(ProfileMoment({kMonday}, simulation::kWindowNs).hour, 0U);
  EXPECT_EQ(ProfileMoment({kMonday - 1}, simulation::kWindowNs).hour, 167U);
  const ProfileMoment later({kMonday + 25 * kNanosecondsPerHour + 2 * simulation::kWindowNs},
                            simulation::kWindowNs);
  EXPECT_EQ(later.hour, 25U);
  EXPECT_EQ(later.window_of_hour, 2U);
}

TEST(FigureValues, ScaleAndBack) {
  HostRecord record = Client(1, 15);
  record.sent.tcp_flags[4] = 3;  // of 15 TCP flow records, 12 without ACK
  const FigureValues values = ValuesOf(record);
  EXPECT_EQ(values.scaled[0], 4.0F);
  EXPECT_NEAR(Unscaled(ProfileFigure::kSentFlows, 4.0), 15, 1e-9);
  EXPECT_NEAR(Unscaled(ProfileFigure::kSentSynOnly, double{values.scaled[6]}), 12.0 / 19, 1e-6);
  EXPECT_NEAR(Unscaled(ProfileFigure::kClientSide, double{values.scaled.back()}), 31.0 / 5, 1e-3);
}

TEST(Profile, NoEventDuringWarmUpWhateverHappens) {
  Life life;
  life.LiveNormally(6);
  for (int i = 0; i < 12; ++i) {
    const Deviation deviation = life.Live(Client(1, 100'000));
    EXPECT_EQ(deviation.confidence, Confidence::kWarmUp);
    EXPECT_EQ(deviation.score, 0);
  }
  EXPECT_TRUE(life.events.empty());
}

TEST(Profile, AnEventOpensExplainsItselfAndCloses) {
  Life life;
  life.LiveNormally(9);
  ASSERT_TRUE(life.events.empty());
  const std::int64_t begin = life.window;
  for (int i = 0; i < 6; ++i) {
    HostRecord scan = life.Normal();
    scan.sent.flows += 3000;
    scan.sent.peers += 3000;
    life.Live(scan);
  }
  ASSERT_FALSE(life.events.empty());
  const ProfileEvent opened = life.events.front();
  EXPECT_EQ(opened.state, EventState::kOpen);
  EXPECT_EQ(opened.kind, DeviationKind::kFanOut);
  EXPECT_EQ(opened.figure, ProfileFigure::kSentPeers);
  EXPECT_NEAR(opened.expected, 3, 1);
  EXPECT_NEAR(opened.seen, 3003, 1);
  EXPECT_GT(opened.score, 3);
  EXPECT_LE(opened.since.ns, SpanOf(begin + 2).start.ns);
  life.LiveNormally(1);
  EXPECT_EQ(life.events.back().state, EventState::kClose);
  EXPECT_EQ(life.events.back().end, EventEnd::kNormal);
  EXPECT_EQ(life.events.back().since.ns, opened.since.ns);
  EXPECT_EQ(life.store.open_events(), 0U);
}

TEST(Profile, WhatLastsBecomesNormal) {
  Life life;
  life.LiveNormally(9);
  for (std::uint32_t i = 0; i < 2 * kWindowsPerDay; ++i) life.Live(Client(1, 10'000 + i % 23));
  ASSERT_GE(life.events.size(), 2U);
  EXPECT_EQ(life.events.back().state, EventState::kClose);
  EXPECT_EQ(life.events.back().end, EventEnd::kAccepted);
  const std::int64_t lasted_ns = life.events.back().window.ns - life.events.back().since.ns;
  EXPECT_GE(lasted_ns, life.store.options().accept_ns);
  EXPECT_LT(lasted_ns, life.store.options().accept_ns + 12 * kNanosecondsPerHour);
}

TEST(Profile, SilenceIsAnEventUntilTheHostIsBack) {
  Life life;
  life.LiveNormally(9);
  for (int i = 0; i < 12; ++i) life.BeAway();
  ASSERT_EQ(life.events.size(), 1U);
  EXPECT_EQ(life.events.front().kind, DeviationKind::kSilent);
  EXPECT_NEAR(life.events.front().expected, 110, 20);
  life.Live(life.Normal());
  ASSERT_EQ(life.events.size(), 2U);
  EXPECT_EQ(life.events.back().state, EventState::kClose);
}

TEST(Profile, WhenAllAreSilentItIsTheAppliance) {
  constexpr std::uint32_t kHosts = 40;
  ProfileStore store(OptionsFor(kHosts));
  std::int64_t window = 0;
  for (; window < 9 * std::int64_t{kWindowsPerDay}; ++window) {
    store.Begin(SpanOf(window));
    for (std::uint32_t i = 0; i < kHosts; ++i) store.Add(Client(i, 100));
    store.End();
  }
  for (int i = 0; i < 50; ++i) {
    store.Begin(SpanOf(window++));
    store.End();
    EXPECT_TRUE(store.events().empty());
  }
  EXPECT_EQ(store.counters().blind_windows, 50U);
}

TEST(Profile, NewHostsAreToldOfOnceTheNetworkIsKnown) {
  Life life;
  life.LiveNormally(8);
  life.Live(Client(2, 5));
  ASSERT_EQ(life.events.size(), 1U);
  EXPECT_EQ(life.events.front().kind, DeviationKind::kNewHost);
  EXPECT_EQ(life.events.front().host, Network::AddressOf(2));
}

TEST(ProfileStore, FullItRefusesAndForgetsThoseHardlySeen) {
  ProfileStore store(OptionsFor(3));
  store.Begin(SpanOf(0));
  for (std::uint32_t i = 0; i < 5; ++i) store.Add(Client(i, 9));
  store.End();
  EXPECT_EQ(store.size(), 3U);
  EXPECT_EQ(store.counters().refused, 2U);
  store.Begin(SpanOf(kWindowsPerDay + 1));  // a day later only one of them is still there
  store.Add(Client(1, 9));
  store.End();
  EXPECT_EQ(store.size(), 1U);
  EXPECT_EQ(store.counters().forgotten, 2U);
  EXPECT_NE(store.Find(Network::AddressOf(1)), nullptr);
  EXPECT_EQ(store.Find(Network::AddressOf(0)), nullptr);
}

TEST(ProfileStore, TakesWindowsOfItsLengthInOrder) {
  ProfileStore store(OptionsFor(3));
  EXPECT_TRUE(store.Begin(SpanOf(5)));
  EXPECT_FALSE(store.Begin(SpanOf(5)));
  EXPECT_FALSE(store.Begin(SpanOf(4)));
  EXPECT_FALSE(store.Begin({SpanOf(6).start, kNanosecondsPerSecond}));
  EXPECT_EQ(store.counters().skipped_windows, 3U);
}

class SimulatedProfiles : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  static simulation::Options Simulated(std::uint32_t days) {
    return {.hosts = 60, .seed = GetParam(), .days = days, .quiet_days = 8, .incident_share = 0.5};
  }
};

TEST_P(SimulatedProfiles, ARestartChangesNoBit) {
  Network network(Simulated(14));
  ProfileStore whole(OptionsFor(60));
  ProfileOptions other_key = OptionsFor(60);
  other_key.table_key = 77;  // as after a restart
  auto parted = std::make_unique<ProfileStore>(other_key);
  while (network.window() < network.windows()) {
    if (network.window() % 997 == 996) {
      auto next = std::make_unique<ProfileStore>(other_key);
      ASSERT_EQ(Load(*next, Saved(*parted)), "");
      parted = std::move(next);
    }
    whole.Begin(network.span());
    parted->Begin(network.span());
    network.Next([&](std::uint32_t, const HostRecord& record) {
      const Deviation a = whole.Add(record);
      const Deviation b = parted->Add(record);
      ASSERT_EQ(std::memcmp(&a.score, &b.score, sizeof(a.score)), 0);
    });
    whole.End();
    parted->End();
    ASSERT_EQ(whole.events().size(), parted->events().size());
  }
  EXPECT_EQ(Saved(whole), Saved(*parted));
}

/// How far the scores of one store are from those of another, of windows that both judge.
struct Difference {
  void Add(const Deviation& a, const Deviation& b) {
    if (a.confidence == Confidence::kWarmUp || b.confidence == Confidence::kWarmUp) return;
    const double off = std::abs(double{a.score} - double{b.score});
    sum += off;
    ++count;
    if (off > 0.15 * double{a.score} + 0.5) ++far_off;
  }
  double mean() const { return sum / count; }
  double sum = 0;
  std::uint32_t count = 0;
  std::uint32_t far_off = 0;
};

/// How far expectations are from those of `whole`, on average over hosts and the hours in which they have
/// traffic: of flows sent, in factors of two, and of presence.
std::array<double, 2> ExpectationsOff(const ProfileStore& whole, const ProfileStore& other) {
  std::array<double, 2> sum{};
  double count = 0;
  for (const HostProfile& a : whole.profiles()) {
    const HostProfile* b = other.Find(a.address);
    if (b == nullptr) continue;
    for (unsigned hour = 0; hour < kHoursOfWeek; ++hour) {
      if (a.visits[hour] == 0) continue;
      ProfileMoment moment;
      moment.seconds = a.last_seen;
      moment.hour = hour;
      const double flows_a = double{Expect(a, moment, whole.options()).value[0]};
      sum[0] += std::abs(flows_a - double{Expect(*b, moment, whole.options()).value[0]});
      sum[1] += std::abs(double(a.presence[hour]) - double(b->presence[hour])) / 255;
      ++count;
    }
  }
  return {sum[0] / count, sum[1] / count};
}

TEST_P(SimulatedProfiles, MergedScoresAreCloseToThoseOfOneThatSawAll) {
  // Two appliances, of which one sees mornings and the other the rest; one that saw all; then a day for all.
  Network network(Simulated(22));
  ProfileStore whole(OptionsFor(60));
  ProfileStore morning(OptionsFor(60));
  ProfileStore later(OptionsFor(60));
  ProfileStore merged(OptionsFor(60));
  const std::uint32_t end_of_learning = 8 * kWindowsPerDay;  // before the first incident
  Difference of_merged;
  while (network.window() < 9 * kWindowsPerDay) {
    const std::uint32_t window = network.window();
    const bool is_learning = window < end_of_learning;
    if (window == end_of_learning) {
      ASSERT_EQ(Load(merged, Saved(morning)), "");
      ASSERT_TRUE(merged.Merge(later));
      EXPECT_EQ(merged.size(), whole.size());
      const auto [flows, presence] = ExpectationsOff(whole, merged);
      const auto [flows_of_part, presence_of_part] = ExpectationsOff(whole, morning);
      RecordProperty("flows", std::to_string(flows) + " not merged: " + std::to_string(flows_of_part));
      RecordProperty("presence",
                     std::to_string(presence) + " not merged: " + std::to_string(presence_of_part));
      EXPECT_LT(flows, 0.1);
      EXPECT_LT(presence, 0.05);
      EXPECT_GT(flows_of_part, 2 * flows);  // what was not merged is far from it
    }
    ProfileStore& part = !is_learning                                   ? merged
                         : window % kWindowsPerDay < kWindowsPerDay / 2 ? morning
                                                                        : later;
    whole.Begin(network.span());
    part.Begin(network.span());
    network.Next([&](std::uint32_t, const HostRecord& record) {
      const Deviation expected = whole.Add(record);
      const Deviation of_part = part.Add(record);
      if (!is_learning) of_merged.Add(expected, of_part);
    });
    whole.End();
    part.End();
  }
  RecordProperty("mean", std::to_string(of_merged.mean()));
  RecordProperty("far_off", std::to_string(of_merged.far_off) + " of " + std::to_string(of_merged.count));
  ASSERT_GT(of_merged.count, 5000U);
  EXPECT_LT(of_merged.mean(), 0.2);
  EXPECT_LT(of_merged.far_off, of_merged.count / 33);
}

TEST_P(SimulatedProfiles, FindsWhatWasPlantedAndLittleElse) {
  simulation::Options options = Simulated(21);
  options.hosts = 200;
  Network network(options);
  ProfileStore store(OptionsFor(200));
  DetectionTally tally(network, 7 * kWindowsPerDay);
  while (network.window() < network.windows()) {
    const std::uint32_t window = network.window();
    store.Begin(network.span());
    network.Next([&](std::uint32_t, const HostRecord& record) { store.Add(record); });
    store.End();
    for (const ProfileEvent& event : store.events()) {
      if (event.state != EventState::kOpen && event.kind != DeviationKind::kNewHost) continue;
      tally.Opened(__builtin_bswap32(event.host.ipv4_bits()) - 0x0a000000U, window, event.kind);
    }
  }
  std::uint32_t planted = 0;
  std::uint32_t found = 0;
  for (const DetectionTally::Row& row : tally.Rows()) {
    planted += row.planted;
    found += row.found;
  }
  ASSERT_GT(planted, 50U);
  EXPECT_GE(found, planted * 85 / 100);
  EXPECT_LE(tally.false_events(), 200 * 14 * 15 / 1000);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SimulatedProfiles, ::testing::Values(1, 2));

TEST(ProfileFile, SaysWhatIsWrong) {
  Life life;
  life.LiveNormally(1);
  const std::string good = Saved(life.store);
  ASSERT_EQ(good.size(), sizeof(ProfileFileHeader) + sizeof(HostProfile) + 8);
  ProfileStore store(OptionsFor(4));
  ASSERT_EQ(Load(store, good), "");
  EXPECT_EQ(store.size(), 1U);

  for (std::size_t at = sizeof(ProfileFileHeader); at < good.size(); at += 13) {
    std::string damaged = good;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    EXPECT_THAT(Load(store, damaged), HasSubstr("is damaged")) << at;
    EXPECT_EQ(store.size(), 0U);
  }
  for (std::size_t size = 0; size < good.size(); size += 7)
    EXPECT_NE(Load(store, good.substr(0, size)), "") << size;
  EXPECT_THAT(Load(store, good + "x"), HasSubstr("not as long"));

  ProfileOptions of_minutes = OptionsFor(4);
  of_minutes.window_ns = 60 * kNanosecondsPerSecond;
  ProfileStore other(of_minutes);
  EXPECT_THAT(Load(other, good), HasSubstr("windows of 300 s, not of 60 s"));
  EXPECT_FALSE(other.Merge(life.store));
}

}  // namespace
}  // namespace hostscope::aggregator
