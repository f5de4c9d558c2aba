#include "dataplane/dataplane.h"

#include <rte_cycles.h>

#include <algorithm>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "dataplane/clock_steps.h"
#include "dataplane/cpu_plan.h"
#include "dataplane/eal.h"
#include "dataplane/open_port.h"
#include "dataplane/port_fragments.h"
#include "dataplane/port_offloads.h"
#include "dataplane/port_sizes.h"
#include "dataplane/snapshot.h"
#include "dataplane/telemetry.h"
#include "dataplane/worker.h"

namespace hostscope::dataplane {
namespace {

constexpr std::int64_t kNicPollNs = 100 * kNanosecondsPerMillisecond;
// Between two readings of the time stamp counter, around one of the wall clock; more, and this thread was
// interrupted.
constexpr std::uint64_t kMostNsBetween = kNanosecondsPerMillisecond;

Eal::Options MakeEalOptions(const DataplaneConfig& config, const CpuPlan& plan) {
  Eal::Options options{config.eal, plan.workers, plan.control, {}, 0};
  for (const PortConfig& port : config.ports) {
    options.needed_mib += PortMib(config, port);
    if (std::string pci = PciAddress(port.device); !pci.empty())
      options.pci_devices.push_back(std::move(pci));
  }
  return options;
}

}  // namespace

class Dataplane::Impl {
 public:
  explicit Impl(const DataplaneConfig& config)
      : config_(config),
        plan_(PlanCpus(config, {AllowedCpus(), UsableCpus()}, warnings_)),
        eal_(MakeEalOptions(config, plan_), warnings_) {
    OpenPorts();
    WarnOfFarPorts();
  }

  ~Impl() {
    telemetry_.reset();
    Stop();
  }

  const std::vector<std::string>& warnings() const noexcept { return warnings_; }
  std::size_t worker_count() const noexcept { return plan_.workers.size(); }

  void Start(aggregator::Merger& merger, std::span<FlowTap* const> taps) {
    MakeFragments();
    clock_steps_.emplace(TscClock(rte_get_tsc_hz(), rte_rdtsc(), WallClock()), config_.base_window_ns);
    const std::vector<std::vector<RxQueue>> queues = AssignQueues();
    if (config_.spread == Spread::kAuto && worker_count() > 1) MakeBoard(queues);
    for (std::size_t i = 0; i < worker_count(); ++i) {
      auto table = merger.TakeTable(Eal::NodeOfWorker(i));
      if (!table) throw std::runtime_error("the merger has too few host tables for the workers");
      if (config_.gives_notice) notices_.push_back(std::make_unique<NoticeRing>());
      const Worker::Options options{queues[i],
                                    config_.base_window_ns,
                                    config_.idle_sleep_us,
                                    rte_get_tsc_hz(),
                                    board_.get(),
                                    i,
                                    taps.empty() ? nullptr : taps[i],
                                    config_.gives_notice ? notices_.back().get() : nullptr,
                                    &*clock_steps_};
      Eal::MakeAt(i, [&] {
        workers_.push_back(std::make_unique<Worker>(options, config_.decoder, std::move(table)));
      });
    }
    SupplyTables(merger);
    for (; running_ < workers_.size(); ++running_) Eal::Launch(running_, RunWorker, workers_[running_].get());
    if (config_.eal.telemetry) telemetry_.emplace([this] { return Snapshot(); });
  }

  void Stop() noexcept {
    for (std::size_t i = running_; i < workers_.size(); ++i) workers_[i]->WillNotRun();
    for (std::size_t i = 0; i < running_; ++i) workers_[i]->RequestStop();
    for (std::size_t i = 0; i < running_; ++i) {
      Eal::Join(i);
      while (!workers_[i]->HasEnded()) {  // is true by now; to have seen it makes the worker's memory ours
      }
    }
    running_ = 0;
    for (const auto& open : ports_) {
      if (open->fragments) open->fragments->Clear();
    }
    RefreshDrops();
  }

  std::optional<WorkerPart> TakePart() {
    RefreshDropsNowAndThen();
    LookAtClock();
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      const bool has_ended = workers_[i]->HasEnded();  // asked before, so that what it sent last is there
      auto part = workers_[i]->handover().Receive();
      if (!part && has_ended) part = workers_[i]->TakeLastPart();
      if (part) return WorkerPart{i, std::move(*part)};
    }
    return std::nullopt;
  }

