#include "aggregator/profile/profiled_window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "exporter/encoding/json_encoder.h"
#include "exporter/store/stored_window.h"
#include "tests/exporter/profiled_life.h"
#include "tests/exporter/store/temporary_folder.h"

namespace hostscope::exporter {
namespace {

using aggregator::ClosedWindow;
using aggregator::ClosedWindowPtr;
using aggregator::DeviationKind;
using aggregator::EventState;
using aggregator::HostRecord;
using aggregator::ProfileEvent;
using aggregator::ProfileStore;
using ::testing::HasSubstr;
using ::testing::Not;

/// What a sink writes of hosts and anomalies.
std::string JsonOf(const ClosedWindow& window) {
  JsonEncoder encoder("mon1", Schema::kHostscope);
  encoder.SetWindow(window.span(), window.partial());
  std::string buffer(encoder.max_record_size(), '\0');
  std::string text;
  const auto take = [&](const char* end) {
    text.append(buffer.data(), static_cast<std::size_t>(end - buffer.data())).append("\n");
  };
  for (std::size_t i = 0; i < window.size(); ++i) take(encoder.EncodeHost(window.At(i), buffer.data()));
  for (const ProfileEvent& event : window.Events()) take(encoder.EncodeAnomaly(event, buffer.data()));
  return text;
}

class ProfiledWindowTest : public ::testing::Test {
 protected:
  ClosedWindowPtr Scan() { return ProfiledLife::Live(profiles, 0, ProfiledLife::kScan + 1); }

  ProfileStore profiles{ProfiledLife::Options()};
};

TEST_F(ProfiledWindowTest, NothingIsSaidDuringWarmUp) {
  const ClosedWindowPtr window = ProfiledLife::Live(profiles, 0, 288);
  for (std::size_t i = 0; i < window->size(); ++i) EXPECT_EQ(window->At(i).deviation, HostRecord::kNotJudged);
  EXPECT_EQ(window->CountEvents(), 0U);
  EXPECT_THAT(JsonOf(*window), Not(HasSubstr("deviation")));
}

TEST_F(ProfiledWindowTest, AScanDeviatesAndIsAnEvent) {
  const ClosedWindowPtr window = Scan();
  ASSERT_EQ(window->size(), 3U);
  EXPECT_LT(window->At(0).deviation, 2);
  EXPECT_GT(window->At(1).deviation, 3);
  EXPECT_EQ(window->At(1).sent.peers, 2000U);
  ASSERT_EQ(window->CountEvents(), 1U);
  const ProfileEvent event = window->Events().front();
  EXPECT_EQ(event.host, window->At(1).host);
  EXPECT_EQ(event.kind, DeviationKind::kFanOut);
  EXPECT_EQ(event.state, EventState::kOpen);
  EXPECT_EQ(event.since, window->span().start);
  EXPECT_NEAR(event.expected, 3, 0.5);
  EXPECT_NEAR(event.seen, 2000, 0.5);
}

TEST_F(ProfiledWindowTest, RecordsSayIt) {
  const std::string text = JsonOf(*Scan());
  EXPECT_THAT(text, HasSubstr(R"("host":{"ip":"10.20.0.2","network":"10.20.0.0/16"},"deviation":)"));
  EXPECT_THAT(text, HasSubstr(R"("host":{"ip":"10.20.0.2"},"anomaly":{"id":")"));
  EXPECT_THAT(text, HasSubstr(R"(,"state":"open","kind":"fan_out","figure":"sent.peers","expected":)"));
  EXPECT_THAT(text, HasSubstr(R"(,"seen":2000,"score":)"));
  EXPECT_THAT(text, HasSubstr(R"(,"confidence":"full","since":"2026-12-02T00:00:00.000Z"},"record_id":")"));
}

TEST_F(ProfiledWindowTest, TheRecordsOfOneAnomalyHaveOneId) {
  RecordIdMaker ids("mon1");
  const auto text = [&ids](const ProfileEvent& event, bool of_anomaly) {
    std::string id(RecordIdMaker::kTextLength, '\0');
    of_anomaly ? ids.FormatAnomaly(event, id.data()) : ids.Format(event, id.data());
    return id;
  };
  const ProfileEvent opened = Scan()->Events().front();
  ids.SetWindow(ProfiledLife::SpanOf(ProfiledLife::kScan));
  const std::string anomaly = text(opened, true);
  EXPECT_EQ(text(opened, false), anomaly);
  ProfileEvent closed;
  for (std::int64_t i = ProfiledLife::kScan + 1; closed.state != EventState::kClose; ++i) {
    ASSERT_LT(i, ProfiledLife::kScan + 288) << "it does not end";
    const ClosedWindowPtr window = CompareWithProfiles(profiles, ProfiledLife::Window(i));
    if (window->CountEvents() == 0) continue;
    closed = window->Events().back();
    ids.SetWindow(window->span());
  }
  EXPECT_EQ(closed.host, opened.host);
  EXPECT_EQ(text(closed, true), anomaly);
  EXPECT_NE(text(closed, false), anomaly);
}

TEST_F(ProfiledWindowTest, WhatIsStoredReadsBack) {
  const ClosedWindowPtr window = Scan();
  const TemporaryFolder folder;
  WrittenWindow written;
  WriteFile(folder / "window", FileOf(*window, &written));
  EXPECT_EQ(written.events, 1U);
  const OpenedWindow opened = StoredWindow::Open(folder / "window");
  ASSERT_NE(opened.window, nullptr) << opened.problem;
  EXPECT_EQ(opened.window->Verify(), "");
  EXPECT_EQ(opened.window->CountEvents(), 1U);
  EXPECT_EQ(JsonOf(*opened.window), JsonOf(*window));
  EXPECT_EQ(opened.window->Events().front().window, window->span().start);
  EXPECT_FALSE(opened.window->is_damaged());
}

TEST_F(ProfiledWindowTest, APartOfAWindowTeachesNothing) {
  ProfiledLife::Live(profiles, 0, 300);
  const ClosedWindowPtr part = ProfiledLife::Window(300, true);
  EXPECT_EQ(CompareWithProfiles(profiles, part), part);
  EXPECT_EQ(profiles.counters().windows, 300U);
}

}  // namespace
}  // namespace hostscope::exporter
