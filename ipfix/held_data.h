#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "ipfix/time.h"

namespace hostscope::ipfix {

/// Data sets that came before their template, in the order in which they came: one ring of bytes, taken at
/// construction, and in it a list for each exporter. The oldest are given up first. One thread.
///
/// What is held is found by its position, which grows for ever.
class HeldData {
 public:
  static constexpr std::uint64_t kNone = UINT64_MAX;

  /// An exporter's part of it; kept with the exporter.
  struct List {
    std::uint64_t first = kNone;
    std::uint64_t last = kNone;
    std::size_t bytes = 0;
  };

  struct Set {
    ReceiveTime received;
    std::uint32_t exporter = 0;  ///< the decoder's index
    std::uint16_t id = 0;
    std::span<const std::uint8_t> body;  ///< without its header; valid until the next Push()
  };

  /// 0: holds nothing.
  explicit HeldData(std::size_t capacity);

  bool is_on() const noexcept { return capacity_ != 0; }
  /// What a set takes of the room.
  static std::size_t SizeOf(std::size_t body_length) noexcept;
  /// Whether a set of SizeOf() `size` fits now. If not, Oldest() has to go.
  bool HasRoom(std::size_t size) const noexcept;
  /// Precondition: HasRoom().
  void Push(const Set& set, List& list) noexcept;

  /// All sets came so much later.
  void ShiftClock(std::int64_t ns) noexcept;

  /// Of all sets; false where there is none.
  bool Oldest(Set& set) noexcept;
  /// Precondition: Oldest() gave a set, and `list` is its exporter's.
  void PopOldest(List& list) noexcept;

  /// Takes the first set out of a list that is not empty.
  void TakeFirst(List& list) noexcept;
  /// Takes the next set of `id` out of a list, looking from `position` on, which starts as list.first and is
  /// moved behind it; `before` starts as kNone. False where there is none.
  bool Take(List& list, std::uint16_t id, std::uint64_t& position, std::uint64_t& before, Set& set) noexcept;

 private:
  struct Entry;
  Entry EntryAt(std::uint64_t position) const noexcept;
  void Store(std::uint64_t position, const Entry& entry) noexcept;
  Set SetAt(std::uint64_t position, const Entry& entry) const noexcept;
  std::size_t FillerFor(std::size_t size) const noexcept;
  void DropGone() noexcept;

  std::size_t capacity_;
  std::unique_ptr<std::uint8_t[]> bytes_;  ///< untouched until needed
  std::uint64_t begin_ = 0;
  std::uint64_t end_ = 0;
};

}  // namespace hostscope::ipfix
