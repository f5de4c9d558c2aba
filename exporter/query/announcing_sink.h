#pragma once

#include <functional>
#include <memory>

#include "exporter/sink.h"

namespace hostscope::exporter {

using WindowListener = std::function<void(const aggregator::ClosedWindow& window)>;

/// Does what `sink` does, and after each Write() that was good tells `listener` on the same thread: whoever
/// hears of a window can read it.
std::unique_ptr<Sink> MakeAnnouncingSink(std::unique_ptr<Sink> sink, WindowListener listener);

}  // namespace hostscope::exporter