  void SupplyTables(aggregator::Merger& merger) {
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      Handover& handover = workers_[i]->handover();
      if (!handover.NeedsTable()) continue;
      auto table = merger.TakeTable(Eal::NodeOfWorker(i));
      if (!table) return;
      handover.GiveTable(std::move(table));
    }
  }

  void SetExporters(const ipfix::Settings& settings) {
    const std::lock_guard lock(policy_mutex_);
    for (const auto& worker : workers_) worker->policies().Offer(settings);
  }

  std::optional<NoticeRing::Notice> TakeNotice() {
    for (const auto& ring : notices_) {
      if (auto notice = ring->Read()) return notice;
    }
    return std::nullopt;
  }

  void StartCapture(const CaptureFilter& filter) {
    for (const auto& worker : workers_) worker->frame_tap().Start(filter);
  }
  void StopCapture() noexcept {
    for (const auto& worker : workers_) worker->frame_tap().Stop();
  }
  bool TakeFrame(std::size_t worker, CapturedFrame& frame) {
    if (!workers_[worker]->frame_tap().Next(frame)) return false;
    const auto is_its = [&](const auto& open) { return open->port.id() == frame.port; };
    frame.port = static_cast<std::uint16_t>(std::ranges::find_if(ports_, is_its) - ports_.begin());
    return true;
  }
  std::uint64_t FramesMissed() const noexcept {
    std::uint64_t missed = 0;
    for (const auto& worker : workers_) missed += worker->frame_tap().missed();
    return missed;
  }

  DataplaneStatus status() const {
    DataplaneStatus status;
    {
      const std::lock_guard lock(policy_mutex_);
      for (const auto& worker : workers_) AddTo(status.rules, worker->policies().newest());
    }
    for (const auto& open : ports_) status.ports.push_back(StatusOf(*open));
    if (clock_steps_)
      status.clock = {clock_steps_->forward().Get(), clock_steps_->backward().Get(),
                      clock_steps_->last_step_ns()};
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      const Worker& worker = *workers_[i];
      const LoopGauges& gauges = worker.gauges();
      status.workers.push_back({plan_.workers[i], gauges.busy_share.load(std::memory_order_relaxed),
                                gauges.longest_ns.load(std::memory_order_relaxed),
                                gauges.longest_ever_ns.load(std::memory_order_relaxed),
                                worker.exporter_count(), &worker.accounting(), &worker.aggregator_counters(),
                                worker.spread_counters()});
    }
    return status;
  }

  MemoryStatus memory() const {
    MemoryStatus memory = ReadMemory();
    for (const auto& open : ports_) memory.pools.push_back(open->port.ReadPools());
    return memory;
  }

  std::vector<std::uint64_t> beats() const {
    std::vector<std::uint64_t> beats;
    for (const auto& worker : workers_)
      beats.push_back(worker->gauges().beats.load(std::memory_order_relaxed));
    return beats;
  }

  DataplaneSnapshot Snapshot() const {
    const std::lock_guard lock(books_mutex_);
    std::vector<std::uint16_t> port_ids;
    for (const auto& open : ports_) port_ids.push_back(open->port.id());
    std::vector<std::unique_ptr<const WorkerBooks>> books;
    for (const auto& worker : workers_)
      books.push_back(std::make_unique<const WorkerBooks>(worker->LatestBooks()));
    return MakeSnapshot(status(), port_ids, std::move(books));
  }

 private:
  static int RunWorker(void* worker) noexcept {
    static_cast<Worker*>(worker)->Run();
    return 0;
  }

  void OpenPorts() {
    std::string problems;
    for (const PortConfig& port : config_.ports) {
      try {
        ports_.push_back(std::make_unique<OpenPort>(port, warnings_));
      } catch (const std::runtime_error& error) {
        if (!problems.empty()) problems += '\n';
        problems += error.what();
      }
    }
    if (!problems.empty()) throw std::runtime_error(problems);
  }

  void WarnOfFarPorts() {
    std::vector<CpuNode> workers;
    for (std::size_t i = 0; i < worker_count(); ++i)
      workers.push_back({plan_.workers[i], Eal::NodeOfWorker(i)});
    std::size_t next = 0;
    for (const auto& open : ports_) {
      std::vector<CpuNode> readers;
      for (std::uint16_t i = 0; i < open->port.rx_queues(); ++i)
        readers.push_back(workers[next++ % workers.size()]);
      WarnOfFarWorkers(open->port.config().device, open->port.socket(), readers, warnings_);
    }
  }

  /// Queues in turn, so that each worker gets as many as any other, give or take one.
  std::vector<std::vector<RxQueue>> AssignQueues() const {
    std::vector<std::vector<RxQueue>> queues(worker_count());
    std::size_t next = 0;
    for (const auto& open : ports_) {
      for (std::uint16_t i = 0; i < open->port.rx_queues(); ++i) {
        queues[next++ % queues.size()].push_back({open->port.id(),
                                                  i,
                                                  i < open->port.tx_queues(),
                                                  &open->port.classifier(),
                                                  i == 0 ? &open->nic_drops : nullptr,
                                                  &open->queues[i],
                                                  open->fragments.get(),
                                                  i == 0 && open->announcer ? &*open->announcer : nullptr,
                                                  {},
                                                  {}});
      }
    }
    return queues;
  }

  /// Who reads a port's queues is what AssignQueues() says.
  void MakeFragments() {
    std::size_t next = 0;
    for (const auto& open : ports_) {
      PortFragments::Options options{std::to_string(open->port.id()),
                                     open->port.memory_socket(),
                                     BufferRoom(open->port.config()),
                                     {},
                                     worker_count()};
      for (std::uint16_t i = 0; i < open->port.rx_queues(); ++i, ++next) {
        if (i < worker_count()) options.workers.push_back(next % worker_count());
      }
      try {
        Eal::MakeAt(options.workers.front(),
                    [&] { open->fragments = std::make_unique<PortFragments>(config_.fragments, options); });
      } catch (const std::runtime_error& error) {
        throw std::runtime_error(open->port.config().device + ": " + error.what());
      }
    }
  }

  void MakeBoard(const std::vector<std::vector<RxQueue>>& queues) {
    std::vector<bool> gives;
    for (const std::vector<RxQueue>& of_worker : queues) gives.push_back(!of_worker.empty());
    board_ = std::make_unique<SpreadBoard>(gives, Eal::MakeAt);
  }

  void RefreshDrops() noexcept {
    const std::lock_guard lock(drops_mutex_);
    for (const auto& open : ports_) {
      open->RefreshDrops();
      open->RefreshLink();
    }
  }

  void RefreshDropsNowAndThen() noexcept {
    const ReceiveTime now = WallClock();
    if (now >= drops_read_ && now.ns - drops_read_.ns < kNicPollNs) return;
    drops_read_ = now;
    RefreshDrops();
  }

  void LookAtClock() noexcept {
    const std::uint64_t before = rte_rdtsc();
    const ReceiveTime wall = WallClock();
    if ((rte_rdtsc() - before) * kNanosecondsPerSecond / rte_get_tsc_hz() < kMostNsBetween)
      clock_steps_->Look(before, wall);
  }

  static PortStatus StatusOf(const OpenPort& open) {
    PortStatus status;
    status.device = open.port.config().device;
    status.driver = open.port.driver();
    status.mac = open.port.mac();
    status.link = open.ReadLink();
    status.link_changes = open.link_changes.Get();
    status.mtu = open.port.config().mtu;
    status.offloads = NamesOfRxOffloads(open.port.rx_offloads());
    status.rss = NamesOfRssFunctions(open.port.rss_functions());
    status.nic = {open.nic_missed.Get(), open.nic_errors.Get(), open.nic_no_buffer.Get()};
    for (const QueueCounters& queue : open.queues) {
      for (std::size_t i = 0; i < FrameCounters::kSize; ++i) {
        const auto outcome = static_cast<FrameOutcome>(i);
        status.frames.Add(outcome, queue.frames.Get(outcome));
      }
      status.replies += queue.replies.Get();
      status.replies_failed += queue.replies_failed.Get();
      status.replies_limited += queue.replies_limited.Get();
      status.announcements += queue.announcements.Get();
      status.scattered += queue.scattered.Get();
    }
    if (open.fragments) status.fragments = open.fragments->Total();
    return status;
  }

  DataplaneConfig config_;
  std::vector<std::string> warnings_;
  CpuPlan plan_;
  Eal eal_;
  std::vector<std::unique_ptr<OpenPort>> ports_;
  std::unique_ptr<SpreadBoard> board_;
  std::optional<ClockSteps> clock_steps_;  ///< since Start()
  std::vector<std::unique_ptr<NoticeRing>> notices_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::size_t running_ = 0;
  std::mutex drops_mutex_;
  mutable std::mutex policy_mutex_;  ///< control threads only
  mutable std::mutex books_mutex_;   ///< who reads the workers' books
  ReceiveTime drops_read_;           ///< merging thread
  std::optional<Telemetry> telemetry_;
};

