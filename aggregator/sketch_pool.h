#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "aggregator/mapped_memory.h"

namespace hostscope::aggregator {

/// Memory for the distinct counts that outgrew their slot: blocks of 128 B << size class, 128 B to 4 KiB,
/// from one region of fixed size. Constant time; a block is found by a 32-bit number, and given back only to
/// its own class, since a table lives for one window and is then cleared as a whole. One thread.
class SketchPool {
 public:
  static constexpr std::size_t kUnit = 128;
  static constexpr unsigned kClasses = 6;
  static constexpr std::uint32_t kNoBlock = 0xffffffffU;

  explicit SketchPool(std::size_t bytes) : units_(bytes / kUnit), memory_(units_ * kUnit) { Clear(); }

  /// A zeroed block of `kUnit << size_class` bytes, or kNoBlock when the pool is exhausted.
  std::uint32_t Allocate(unsigned size_class) noexcept {
    std::uint32_t block = free_[size_class];
    if (block != kNoBlock) {
      std::memcpy(&free_[size_class], At(block), sizeof(block));
    } else {
      const std::size_t units = std::size_t{1} << size_class;
      if (units_ - used_ < units) return kNoBlock;
      block = static_cast<std::uint32_t>(used_);
      used_ += units;
    }
    std::memset(At(block), 0, kUnit << size_class);
    return block;
  }

  void Free(std::uint32_t block, unsigned size_class) noexcept {
    std::memcpy(At(block), &free_[size_class], sizeof(block));
    free_[size_class] = block;
  }

  std::uint8_t* At(std::uint32_t block) const noexcept {
    return reinterpret_cast<std::uint8_t*>(memory_.data()) + std::size_t{block} * kUnit;
  }

  /// Touched since Clear().
  std::size_t used_bytes() const noexcept { return used_ * kUnit; }

  /// Takes all blocks back.
  void Clear() noexcept {
    used_ = 0;
    free_.fill(kNoBlock);
  }

 private:
  std::size_t units_;
  std::size_t used_ = 0;  ///< units ever handed out since Clear(), also those on a free list now
  std::array<std::uint32_t, kClasses> free_{};
  MappedMemory memory_;
};

}  // namespace hostscope::aggregator
