#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

namespace hostscope::dataplane {

/// A ring of bytes with one producer and one consumer, each a thread, neither of which ever waits. What is
/// put in, in as many parts as one likes, is there for the consumer once it is published; what was read makes
/// room once it is released.
template <std::size_t kCapacity>
class ByteRing {
  static_assert((kCapacity & (kCapacity - 1)) == 0, "a power of two, or positions jump where they wrap");

 public:
  /// Takes the memory, the first time. Before either thread comes.
  void Reserve() {
    if (!bytes_) bytes_ = std::make_unique_for_overwrite<std::uint8_t[]>(kCapacity);
  }

  // The producer.

  bool HasRoom(std::size_t length) const noexcept {
    return put_ - got_published_.load(std::memory_order_acquire) + length <= kCapacity;
  }
  /// Only where there is room.
  void Put(const void* from, std::size_t length) noexcept {
    const std::size_t at = put_ % kCapacity;
    const std::size_t first = std::min(length, kCapacity - at);
    if (first != 0) std::memcpy(&bytes_[at], from, first);
    if (length != first)
      std::memcpy(&bytes_[0], static_cast<const std::uint8_t*>(from) + first, length - first);
    put_ += length;
  }
  void Publish() noexcept { put_published_.store(put_, std::memory_order_release); }

  // The consumer.

  bool IsEmpty() const noexcept { return got_ == put_published_.load(std::memory_order_acquire); }
  /// No more than was published.
  void Get(void* to, std::size_t length) noexcept {
    const std::size_t at = got_ % kCapacity;
    const std::size_t first = std::min(length, kCapacity - at);
    if (first != 0) std::memcpy(to, &bytes_[at], first);
    if (length != first) std::memcpy(static_cast<std::uint8_t*>(to) + first, &bytes_[0], length - first);
    got_ += length;
  }
  void Skip(std::size_t length) noexcept { got_ += length; }
  void Release() noexcept { got_published_.store(got_, std::memory_order_release); }

 private:
  std::unique_ptr<std::uint8_t[]> bytes_;
  alignas(64) std::uint64_t put_ = 0;  ///< producer
  alignas(64) std::uint64_t got_ = 0;  ///< consumer
  alignas(64) std::atomic<std::uint64_t> put_published_{0};
  alignas(64) std::atomic<std::uint64_t> got_published_{0};
};

}  // namespace hostscope::dataplane
