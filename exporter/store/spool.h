#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "exporter/sink.h"
#include "exporter/store/file_system.h"
#include "exporter/store/network_counts.h"
#include "exporter/store/stored_window.h"
#include "exporter/store/window_id.h"

namespace hostscope::exporter {

/// What one sink has not acknowledged yet; a snapshot.
struct SpoolStatus {
  std::uint64_t windows = 0;  ///< unsent now
  std::uint64_t bytes = 0;
  std::uint64_t rows = 0;
  ReceiveTime oldest_end;             ///< of the oldest unsent window; the epoch where there is none
  std::uint64_t acknowledged = 0;     ///< windows, since start
  std::uint64_t dropped_windows = 0;  ///< since start: beyond the cap, for room on a full disk, or damaged
  std::uint64_t dropped_rows = 0;     ///< host records of those
  NetworkCounts dropped_networks;     ///< network records of those
  std::uint64_t dropped_events = 0;   ///< events of those
};

/// A window that a sink is to have.
struct Unsent {
  WindowId id;
  std::uint64_t bytes = 0;
  std::uint64_t rows = 0;
  NetworkCounts networks;
  /// Set where the disk would not take it: then this is all there is.
  std::shared_ptr<const StoredWindow> in_memory;
  std::uint64_t events = 0;
};

/// The acknowledgement state of one sink: a folder of hard links to the windows that it has not acknowledged.
/// The link is another name of the very file, so state and data can't contradict each other, and what
/// retention does to the window's own name does not touch it. Thread-safe.
class Spool {
 public:
  /// Windows that are kept in memory while the disk takes none; the oldest goes first.
  static constexpr std::size_t kMaxInMemory = 6;

  /// `folder` is there, `fs` and `log` live longer. A spool that is not `is_fed` belongs to no sink of the
  /// configuration: it is kept as it is.
  Spool(std::string name, std::string folder, std::uint64_t max_bytes, bool is_fed, FileSystem& fs,
        const LogFunction& log);

  const std::string& name() const noexcept { return name_; }
  const std::string& folder() const noexcept { return folder_; }
  bool is_fed() const noexcept { return is_fed_; }
  std::string PathOf(const WindowId& id) const { return folder_ + "/" + FileNameOf(id); }

  /// Of a window whose link is there, or that is in memory. Drops the oldest beyond the cap.
  void Add(Unsent unsent);

  /// Waits until there is an unsent window or Close() was called; false when `timeout` is over before.
  bool WaitFor(std::chrono::milliseconds timeout) const;
  /// The oldest unsent window, which is then being sent: nothing drops it until Acknowledge() or Release().
  /// Waits for one; nothing when Close() was called.
  std::optional<Unsent> Next();
  /// The sink has it.
  void Acknowledge(const WindowId& id);
  /// The sink does not have it; the next Next() tries again.
  void Release(const WindowId& id);
  /// Ends waiting, for good.
  void Close();

  /// The oldest that nobody is sending.
  std::optional<WindowId> OldestIdle() const;
  bool Contains(const WindowId& id) const;
  /// Gives it up, and counts it; nothing happens where it is not there or being sent. `why` is for the log.
  void Drop(const WindowId& id, const std::string& why);
  /// The same also while it is being sent; its link is left to the caller.
  void Forget(const WindowId& id);
  /// Gives up what is only in memory, at the program's end.
  void DropInMemory();
  /// The highest part of that window, if there is one.
  std::optional<unsigned> LastPart(const aggregator::WindowSpan& span) const;

  SpoolStatus status() const;

 private:
  using Windows = std::map<WindowId, Unsent>;
  Windows::iterator OldestIdleAt(bool only_in_memory);
  void Take(Windows::iterator at, bool is_dropped);
  void DropAt(Windows::iterator at, const std::string& why);
  void RemoveLink(const Unsent& unsent);

  const std::string name_;
  const std::string folder_;
  const std::uint64_t max_bytes_;
  const bool is_fed_;
  FileSystem& fs_;
  const LogFunction& log_;

  mutable std::mutex mutex_;  // guards what follows
  mutable std::condition_variable changed_;
  Windows windows_;
  std::optional<WindowId> in_flight_;
  bool is_closed_ = false;
  std::size_t in_memory_ = 0;
  SpoolStatus counts_;
};

}  // namespace hostscope::exporter
