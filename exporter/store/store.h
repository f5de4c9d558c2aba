#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/closed_window.h"
#include "exporter/sink.h"
#include "exporter/store/file_system.h"
#include "exporter/store/spool.h"
#include "exporter/store/stored_window.h"
#include "exporter/store/window_id.h"
#include "exporter/store/window_writer.h"

namespace hostscope::exporter {

/// How long windows of one length are kept for reading. What a sink has not had stays beyond that, in its
/// spool.
struct Retention {
  std::int64_t max_age_ns = 7 * std::int64_t{86'400} * kNanosecondsPerSecond;  ///< 0: for ever
  std::uint64_t max_bytes = std::uint64_t{16} << 30;
};

struct StoreOptions {
  std::string path;
  std::map<std::int64_t, Retention> retention;  ///< by window length, nanoseconds
  Retention other_lengths;                      ///< of lengths that are not there
  WindowContent content;                        ///< of windows that are written from now on
  std::vector<std::string> sinks;               ///< names, each once; of files, so the same after a restart
  std::uint64_t spool_bytes = std::uint64_t{32} << 30;  ///< for each sink; they share the files
  /// A sink that was never there before begins with everything that is still stored, not with what comes.
  bool new_sinks_get_everything = false;
};

/// What the store has done; a snapshot. Counts are since start.
struct StoreStatus {
  std::uint64_t windows = 0;  ///< there now
  std::uint64_t bytes = 0;    ///< of those
  std::uint64_t written_windows = 0;
  std::uint64_t written_rows = 0;
  std::uint64_t written_bytes = 0;
  std::uint64_t failures = 0;          ///< attempts to write a window that the disk refused
  std::uint64_t in_memory = 0;         ///< windows that went to the sinks without being stored
  std::uint64_t lost_windows = 0;      ///< windows that could be kept nowhere
  std::uint64_t lost_rows = 0;         ///< host records of those
  std::uint64_t expired = 0;           ///< windows removed by retention
  std::uint64_t removed_for_room = 0;  ///< windows removed because the disk was full
  std::uint64_t damaged = 0;           ///< files set aside
  std::uint64_t torn = 0;              ///< unfinished files that start-up removed
  std::uint64_t finished = 0;          ///< finished files that start-up brought to their place
};

struct WindowInfo {
  WindowId id;
  std::uint64_t bytes = 0;
};

class Store;

/// A store, or why there is none.
struct OpenedStore {
  std::unique_ptr<Store> store;
  std::string problem;
};

/// Closed windows on disk: the history that is read, and the buffer of every sink that is behind.
///
///   windows/<length>/<window>   each window once, while retention keeps it
///   unsent/<sink>/<window>      hard links: what the sink has not acknowledged
///   incoming/<window>           being written
///   damaged/<window>            set aside
///   lock                        held by the program that uses the store
///
/// Protocol, each step after the one before is on disk: write incoming/, fsync; link into unsent/ of each
/// sink, fsync of those folders; rename to windows/, fsync of the folder. Start-up takes a whole file of
/// incoming/ through the remaining steps and removes a torn one, so that of each window there is all, for
/// every sink, or nothing. See docs/store.md.
///
/// Put() is one thread's; all else is thread-safe.
class Store {
 public:
  /// Makes what is missing, and tidies up after a crash. `fs` must live longer. `log` hears what was found,
  /// and later what goes wrong, on any thread.
  static OpenedStore Open(const StoreOptions& options, LogFunction log, FileSystem& fs = RealFileSystem());
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Stores a window and gives it to every spool. On a full disk the oldest windows go: first those that no
  /// sink waits for, then unsent ones. Where the disk takes nothing at all, the sinks get it from memory.
  /// Returns an empty string, or what failed: then it is nowhere.
  std::string Put(const aggregator::ClosedWindow& window);
  /// Any thread, for good: a Put() under way gives up at the next MiB.
  void CancelPut() noexcept;

  /// Lengths of which there are windows, shortest first; nanoseconds.
  std::vector<std::int64_t> Lengths() const;
  /// Windows of one length that overlap [from, to), in order.
  std::vector<WindowInfo> List(std::int64_t length_ns, ReceiveTime from, ReceiveTime to) const;
  /// The newest window of one length, of one in parts the last.
  std::optional<WindowId> Newest(std::int64_t length_ns) const;
  /// A stored window; null where it is gone, or was damaged and is now set aside.
  std::shared_ptr<const StoredWindow> Read(const WindowId& id);
  /// Moves a window whose file is not what was written out of the way of readers and sinks, and counts it.
  void SetAside(const WindowId& id, const std::string& problem);

  /// Replaces StoreOptions::retention. Holds from the next window on that is stored.
  void SetRetention(std::map<std::int64_t, Retention> retention);

  /// Of the i-th of StoreOptions::sinks.
  Spool& spool(std::size_t i);
  /// All, also of sinks that are not configured any more.
  std::vector<const Spool*> spools() const;

  StoreStatus status() const;
  const std::string& path() const noexcept;

 private:
  class Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hostscope::exporter
