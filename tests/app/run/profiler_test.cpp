#include "app/run/profiler.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "tests/exporter/profiled_life.h"
#include "tests/exporter/store/temporary_folder.h"

namespace hostscope::app {
namespace {

using aggregator::ClosedWindowPtr;
using exporter::ProfiledLife;

class ProfilerTest : public ::testing::Test {
 protected:
  ProfilerTest() {
    config.options = ProfiledLife::Options();
    state.path = folder.path();
  }

  std::unique_ptr<Profiler> Started() {
    auto profiler = std::make_unique<Profiler>(config, state, 1, exporter::RealFileSystem());
    profiler->Start();
    return profiler;
  }
  /// Windows [first, last), each given when the one before is done with.
  static std::vector<ClosedWindowPtr> Live(Profiler& profiler, std::int64_t first, std::int64_t last) {
    std::vector<ClosedWindowPtr> done;
    for (std::int64_t i = first; i < last; ++i) {
      EXPECT_TRUE(profiler.Push(ProfiledLife::Window(i)));
      while (done.size() <= static_cast<std::size_t>(i - first)) {
        for (ClosedWindowPtr& window : profiler.Take()) done.push_back(std::move(window));
        if (done.size() <= static_cast<std::size_t>(i - first)) std::this_thread::yield();
      }
    }
    return done;
  }

  exporter::TemporaryFolder folder;
  ProfilesConfig config;
  StateConfig state;
};

TEST_F(ProfilerTest, TakesOnlyWindowsOfItsLength) {
  const auto profiler = Started();
  const exporter::ListedWindow other(exporter::TenSeconds(), {});
  EXPECT_FALSE(profiler->Push(std::make_shared<exporter::ListedWindow>(other)));
  EXPECT_TRUE(profiler->Push(ProfiledLife::Window(0)));
  EXPECT_EQ(profiler->Stop().size(), 1U);
  EXPECT_FALSE(profiler->Push(ProfiledLife::Window(1)));
}

TEST_F(ProfilerTest, KeepsTheOrderAndLosesNoneWhenItIsBehind) {
  const auto profiler = Started();
  constexpr std::int64_t kWindows = 500;
  for (std::int64_t i = 0; i < kWindows; ++i)
    ASSERT_TRUE(profiler->Push(ProfiledLife::Window(i, i % 10 == 9)));
  const std::vector<ClosedWindowPtr> done = profiler->Stop();
  ASSERT_EQ(done.size(), 500U);
  for (std::int64_t i = 0; i < kWindows; ++i)
    EXPECT_EQ(done[static_cast<std::size_t>(i)]->span(), ProfiledLife::SpanOf(i));
  const ProfilerStatus status = profiler->status();
  EXPECT_LE(status.counts.windows + status.passed_on, 500U);
  EXPECT_GE(status.counts.windows + status.passed_on, 450U);
}

TEST_F(ProfilerTest, ARestartChangesNoScore) {
  constexpr std::int64_t kRestart = ProfiledLife::kScan - 100;
  aggregator::ProfileStore reference(ProfiledLife::Options());
  ProfiledLife::Live(reference, 0, kRestart);
  {
    const auto before = Started();
    Live(*before, 0, kRestart);
    before->Stop();
    EXPECT_EQ(before->status().saved, 1U);
  }
  const auto after = Started();
  EXPECT_EQ(after->status().profiles, 3U);
  std::int64_t index = kRestart;
  std::uint64_t events = 0;
  for (const ClosedWindowPtr& window : Live(*after, kRestart, ProfiledLife::kScan + 20)) {
    const ClosedWindowPtr wanted = CompareWithProfiles(reference, ProfiledLife::Window(index++));
    for (std::size_t i = 0; i < window->size(); ++i)
      ASSERT_EQ(window->At(i).deviation, wanted->At(i).deviation);
    ASSERT_EQ(window->CountEvents(), wanted->CountEvents());
    events += window->CountEvents();
  }
  EXPECT_GE(events, 1U);
}

TEST_F(ProfilerTest, ADamagedFileIsSetAside) {
  {
    const auto profiler = Started();
    Live(*profiler, 0, 3);
  }
  const std::string path = folder / "profiles";
  ASSERT_TRUE(std::filesystem::exists(path));
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(100);
  file.put('\x55');
  file.close();
  const auto profiler = Started();
  EXPECT_EQ(profiler->status().damaged, 1U);
  EXPECT_EQ(profiler->status().profiles, 0U);
  EXPECT_TRUE(std::filesystem::exists(path + ".damaged"));
}

}  // namespace
}  // namespace hostscope::app
