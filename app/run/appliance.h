#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "aggregator/merger.h"
#include "app/config/config.h"
#include "app/run/delivery.h"
#include "app/run/profiler.h"
#include "app/state/state_keeper.h"
#include "app/stats.h"
#include "dataplane/dataplane.h"
#include "dataplane/snapshot.h"
#include "exporter/raw_flow/raw_flow_publisher.h"
#include "ipfix/counter.h"

namespace hostscope::app {

/// The receiving side, the merger and the sinks, wired together. One per process. Its own thread merges: it
/// takes the workers' window parts, and hands closed windows to the sinks, each of which has a thread of its
/// own. Methods are the main thread's, but what is const and told by counters (status(), Snapshot(), stats(),
/// has_failed(), windows_closed(), merger(), hosts(), delivery()) is any thread's.
class Appliance {
 public:
  /// Opens sinks and ports. Throws std::runtime_error that says everything that could not be opened.
  explicit Appliance(const Config& config);
  ~Appliance();
  Appliance(const Appliance&) = delete;
  Appliance& operator=(const Appliance&) = delete;

  void Start();
  /// Ends the workers, closes what is open, marked partial, and lets the sinks finish. No effect if repeated.
  void Stop();

  /// Who may send, and the settings of exporters, from now on: see Dataplane::SetExporters().
  void SetExporters(const ipfix::Settings& settings) { dataplane_.SetExporters(settings); }
  /// What the store keeps for reading, where there is one.
  void SetRetention(const StoreConfig& store) { delivery_.SetRetention(store); }

  /// For captures.
  dataplane::Dataplane& dataplane() noexcept { return dataplane_; }

  const std::vector<std::string>& warnings() const noexcept { return dataplane_.warnings(); }
  dataplane::DataplaneStatus status() const { return dataplane_.status(); }
  /// Whose figures agree with each other. Only after Start().
  dataplane::DataplaneSnapshot Snapshot() const { return dataplane_.Snapshot(); }
  /// Null: nothing is known of hosts beside their traffic.
  context::Context* context() const noexcept { return context_.get(); }
  const Delivery& delivery() const noexcept { return delivery_; }
  /// Null: there are no profiles.
  const Profiler* profiler() const noexcept { return profiler_.get(); }
  /// Null: none are sent.
  const exporter::RawFlowPublisher* raw_flows() const noexcept { return raw_flows_.get(); }
  const aggregator::MergerCounters& merger() const noexcept { return merger_.counters(); }
  /// As Delivery's. Before Start().
  void SetListener(exporter::WindowListener listener) { delivery_.SetListener(std::move(listener)); }
  std::size_t worker_count() const noexcept { return dataplane_.worker_count(); }
  /// Most that all host tables together may take.
  std::size_t max_table_bytes() const noexcept;

  /// Of each worker and of the merging thread, a number that grows at least once a second while it works.
  std::vector<std::uint64_t> beats() const;
  std::uint64_t windows_closed() const noexcept { return merger_.counters().windows.Get(); }
  /// Host records of all base windows.
  std::uint64_t hosts() const noexcept { return hosts_.Get(); }
  std::uint64_t hosts_of_last_window() const noexcept { return last_hosts_.load(std::memory_order_relaxed); }
  /// Whether the merging thread ended because of an error, which it logged.
  bool has_failed() const noexcept { return has_failed_.load(std::memory_order_relaxed); }
  Stats stats() const;

 private:
  void MergeUntilStopped();
  void TakeParts();
  void AddTables(StatsGroup& group) const;
  void Push(const std::vector<aggregator::ClosedWindowPtr>& windows);
  void Deliver(const std::vector<aggregator::ClosedWindowPtr>& windows);

  std::int64_t base_length_ns_;
  aggregator::MergerOptions merger_options_;
  aggregator::NetworkSet networks_;
  StateKeeper state_;
  dataplane::Dataplane dataplane_;
  aggregator::Merger merger_;
  std::unique_ptr<Profiler> profiler_;  // null: off
  std::unique_ptr<context::Context> context_;
  Delivery delivery_;
  std::unique_ptr<exporter::RawFlowPublisher> raw_flows_;  // null: off. The workers end before it does
  Counter hosts_;                                          // of base windows
  std::atomic<std::uint64_t> last_hosts_{0};
  Counter merger_beats_;
  std::atomic<bool> workers_have_ended_{false};
  std::atomic<bool> has_failed_{false};
  std::thread merging_;
};

}  // namespace hostscope::app
