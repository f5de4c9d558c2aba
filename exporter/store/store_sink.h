#pragma once

#include <memory>

#include "exporter/sink.h"
#include "exporter/store/store.h"

namespace hostscope::exporter {

/// The way into the store, as a sink, so that a SinkRunner gives it a thread and a bounded queue: whoever
/// closes windows never waits for a disk. A record is a host record or the window record; `delivered` are
/// those that the spools have, on disk or in memory.
///
/// Cancel() lets a Write() under way go to memory, from where no restart recovers it.
std::unique_ptr<Sink> MakeStoreSink(Store& store);

}  // namespace hostscope::exporter
