#include "app/state/state_keeper.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

namespace hostscope::app {
namespace {

using namespace std::chrono_literals;

// A ring of notices holds what a flood of templates brings in less than this.
constexpr auto kPoll = 100ms;

}  // namespace

StateKeeper::StateKeeper(const StateConfig& config, const ipfix::Settings& settings,
                         exporter::FileSystem& files)
    : config_(config),
      files_(files),
      file_(config.path, "exporters", files),
      state_(settings.max_templates, settings.max_samplers) {
  if (!is_on()) return;
  file_.MakeFolder();
  Read();
  written_version_ = state_.version();
  counters_.templates_read.Add(state_.templates());
  counters_.rates_read.Add(state_.rates());
  remembered_ = state_.Snapshot();
}

StateKeeper::~StateKeeper() {
  Stop();
}

void StateKeeper::Read() {
  if (!std::filesystem::exists(file_.path())) return;
  std::ifstream file(file_.path(), std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file.good() && !file.eof()) {
    spdlog::warn("{}: can't be read; exporters' templates are learned anew", file_.path());
    return;
  }
  if (const std::string problem = state_.Decode(bytes); !problem.empty()) SetAside(problem);
}

void StateKeeper::SetAside(const std::string& problem) {
  counters_.damaged.Add(1);
  spdlog::warn("{} {}; {}, and exporters' templates are learned anew", file_.path(), problem,
               file_.SetAside());
}

void StateKeeper::Start(dataplane::Dataplane& dataplane) {
  if (is_on()) thread_ = std::thread([this, &dataplane] { Run(dataplane); });
}

void StateKeeper::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  stop_.notify_all();
  thread_.join();
}

void StateKeeper::Run(dataplane::Dataplane& dataplane) {
  auto next_write = std::chrono::steady_clock::now() + std::chrono::nanoseconds(config_.interval_ns);
  for (bool is_over = false; !is_over;) {
    {
      std::unique_lock lock(mutex_);
      is_over = stop_.wait_for(lock, kPoll, [this] { return is_stopping_; });
    }
    TakeNotices(dataplane);
    if (!is_over && std::chrono::steady_clock::now() < next_write) continue;
    next_write = std::chrono::steady_clock::now() + std::chrono::nanoseconds(config_.interval_ns);
    Write();
  }
}

void StateKeeper::TakeNotices(dataplane::Dataplane& dataplane) {
  while (auto notice = dataplane.TakeNotice()) {
    if (notice->of_template) state_.Note(std::move(*notice->of_template));
    if (notice->of_rate) state_.Note(*notice->of_rate);
  }
}

void StateKeeper::Write() {
  if (state_.version() == written_version_) return;
  const std::string problem = file_.Replace([this](int fd) { return files_.Write(fd, state_.Encode()); });
  if (problem.empty()) {
    counters_.written.Add(1);
    written_version_ = state_.version();
  } else {
    counters_.failed.Add(1);
    if (!has_failed_) spdlog::warn("{}: {}; it is tried again", file_.path(), problem);
  }
  has_failed_ = !problem.empty();
}

}  // namespace hostscope::app
