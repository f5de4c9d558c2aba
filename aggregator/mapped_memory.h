#pragma once

#include <cstddef>

namespace hostscope::aggregator {

/// Zeroed, page-aligned memory that is reserved at once and gets pages only when touched: 2 MiB pages where
/// the kernel gives them (madvise), so that random access to gigabytes stays within the TLB. Owner: whoever
/// holds it.
class MappedMemory {
 public:
  /// Throws std::system_error where the reservation fails.
  explicit MappedMemory(std::size_t bytes);
  ~MappedMemory();
  MappedMemory(const MappedMemory&) = delete;
  MappedMemory& operator=(const MappedMemory&) = delete;

  std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// An array of trivial objects in mapped memory, all bytes zero at first.
template <typename T>
class MappedArray {
 public:
  explicit MappedArray(std::size_t count) : memory_(count * sizeof(T)) {}
  T& operator[](std::size_t i) const noexcept { return data()[i]; }
  T* data() const noexcept { return reinterpret_cast<T*>(memory_.data()); }

 private:
  MappedMemory memory_;
};

}  // namespace hostscope::aggregator
