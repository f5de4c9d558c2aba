// What a kill -9 leaves at each step by which the store changes the disk. The process that is killed is a
// real one; steps are counted, so that a step that is added is tested too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/exporter/store/scripted_file_system.h"
#include "tests/exporter/store/store_fixture.h"

namespace hostscope::exporter {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StoreCrash : public StoreFixture {
 protected:
  /// Opens the store in another process, and does `body` in it, which is killed before step `step` of either
  /// `while_opening` or `body`. Returns whether it came to that.
  bool KilledAt(std::size_t step, bool while_opening, const std::function<void()>& body) {
    ScriptedFileSystem fs;
    fs.writes_in_halves = true;
    const int status = InChild([&] {
      if (while_opening) fs.at_step = KillBefore(step);
      Open(fs);
      fs.Restart();
      if (!while_opening) fs.at_step = KillBefore(step);
      body();
    });
    if (WIFEXITED(status)) {
      EXPECT_EQ(WEXITSTATUS(status), 0);
      return false;
    }
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
    return true;
  }

  /// The names of the steps that `body` takes in an open store.
  std::vector<std::string> StepsOf(const std::function<void()>& body) {
    ScriptedFileSystem fs;
    fs.writes_in_halves = true;
    Open(fs);
    fs.Restart();
    body();
    store.reset();
    return fs.steps();
  }

  /// A clean store: nothing half, every file good, and each unsent window what it was.
  void ExpectClean() {
    EXPECT_EQ(FilesIn("incoming"), 0U);
    EXPECT_EQ(FilesIn("damaged"), 0U);
    EXPECT_EQ(store->status().damaged, 0U);
    for (const WindowId& id : Stored()) {
      const auto window = store->Read(id);
      ASSERT_NE(window, nullptr);
      EXPECT_EQ(window->Verify(), "");
    }
    for (const auto& entry : std::filesystem::directory_iterator(options.path + "/unsent"))
      EXPECT_NE(entry.path().extension(), ".new");
  }

  void Erase() {
    store.reset();
    std::filesystem::remove_all(options.path);
  }
};

TEST_F(StoreCrash, AtEachStepOfStoringAWindow) {
  const std::vector<std::string> steps = StepsOf([this] { Put(0); });
  const auto whole_from =
      std::find(steps.begin(), steps.end(), "sync file") - steps.begin();  // all is written by then
  ASSERT_GT(steps.size(), 8U);
  for (std::size_t step = 0; step <= steps.size(); ++step) {
    SCOPED_TRACE(step < steps.size() ? steps[step] : "the end");
    Erase();
    Open();
    Put(0);
    Drain(1);
    store.reset();
    EXPECT_EQ(KilledAt(step, false, [this] { Put(1); }), step < steps.size());
    Open();
    ExpectClean();
    if (static_cast<std::ptrdiff_t>(step) < whole_from) {
      EXPECT_THAT(Stored(), ElementsAre(IdOf(0)));
      EXPECT_THAT(Drain(0), ElementsAre(IdOf(0)));
      EXPECT_THAT(Drain(1), IsEmpty());
    } else {
      EXPECT_THAT(Stored(), ElementsAre(IdOf(0), IdOf(1)));
      EXPECT_THAT(Drain(0), ElementsAre(IdOf(0), IdOf(1)));
      EXPECT_THAT(Drain(1), ElementsAre(IdOf(1)));
    }
    Put(2);  // and it goes on
    EXPECT_EQ(Stored().back(), IdOf(2));
  }
}

TEST_F(StoreCrash, AtEachStepOfRecoveringFromACrash) {
  const std::vector<std::string> steps = StepsOf([this] { Put(0); });
  for (std::size_t first = 0; first < steps.size(); ++first) {
    bool was_killed = true;
    for (std::size_t second = 0; was_killed; ++second) {
      SCOPED_TRACE(steps[first] + ", then step " + std::to_string(second) + " of start-up");
      Erase();
      Open();
      store.reset();
      KilledAt(first, false, [this] { Put(1); });
      was_killed = KilledAt(second, true, [] {});
      Open();
      ExpectClean();
      const std::vector<WindowId> stored = Stored();
      EXPECT_LE(stored.size(), 1U);
      EXPECT_EQ(Drain(0), stored);
      EXPECT_EQ(Drain(1), stored);
      if (HasFailure()) return;
    }
  }
}

TEST_F(StoreCrash, AtEachStepOfTheFirstStart) {
  options.new_sinks_get_everything = true;
  bool was_killed = true;
  for (std::size_t step = 0; was_killed; ++step) {
    SCOPED_TRACE(step);
    Erase();
    was_killed = KilledAt(step, true, [] {});
    Open();
    ExpectClean();
    Put(0);
    EXPECT_THAT(Drain(0), ElementsAre(IdOf(0)));
  }
}

TEST_F(StoreCrash, ANewSinkGetsEverythingWhereverItsSpoolWasCutShort) {
  bool was_killed = true;
  for (std::size_t step = 0; was_killed; ++step) {
    SCOPED_TRACE(step);
    Erase();
    options.sinks = {"a"};
    options.new_sinks_get_everything = false;
    Open();
    for (std::int64_t i = 0; i < 3; ++i) Put(i);
    store.reset();
    options.sinks = {"a", "b"};
    options.new_sinks_get_everything = true;
    was_killed = KilledAt(step, true, [] {});
    Open();
    ExpectClean();
    EXPECT_THAT(Drain(1), ElementsAre(IdOf(0), IdOf(1), IdOf(2)));
  }
}

TEST_F(StoreCrash, AtEachStepOfAcknowledgingAndOfRetention) {
  options.retention[kTenSecondsNs].max_age_ns = kNanosecondsPerSecond;
  bool was_killed = true;
  for (std::size_t step = 0; was_killed; ++step) {
    SCOPED_TRACE(step);
    Erase();
    Open();
    Put(0);
    store.reset();
    was_killed = KilledAt(step, false, [this] {
      Put(1);  // removes the first from the history
      store->spool(0).Next();
      store->spool(0).Acknowledge(IdOf(0));
    });
    Open();
    ExpectClean();
    // At least once: only what was acknowledged may be missing.
    EXPECT_EQ(Drain(1).front(), IdOf(0));
    const std::vector<WindowId> left = Drain(0);
    EXPECT_TRUE(left.empty() || left.front() == IdOf(0) || left.front() == IdOf(1));
    EXPECT_EQ(left.empty() ? IdOf(1) : left.front(), IdOf(was_killed ? 0 : 1));
  }
}

}  // namespace
}  // namespace hostscope::exporter
