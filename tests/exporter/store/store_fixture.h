#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "exporter/store/store.h"
#include "tests/exporter/store/expect_window.h"
#include "tests/exporter/store/temporary_folder.h"
#include "tests/exporter/windows.h"

namespace hostscope::exporter {

inline constexpr std::int64_t kTenSecondsNs = 10 * kNanosecondsPerSecond;
inline constexpr ReceiveTime kAlways{INT64_MIN / 2};
inline constexpr ReceiveTime kForever{INT64_MAX / 2};
inline constexpr std::size_t kFewHosts = 20;

/// Lines that were logged, on any thread.
struct Log {
  void operator()(std::string_view line) const {
    const std::lock_guard lock(*mutex);
    lines->emplace_back(line);
  }
  std::shared_ptr<std::mutex> mutex = std::make_shared<std::mutex>();
  std::shared_ptr<std::vector<std::string>> lines = std::make_shared<std::vector<std::string>>();
};

inline WindowId IdOf(std::int64_t index, unsigned part = 0) {
  return {TenSeconds(index), part};
}

/// A store in a folder of its own, with sinks "a" and "b".
class StoreFixture : public ::testing::Test {
 protected:
  StoreFixture() {
    options.path = folder / "store";
    options.sinks = {"a", "b"};
  }

  /// Opens it, also again.
  void Open(FileSystem& fs = RealFileSystem()) {
    store.reset();
    OpenedStore opened = Store::Open(options, log, fs);
    ASSERT_NE(opened.store, nullptr) << opened.problem;
    store = std::move(opened.store);
  }
  void Put(std::int64_t index, std::size_t hosts = kFewHosts) {
    ASSERT_EQ(store->Put(ManyHosts(hosts, index)), "");
  }
  std::vector<WindowId> Stored() const {
    std::vector<WindowId> ids;
    for (const WindowInfo& info : store->List(kTenSecondsNs, kAlways, kForever)) ids.push_back(info.id);
    return ids;
  }
  std::string PathOf(const WindowId& id) const {
    return options.path + "/windows/" + std::to_string(id.span.length_ns) + "/" + FileNameOf(id);
  }
  std::size_t FilesIn(const std::string& name) const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(options.path + "/" + name))
      count += entry.is_regular_file() ? 1U : 0U;
    return count;
  }
  /// Takes what a spool has unsent, oldest first, comparing each window with what was put.
  std::vector<WindowId> Drain(std::size_t sink, std::size_t hosts = kFewHosts) {
    std::vector<WindowId> ids;
    while (store->spool(sink).status().windows > 0) {
      const std::optional<Unsent> unsent = store->spool(sink).Next();
      OpenedWindow opened = unsent->in_memory != nullptr
                                ? OpenedWindow{unsent->in_memory, {}, false}
                                : StoredWindow::Open(store->spool(sink).PathOf(unsent->id));
      EXPECT_NE(opened.window, nullptr) << opened.problem;
      if (opened.window == nullptr) break;
      const std::int64_t index = (unsent->id.span.start.ns - TenSeconds().start.ns) / kTenSecondsNs;
      ExpectSameWindow(*opened.window, ManyHosts(hosts, index));
      store->spool(sink).Acknowledge(unsent->id);
      ids.push_back(unsent->id);
    }
    return ids;
  }

 public:
  TemporaryFolder folder;
  StoreOptions options;
  Log log;
  std::unique_ptr<Store> store;
};

/// Runs `body` in a process of its own. Returns its wait status; 0: it ended well and no expectation failed.
inline int InChild(const std::function<void()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(::testing::Test::HasFailure() ? EXIT_FAILURE : EXIT_SUCCESS);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

}  // namespace hostscope::exporter
