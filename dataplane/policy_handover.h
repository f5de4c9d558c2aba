#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "ipfix/exporter_policy.h"
#include "ipfix/settings.h"

namespace hostscope::dataplane {

/// The way of exporter policies from a control thread to one worker, by swapping pointers: neither side waits
/// for the other, and the worker frees nothing. At most three policies live: the one that is offered, the one
/// in force, and the one before as long as something the worker has still refers to it.
class PolicyHandover {
 public:
  explicit PolicyHandover(const ipfix::Settings& settings);

  // A control thread's side; one at a time.

  /// In force as soon as the worker takes it. One that was offered before and not taken is forgotten.
  void Offer(const ipfix::Settings& settings);
  /// The one offered last. Valid until the next Offer().
  const ipfix::ExporterPolicy& newest() const noexcept { return *policies_.back(); }

  // The worker's side.

  /// What is in force: the first one until Take() gives another.
  ipfix::ExporterPolicy& taken() noexcept { return *taken_; }
  /// The policy before the one taken last is not used any more.
  void Release() noexcept { in_use_since_.store(taken_, std::memory_order_release); }
  /// What was offered since the last call, or null. Precondition: Release().
  ipfix::ExporterPolicy* Take() noexcept;

 private:
  std::vector<std::unique_ptr<ipfix::ExporterPolicy>> policies_;  ///< control's: oldest first, never empty
  std::atomic<ipfix::ExporterPolicy*> offered_{nullptr};          ///< null: none, or taken
  std::atomic<ipfix::ExporterPolicy*> in_use_since_;              ///< those before may be destroyed
  ipfix::ExporterPolicy* taken_;                                  ///< the worker's
};

}  // namespace hostscope::dataplane
