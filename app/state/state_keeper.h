#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "app/config/config.h"
#include "app/state/exporter_state.h"
#include "app/state/state_file.h"
#include "dataplane/dataplane.h"
#include "exporter/store/file_system.h"

namespace hostscope::app {

struct StateCounters {
  Counter templates_read;  ///< from the file, at the start
  Counter rates_read;
  Counter written;  ///< times that the file was
  Counter failed;   ///< times that it could not be
  Counter damaged;  ///< a file that was set aside
};

/// Keeps what is known of exporters in a file, for the next start: written at intervals, if there is anything
/// new, and at the end, as a whole (write, fsync, rename). Its own thread does all of it but the reading.
class StateKeeper {
 public:
  /// Reads the file, if there is one. A damaged one is set aside as exporters.damaged, and the log names it.
  /// Throws std::runtime_error where the folder can't be used. Without a path in `config` it does nothing.
  StateKeeper(const StateConfig& config, const ipfix::Settings& settings, exporter::FileSystem& files);
  ~StateKeeper();
  StateKeeper(const StateKeeper&) = delete;
  StateKeeper& operator=(const StateKeeper&) = delete;

  bool is_on() const noexcept { return !config_.path.empty(); }
  std::shared_ptr<const ipfix::Remembered> remembered() const { return remembered_; }

  /// `dataplane` has started, and outlives Stop().
  void Start(dataplane::Dataplane& dataplane);
  /// After the data plane was stopped. No effect if repeated.
  void Stop();

  const StateCounters& counters() const noexcept { return counters_; }

 private:
  void Read();
  void SetAside(const std::string& problem);
  void Run(dataplane::Dataplane& dataplane);
  void TakeNotices(dataplane::Dataplane& dataplane);
  void Write();

  StateConfig config_;
  exporter::FileSystem& files_;
  StateFile file_;
  ExporterState state_;
  std::uint64_t written_version_ = 0;
  bool has_failed_ = false;  ///< the last time, so that the log says it once
  std::shared_ptr<const ipfix::Remembered> remembered_;
  StateCounters counters_;

  std::mutex mutex_;
  std::condition_variable stop_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace hostscope::app
