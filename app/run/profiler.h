#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "aggregator/closed_window.h"
#include "aggregator/profile/profile_store.h"
#include "app/config/config.h"
#include "app/state/state_file.h"
#include "exporter/store/file_system.h"
#include "ipfix/counter.h"

namespace hostscope::app {

/// A snapshot.
struct ProfilerStatus {
  std::uint64_t profiles = 0;
  std::uint64_t open_events = 0;
  aggregator::ProfileCounters counts;
  std::uint64_t passed_on = 0;  ///< windows that were not compared, since two others waited
  std::uint64_t saved = 0;      ///< times that the file was written
  std::uint64_t save_failures = 0;
  std::uint64_t damaged = 0;         ///< a file that was set aside
  std::int64_t last_compare_ns = 0;  ///< what the last window took, CPU time
};

/// Compares windows of one length with the profiles of their hosts, on a thread of its own, between merging
/// and the sinks: docs/profiles.md. Profiles are kept in the folder of StateConfig, where there is one: read
/// at the start, written at intervals and at the end, as a whole.
class Profiler {
 public:
  /// Windows that it has at once, each with its host table.
  static constexpr std::size_t kMostWindows = 3;

  /// Reads the file, if there is one. One that is damaged, or of other windows, is set aside, and the log
  /// names it. Throws std::runtime_error where the folder can't be used.
  Profiler(const ProfilesConfig& config, const StateConfig& state, std::uint64_t key,
           exporter::FileSystem& files);
  ~Profiler();
  Profiler(const Profiler&) = delete;
  Profiler& operator=(const Profiler&) = delete;

  void Start();

  // The merging thread's.

  /// Takes a window of the profiles' length; false: it is of another one, or Stop() was called. Does not
  /// wait.
  bool Push(const aggregator::ClosedWindowPtr& window);
  /// Windows that are done with, in the order in which they came.
  std::vector<aggregator::ClosedWindowPtr> Take();
  /// Finishes what waits, and writes the file. The last windows. No effect if repeated.
  std::vector<aggregator::ClosedWindowPtr> Stop();

  /// Any thread.
  ProfilerStatus status() const;

 private:
  struct Waiting {
    aggregator::ClosedWindowPtr window;
    bool is_compared;
  };

  void Read();
  void Run();
  void Compare(Waiting next);
  void Save();

  ProfilesConfig config_;
  exporter::FileSystem& files_;
  std::unique_ptr<StateFile> file_;    // null: they don't outlive the program
  aggregator::ProfileStore profiles_;  // the thread's, once it runs
  std::uint64_t saved_windows_ = 0;    // that the file has
  bool has_failed_ = false;            // to write it, the last time

  mutable std::mutex mutex_;  // guards what follows; held for moments only
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  std::vector<aggregator::ClosedWindowPtr> done_;
  bool is_stopping_ = false;
  ProfilerStatus status_;
  std::thread thread_;
};

}  // namespace hostscope::app
