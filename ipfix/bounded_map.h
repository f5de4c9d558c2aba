#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace hostscope::ipfix {

/// A hash map whose memory is all taken at construction: at most `capacity` entries, no allocation after
/// that, and pages only for as many entries as there ever were at once. Entries keep their index from
/// Insert() to Erase(), so that others may refer to them by index. Chained, so that erasing is simple; the
/// hash is keyed by a number drawn at start, so that no exporter can choose its chain. One thread.
///
/// Key needs operator== and `std::uint64_t Mix(std::uint64_t seed) const noexcept`; Value a default
/// constructor.
template <typename Key, typename Value>
class BoundedMap {
 public:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  BoundedMap(std::size_t capacity, std::uint64_t seed)
      : seed_(seed), capacity_(capacity), buckets_(std::bit_ceil(capacity + 1), kNone) {
    nodes_.reserve(capacity);
  }

  std::uint32_t Find(const Key& key) const noexcept {
    std::uint32_t index = buckets_[BucketOf(key)];
    while (index != kNone && !(nodes_[index].key == key)) index = nodes_[index].next;
    return index;
  }

  /// The new entry, its value as a default constructor leaves it; kNone when full. `key` must not be there
  /// yet.
  std::uint32_t Insert(const Key& key) noexcept {
    if (free_ == kNone) {
      if (nodes_.size() == capacity_) return kNone;
      nodes_.emplace_back();  // within what was reserved
      free_ = static_cast<std::uint32_t>(nodes_.size() - 1);
    }
    const std::uint32_t index = free_;
    Node& node = nodes_[index];
    free_ = node.next;
    std::uint32_t& head = buckets_[BucketOf(key)];
    node.key = key;
    node.next = head;
    node.is_used = true;
    head = index;
    ++size_;
    return index;
  }

  void Erase(std::uint32_t index) noexcept {
    Node& node = nodes_[index];
    std::uint32_t* link = &buckets_[BucketOf(node.key)];
    while (*link != index) link = &nodes_[*link].next;
    *link = node.next;
    node.next = free_;
    node.is_used = false;
    node.value = Value{};
    free_ = index;
    --size_;
  }

  Value& operator[](std::uint32_t index) noexcept { return nodes_[index].value; }
  const Value& operator[](std::uint32_t index) const noexcept { return nodes_[index].value; }
  const Key& KeyOf(std::uint32_t index) const noexcept { return nodes_[index].key; }

  /// For walking over all entries: every index below capacity() that IsUsed().
  bool IsUsed(std::uint32_t index) const noexcept { return index < nodes_.size() && nodes_[index].is_used; }
  std::uint32_t capacity() const noexcept { return static_cast<std::uint32_t>(capacity_); }
  std::uint32_t size() const noexcept { return size_; }

 private:
  struct Node {
    Key key{};
    Value value{};
    std::uint32_t next = kNone;
    bool is_used = false;
  };

  std::size_t BucketOf(const Key& key) const noexcept { return key.Mix(seed_) & (buckets_.size() - 1); }

  std::uint64_t seed_;
  std::size_t capacity_;
  std::vector<std::uint32_t> buckets_;
  std::vector<Node> nodes_;  ///< as many as were ever in use at once: the rest of its memory stays untouched
  std::uint32_t free_ = kNone;
  std::uint32_t size_ = 0;
};

/// Mixes 64 bits well enough that buckets are evenly used (the finalizer of SplitMix64).
inline std::uint64_t MixBits(std::uint64_t bits) noexcept {
  bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9ULL;
  bits = (bits ^ bits >> 27) * 0x94d049bb133111ebULL;
  return bits ^ bits >> 31;
}

}  // namespace hostscope::ipfix
