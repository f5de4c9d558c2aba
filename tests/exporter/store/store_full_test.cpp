// A disk that is full, or takes nothing at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <cstdlib>
#include <string_view>

#include "tests/exporter/store/scripted_file_system.h"
#include "tests/exporter/store/store_fixture.h"

namespace hostscope::exporter {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FullStore : public StoreFixture {};

ScriptedFileSystem::AtStep FailAt(const std::string& failing, std::errc what, int& times) {
  return [failing, what, &times](std::size_t, const std::string& name) {
    if (name != failing || times <= 0) return std::error_code();
    --times;
    return std::make_error_code(what);
  };
}

TEST_F(FullStore, WhatEverySinkHasGoesFirst) {
  for (const char* step : {"create", "write", "sync file", "link", "sync folder", "rename"}) {
    SCOPED_TRACE(step);
    std::filesystem::remove_all(options.path);
    ScriptedFileSystem fs;
    Open(fs);
    for (std::int64_t i = 0; i < 3; ++i) Put(i);
    store->spool(0).Next();
    store->spool(0).Acknowledge(IdOf(0));
    store->spool(1).Next();
    store->spool(1).Acknowledge(IdOf(0));
    Drain(1);
    int times = 1;
    fs.at_step = FailAt(step, std::errc::no_space_on_device, times);
    // More than MakeRoom() frees at once is not needed: all three go, the sent one first, as a MiB is asked
    // for.
    Put(3);
    fs.at_step = {};
    EXPECT_EQ(times, 0);
    EXPECT_THAT(Stored(), ElementsAre(IdOf(3)));
    EXPECT_EQ(store->status().failures, 1U);
    EXPECT_EQ(store->status().removed_for_room, 3U);
    EXPECT_EQ(store->spool(0).status().dropped_windows, 2U);
    EXPECT_EQ(store->spool(0).status().dropped_rows, 2 * kFewHosts);
    EXPECT_EQ(store->spool(1).status().dropped_windows, 0U);
    EXPECT_THAT(Drain(0), ElementsAre(IdOf(3)));
    EXPECT_THAT(Drain(1), ElementsAre(IdOf(3)));
    EXPECT_EQ(FilesIn("incoming"), 0U);
    store.reset();
  }
}

TEST_F(FullStore, AWindowThatIsBeingSentIsNotDropped) {
  ScriptedFileSystem fs;
  Open(fs);
  Put(0);
  Put(1);
  store->spool(0).Next();
  int times = 1;
  fs.at_step = FailAt("write", std::errc::no_space_on_device, times);
  Put(2);
  EXPECT_TRUE(store->spool(0).Contains(IdOf(0)));
  EXPECT_FALSE(store->spool(0).Contains(IdOf(1)));
  EXPECT_THAT(Drain(1), ElementsAre(IdOf(2)));
}

TEST_F(FullStore, ADiskThatTakesNothingDoesNotStopTheSinks) {
  ScriptedFileSystem fs;
  Open(fs);
  Put(0);
  int times = 1000;
  fs.at_step = FailAt("create", std::errc::read_only_file_system, times);
  for (std::int64_t i = 1; i < 11; ++i) {
    Put(i);
    EXPECT_EQ(Drain(1).back(), IdOf(i));  // with the right content
  }
  EXPECT_EQ(store->status().in_memory, 10U);
  EXPECT_EQ(store->status().failures, 10U);
  EXPECT_THAT(*log.lines,
              Contains(HasSubstr("was not stored: Read-only file system; sinks get it from memory")));
  // Memory is bounded: of the sink that is away the oldest went, but not what is on disk.
  const SpoolStatus away = store->spool(0).status();
  EXPECT_EQ(away.windows, 1 + Spool::kMaxInMemory);
  EXPECT_EQ(away.dropped_windows, 10 - Spool::kMaxInMemory);
  EXPECT_EQ(away.dropped_rows, (10 - Spool::kMaxInMemory) * kFewHosts);
  times = 0;
  Put(11);
  EXPECT_EQ(Drain(0).front(), IdOf(0));
  EXPECT_THAT(Stored(), ElementsAre(IdOf(0), IdOf(11)));
}

TEST_F(FullStore, EverythingIsTakenBackWhereAStepFails) {
  ScriptedFileSystem fs;
  Open(fs);
  for (const char* step : {"write", "sync file", "link", "rename"}) {
    SCOPED_TRACE(step);
    int times = 1;
    fs.at_step = FailAt(step, std::errc::io_error, times);
    Put(1);
    EXPECT_THAT(Stored(), IsEmpty());
    EXPECT_EQ(FilesIn("incoming") + FilesIn("unsent/a") + FilesIn("unsent/b"), 0U);
    EXPECT_EQ(Drain(0).size(), 1U);
    EXPECT_EQ(Drain(1).size(), 1U);
  }
}

TEST_F(FullStore, CancellingEndsAPut) {
  Open();
  store->CancelPut();
  Put(0);
  EXPECT_EQ(store->status().in_memory, 1U);
  EXPECT_EQ(FilesIn("incoming"), 0U);
}

/// A file system of `megabytes` at `path`, for this process alone. False where that is not permitted.
bool MountSmallDisk(const std::string& path, unsigned megabytes) {
  if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
  const std::string size = "size=" + std::to_string(megabytes) + "m";
  return mount("tmpfs", path.c_str(), "tmpfs", 0, size.c_str()) == 0;
}

constexpr int kNotPermitted = 77;

TEST_F(FullStore, OnASmallDiskTheNewestGoesOnToSinksThatKeepUp) {
  constexpr std::size_t kHosts = 3000;
  constexpr std::int64_t kWindows = 30;
  std::filesystem::create_directory(options.path);
  const int status = InChild([&] {
    if (!MountSmallDisk(options.path, 3)) _exit(kNotPermitted);
    Open();
    for (std::int64_t i = 0; i < kWindows; ++i) {
      Put(i, kHosts);
      EXPECT_THAT(Drain(1, kHosts), ElementsAre(IdOf(i)));
    }
    const SpoolStatus away = store->spool(0).status();
    EXPECT_GT(away.windows, 0U);
    EXPECT_GT(away.dropped_windows, 10U);
    EXPECT_EQ(away.windows + away.dropped_windows, static_cast<std::uint64_t>(kWindows));
    EXPECT_EQ(away.rows + away.dropped_rows, static_cast<std::uint64_t>(kWindows) * kHosts);
    EXPECT_EQ(store->spool(1).status().acknowledged, static_cast<std::uint64_t>(kWindows));
    EXPECT_EQ(store->status().in_memory, 0U);
    EXPECT_GT(store->status().failures, 0U);
    Open();  // what is left is good
    EXPECT_EQ(store->status().torn + store->status().damaged, 0U);
    const std::vector<WindowId> left = Drain(0, kHosts);
    EXPECT_EQ(left.size(), away.windows);
    EXPECT_EQ(left.back(), IdOf(kWindows - 1));
  });
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNotPermitted) {
    const char* const ci = std::getenv("CI");
    if (ci != nullptr && std::string_view(ci) == "true") FAIL() << "a tmpfs of its own is not permitted";
    GTEST_SKIP() << "a tmpfs of its own is not permitted";
  }
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace hostscope::exporter
