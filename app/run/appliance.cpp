#include "app/run/appliance.h"

#include <spdlog/spdlog.h>
#include <sys/random.h>

#include <algorithm>
#include <chrono>
#include <exception>

#include "app/run/sinks.h"

namespace hostscope::app {
namespace {

using namespace std::chrono_literals;

// Parts come a few times a second at most; this is how much later a window can close.
constexpr auto kMergePause = 2ms;
// For what sinks have not written yet when the program is told to end.
constexpr auto kSinkDeadline = 10s;
constexpr auto kRawFlowDeadline = 5s;

std::uint64_t RandomKey() {
  std::uint64_t key = 0;
  if (getrandom(&key, sizeof(key), 0) != sizeof(key))
    throw std::runtime_error("no random bytes from the kernel");
  return key;
}

std::int64_t BaseLength(const Config& config) {
  return *std::min_element(config.window_lengths_ns.begin(), config.window_lengths_ns.end());
}

dataplane::DataplaneConfig DataplaneConfigOf(const Config& config, const StateKeeper& state) {
  if (config.dataplane.ports.empty()) {
    throw std::runtime_error(
        "no port to receive on: `ports` is empty; name one there, or with --device and --address");
  }
  dataplane::DataplaneConfig dataplane = config.dataplane;
  dataplane.base_window_ns = BaseLength(config);
  dataplane.gives_notice = state.is_on();
  dataplane.decoder.remembered = state.remembered();
  return dataplane;
}

aggregator::MergerOptions MergerOptionsOf(const Config& config, std::size_t workers) {
  aggregator::MergerOptions options;
  options.workers = workers;
  options.base_length_ns = BaseLength(config);
  for (const std::int64_t length : config.window_lengths_ns) {
    if (length != options.base_length_ns) options.rollup_lengths_ns.push_back(length);
  }
  options.began_ns = exporter::WallClock().ns;
  options.table = {config.memory.max_hosts, config.memory.sketch_bytes, RandomKey(), config.top};
  options.max_tables = 3 * workers + 2 * config.window_lengths_ns.size() + kWindowsWaiting;
  if (config.profiles.is_enabled) options.max_tables += Profiler::kMostWindows;
  return options;
}

std::unique_ptr<Profiler> MakeProfiler(const Config& config) {
  if (!config.profiles.is_enabled) return nullptr;
  return std::make_unique<Profiler>(config.profiles, config.state, RandomKey(), exporter::RealFileSystem());
}

std::unique_ptr<exporter::RawFlowPublisher> OpenRawFlows(const Config& config, std::size_t workers) {
  if (config.raw_flows.brokers.empty()) return nullptr;
  exporter::OpenedRawFlows opened =
      exporter::RawFlowPublisher::Open(RawFlowOptionsOf(config.raw_flows), workers,
                                       [](std::string_view message) { spdlog::warn("{}", message); });
  if (opened.publisher == nullptr) throw std::runtime_error("raw_flows: " + opened.problem);
  return std::move(opened.publisher);
}

std::unique_ptr<context::Context> OpenContext(const Config& config) {
  context::ContextOptions options = ContextOptionsOf(config.context);
  if (!options.IsOn()) return nullptr;
  return std::make_unique<context::Context>(
      std::move(options), config.observer_name,
      [](std::string_view message) { spdlog::warn("context: {}", message); });
}

}  // namespace

Appliance::Appliance(const Config& config)
    : base_length_ns_(BaseLength(config)),
      networks_(config.networks),
      state_(config.state, config.dataplane.decoder, exporter::RealFileSystem()),
      dataplane_(DataplaneConfigOf(config, state_)),
      merger_(merger_options_ = MergerOptionsOf(config, dataplane_.worker_count()), networks_),
      profiler_(MakeProfiler(config)),
      context_(OpenContext(config)),
      delivery_(config, exporter::RealFileSystem(),
                config.context.options.in_records ? context_.get() : nullptr),
      raw_flows_(OpenRawFlows(config, dataplane_.worker_count())) {}

Appliance::~Appliance() {
  Stop();
  dataplane_.Stop();  // also where Start() did not come to its end
}

void Appliance::Start() {
  dataplane_.Start(merger_, raw_flows_ == nullptr ? std::vector<FlowTap*>() : raw_flows_->taps());
  state_.Start(dataplane_);
  if (profiler_ != nullptr) profiler_->Start();
  if (context_ != nullptr) context_->Start();
  merging_ = std::thread([this] { MergeUntilStopped(); });
}

void Appliance::Stop() {
  if (!merging_.joinable()) return;
  dataplane_.Stop();
  state_.Stop();
  workers_have_ended_.store(true, std::memory_order_release);
  if (raw_flows_ != nullptr) raw_flows_->Stop(kRawFlowDeadline);
  merging_.join();
  if (context_ != nullptr) context_->Stop();
}

void Appliance::MergeUntilStopped() {
  try {
    while (!workers_have_ended_.load(std::memory_order_acquire)) {
      TakeParts();
      if (profiler_ != nullptr) Deliver(profiler_->Take());
      merger_beats_.Add(1);
      std::this_thread::sleep_for(kMergePause);
    }
    TakeParts();
    const std::vector<aggregator::ClosedWindowPtr> last = merger_.Finish();
    if (profiler_ != nullptr) Deliver(profiler_->Stop());
    Push(last);
  } catch (const std::exception& error) {
    spdlog::error("merging: {}", error.what());
    has_failed_.store(true, std::memory_order_relaxed);
  }
  delivery_.Stop(kSinkDeadline);
}

void Appliance::TakeParts() {
  while (auto taken = dataplane_.TakePart()) {
    Push(merger_.Add(taken->worker, std::move(taken->part)));
    dataplane_.SupplyTables(merger_);
  }
  dataplane_.SupplyTables(merger_);
}

void Appliance::Push(const std::vector<aggregator::ClosedWindowPtr>& windows) {
  for (const aggregator::ClosedWindowPtr& window : windows) {
    if (window->span().length_ns == base_length_ns_) {
      hosts_.Add(window->summary().hosts);
      last_hosts_.store(window->summary().hosts, std::memory_order_relaxed);
    }
    if (profiler_ == nullptr || !profiler_->Push(window)) delivery_.Push(window);
  }
}

void Appliance::Deliver(const std::vector<aggregator::ClosedWindowPtr>& windows) {
  for (const aggregator::ClosedWindowPtr& window : windows) delivery_.Push(window);
}

std::vector<std::uint64_t> Appliance::beats() const {
  std::vector<std::uint64_t> beats = dataplane_.beats();
  beats.push_back(merger_beats_.Get());
  return beats;
}

std::size_t Appliance::max_table_bytes() const noexcept {
  return merger_options_.max_tables * aggregator::HostTable::MaxMemory(merger_options_.table, networks_);
}

}  // namespace hostscope::app
