#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "exporter/store/spool.h"
#include "exporter/store/store.h"
#include "exporter/store/store_layout.h"

namespace hostscope::exporter {

/// What start-up found.
struct RecoveredStore {
  std::map<WindowId, std::uint64_t> windows;   ///< bytes
  std::vector<std::unique_ptr<Spool>> spools;  ///< those of the configured sinks, in their order, come first
  std::set<WindowId> leftovers;  ///< in incoming/, because they could not be brought to their place
  std::map<WindowId, std::string> damaged;  ///< and what is wrong; to be set aside
  std::uint64_t torn = 0;
  std::uint64_t finished = 0;
  std::string problem;  ///< why the store can't be used; else empty
};

/// Newest windows of each length that start-up looks at; older ones are checked when they are read.
inline constexpr std::size_t kCheckedAtStart = 100;

/// Makes folders that are missing, finishes or removes what a crash left, and lists what is there.
RecoveredStore Recover(const StoreOptions& options, const StoreLayout& layout, FileSystem& fs,
                       const LogFunction& log);

}  // namespace hostscope::exporter
