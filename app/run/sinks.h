#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "app/config/config.h"
#include "exporter/sink.h"
#include "exporter/sink_runner.h"
#include "exporter/store/sink_feeder.h"

namespace hostscope::app {

/// Closed windows that wait for a sink, or the store, that is behind; each keeps a host table from being used
/// again.
inline constexpr std::size_t kWindowsWaiting = 6;

struct NamedSink {
  std::unique_ptr<exporter::Sink> sink;
  /// Where it leads, as the configuration has it, each once: by it a store knows the sink again after a
  /// restart.
  std::string key;
};

/// A sink at work: with a queue of its own, or from the store.
struct RunningSink {
  std::string name;
  std::unique_ptr<exporter::SinkRunner> runner;  ///< null where there is a store
  std::unique_ptr<exporter::SinkFeeder> feeder;  ///< null where there is none

  exporter::SinkStatus status() const {
    return feeder != nullptr ? feeder->status().sink : runner->status().sink;
  }
};

/// Opens every sink of the configuration; standard output as NDJSON where it has none. Throws
/// std::runtime_error that says every problem. With `context`, which lives longer, host records have it.
std::vector<NamedSink> OpenSinks(const Config& config, const exporter::ContextSource* context = nullptr);

}  // namespace hostscope::app
