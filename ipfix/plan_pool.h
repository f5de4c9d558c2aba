#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "ipfix/plan.h"

namespace hostscope::ipfix {

/// The plans of a decoder's templates. A plan never changes once it is compiled, and it stays where it is
/// while jobs that read by it are under way on other threads, even if its template was replaced or dropped
/// meanwhile: its place is used again only when the last of them is done. So a job needs no more than a
/// pointer.
///
/// Jobs are counted by the decoder's thread alone, when it hands them out and when they come back: no atomic
/// operation, and nothing to ask of the threads that read. (A grace period in RCU's manner would have to
/// cover jobs that wait in a ring, which no thread is reading yet.) All members are the decoder's thread's.
class PlanPool {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  /// Plans that may have jobs under way at once, so that the memory of replaced ones is bounded.
  static constexpr std::uint32_t kMaxPinned = 256;

  /// For at most `templates` that are not released; one more for the moment in which a template is replaced.
  explicit PlanPool(std::size_t templates)
      : plans_(std::make_unique_for_overwrite<Plan[]>(templates + 1 + kMaxPinned)),
        uses_(templates + 1 + kMaxPinned) {
    for (std::uint32_t i = static_cast<std::uint32_t>(uses_.size()); i-- > 0;) Free(i);
  }

  /// A place for a plan. There always is one, as long as there are no more templates than promised.
  std::uint32_t Take() noexcept {
    const std::uint32_t index = free_;
    free_ = uses_[index].next_free;
    uses_[index] = {};
    return index;
  }

  /// No template has this plan any more.
  void Release(std::uint32_t index) noexcept {
    uses_[index].is_released = true;
    if (uses_[index].jobs == 0) Free(index);
  }

  /// A job will read by this plan. False when too many plans have some: then there must be no such job.
  [[nodiscard]] bool Pin(std::uint32_t index) noexcept {
    if (uses_[index].jobs == 0) {
      if (pinned_ == kMaxPinned) return false;
      ++pinned_;
    }
    ++uses_[index].jobs;
    return true;
  }

  /// The job is done.
  void Unpin(std::uint32_t index) noexcept {
    if (--uses_[index].jobs != 0) return;
    --pinned_;
    if (uses_[index].is_released) Free(index);
  }

  Plan& operator[](std::uint32_t index) noexcept { return plans_[index]; }
  /// How many plans have jobs under way.
  std::uint32_t pinned() const noexcept { return pinned_; }

 private:
  /// Apart from the plans, which other cores read.
  struct Use {
    std::uint32_t jobs = 0;
    std::uint32_t next_free = kNone;
    bool is_released = false;
  };

  void Free(std::uint32_t index) noexcept {
    uses_[index].next_free = free_;
    free_ = index;
  }

  std::unique_ptr<Plan[]> plans_;  ///< as many as uses_
  std::vector<Use> uses_;
  std::uint32_t free_ = kNone;
  std::uint32_t pinned_ = 0;
};

}  // namespace hostscope::ipfix
