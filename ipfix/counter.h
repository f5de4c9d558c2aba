#pragma once

#include <atomic>
#include <cstdint>

namespace hostscope {

/// A statistic with one writing thread and any number of readers. Add() is a plain load, add and store: no
/// locked instruction on the datagram's way. Readers see a value that was true a moment ago.
class Counter {
 public:
  Counter() = default;
  Counter(const Counter& other) noexcept : value_(other.Get()) {}
  Counter& operator=(const Counter& other) noexcept {
    value_.store(other.Get(), std::memory_order_relaxed);
    return *this;
  }

  /// Writing thread only.
  void Add(std::uint64_t n) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  /// Any thread.
  std::uint64_t Get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

}  // namespace hostscope