Dataplane::Dataplane(const DataplaneConfig& config) : impl_(std::make_unique<Impl>(config)) {}
Dataplane::~Dataplane() = default;
const std::vector<std::string>& Dataplane::warnings() const noexcept {
  return impl_->warnings();
}
std::size_t Dataplane::worker_count() const noexcept {
  return impl_->worker_count();
}
void Dataplane::Start(aggregator::Merger& merger, std::span<FlowTap* const> taps) {
  impl_->Start(merger, taps);
}
void Dataplane::Stop() noexcept {
  impl_->Stop();
}
std::optional<WorkerPart> Dataplane::TakePart() {
  return impl_->TakePart();
}
void Dataplane::SupplyTables(aggregator::Merger& merger) {
  impl_->SupplyTables(merger);
}
void Dataplane::SetExporters(const ipfix::Settings& settings) {
  impl_->SetExporters(settings);
}
std::optional<NoticeRing::Notice> Dataplane::TakeNotice() {
  return impl_->TakeNotice();
}
void Dataplane::StartCapture(const CaptureFilter& filter) {
  impl_->StartCapture(filter);
}
void Dataplane::StopCapture() noexcept {
  impl_->StopCapture();
}
bool Dataplane::TakeFrame(std::size_t worker, CapturedFrame& frame) {
  return impl_->TakeFrame(worker, frame);
}
std::uint64_t Dataplane::FramesMissed() const noexcept {
  return impl_->FramesMissed();
}
DataplaneStatus Dataplane::status() const {
  return impl_->status();
}
MemoryStatus Dataplane::memory() const {
  return impl_->memory();
}
std::vector<std::uint64_t> Dataplane::beats() const {
  return impl_->beats();
}
DataplaneSnapshot Dataplane::Snapshot() const {
  return impl_->Snapshot();
}

}  // namespace hostscope::dataplane
