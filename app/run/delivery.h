#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "aggregator/closed_window.h"
#include "app/config/config.h"
#include "app/run/sinks.h"
#include "app/stats.h"
#include "exporter/query/announcing_sink.h"
#include "exporter/query/window_source.h"
#include "exporter/sink_runner.h"
#include "exporter/store/file_system.h"
#include "exporter/store/store.h"

namespace hostscope::app {

/// The way of closed windows to the sinks. With a store each window is written once, and every sink reads it
/// from there at its own pace; without, each sink has a short queue in memory, and the newest windows are
/// kept there for HTTP. The merging thread's, but for what is const.
class Delivery {
 public:
  /// Opens the store, on `fs`, which lives longer, and every sink. Throws std::runtime_error that says every
  /// problem.
  explicit Delivery(const Config& config, exporter::FileSystem& fs = exporter::RealFileSystem(),
                    const exporter::ContextSource* context = nullptr);

  /// Windows to read, on any thread; null: there is neither a store nor HTTP.
  exporter::WindowSource* history() const noexcept { return history_.get(); }
  /// Who is told of each window once history() has it, on a thread of the delivery. Before the first Push().
  void SetListener(exporter::WindowListener listener) { *listener_ = std::move(listener); }

  /// Never waits for a disk or a sink.
  void Push(const aggregator::ClosedWindowPtr& window);
  /// Lets store and sinks finish what they have until the deadline, then ends them.
  void Stop(std::chrono::milliseconds deadline);
  /// What the store keeps for reading, from the next window on. Any thread.
  void SetRetention(const StoreConfig& store);

  /// Any thread: whether a window waits for the store, or is being stored.
  bool is_storing() const;
  const std::vector<RunningSink>& sinks() const noexcept { return sinks_; }
  /// Null where there is none; then store_runner() is null too.
  const exporter::Store* store() const noexcept { return store_.get(); }
  const exporter::SinkRunner* store_runner() const noexcept { return store_runner_.get(); }
  /// Host and window records that were given up or refused, of all sinks; those that the store could not take
  /// count once for each sink.
  std::uint64_t undelivered() const;
  void AddTo(Stats& stats) const;

 private:
  void OpenHistory(const Config& config, const exporter::SinkRunnerOptions& queue);

  std::unique_ptr<exporter::Store> store_;  // null: none. Outlives what reads and writes it.
  std::unique_ptr<exporter::WindowSource> history_;
  std::shared_ptr<exporter::WindowListener> listener_ = std::make_shared<exporter::WindowListener>();
  std::vector<RunningSink> sinks_;
  std::unique_ptr<exporter::SinkRunner> store_runner_;
  std::unique_ptr<exporter::SinkRunner> memory_runner_;  // null: history is in the store, or there is none
};

}  // namespace hostscope::app
