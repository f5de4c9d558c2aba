#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace hostscope::dataplane {

/// The latest state of something that one thread writes down now and then and another reads, neither of which
/// ever waits for the other: of three copies one is being written, one is being read, and the third is the
/// latest that is whole.
template <typename T>
class SnapshotBox {
 public:
  /// Before both threads: does the same to each copy.
  template <typename Prepare>
  void PrepareAll(Prepare prepare) {
    for (T& copy : copies_) prepare(copy);
  }

  /// Writer: the copy to fill. What it holds is some older state.
  T& back() noexcept { return copies_[back_]; }
  /// Writer: back() is whole.
  void Publish() noexcept {
    back_ = middle_.exchange(static_cast<std::uint8_t>(back_ | kFresh), std::memory_order_acq_rel) & kIndex;
  }

  /// Reader: what was published last; what it was before there was anything. Valid until the next call.
  const T& Latest() noexcept {
    if ((middle_.load(std::memory_order_relaxed) & kFresh) != 0)
      front_ = middle_.exchange(front_, std::memory_order_acq_rel) & kIndex;
    return copies_[front_];
  }

 private:
  static constexpr std::uint8_t kIndex = 3;
  static constexpr std::uint8_t kFresh = 4;

  std::array<T, 3> copies_{};
  std::uint8_t back_ = 0;                ///< writer
  std::atomic<std::uint8_t> middle_{1};  ///< with kFresh: not read yet
  std::uint8_t front_ = 2;               ///< reader
};

}  // namespace hostscope::dataplane
