#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace hostscope::aggregator {

/// Longest-prefix match over byte strings in network order: a multi-bit trie with leaf pushing, a root of 16
/// bits and nodes of 8. Prefixes must be inserted from the shortest to the longest. Read-only afterwards, for
/// any thread.
class PrefixTrie {
 public:
  static constexpr std::uint32_t kNone = 0xffffffffU;

  PrefixTrie() : root_(kRootSize, Leaf(kNone)) {}

  /// `value` is under 2^31 - 1; the first `bits` bits of `key` are the prefix.
  void Insert(const std::uint8_t* key, unsigned bits, std::uint32_t value);

  /// The value of the longest prefix of `key`, or kNone.
  std::uint32_t Find(const std::uint8_t* key) const noexcept {
    std::uint32_t word = root_[std::size_t{key[0]} << 8 | key[1]];
    for (key += 2; (word & kLeafBit) == 0; ++key) word = nodes_[word][*key];
    return ValueOf(word);
  }

  /// 2^16 bits, one for each value of the first 16 bits of a key: 0 where no such key has a value.
  const std::uint64_t* filter() const noexcept { return filter_.data(); }

 private:
  static constexpr std::size_t kRootSize = std::size_t{1} << 16;
  // A word is a leaf with a value, or the number of a node.
  static constexpr std::uint32_t kLeafBit = 0x80000000U;
  static constexpr std::uint32_t kNoValue = 0x7fffffffU;
  using Node = std::array<std::uint32_t, 256>;

  static constexpr std::uint32_t Leaf(std::uint32_t value) noexcept { return kLeafBit | (value & kNoValue); }
  static constexpr std::uint32_t ValueOf(std::uint32_t leaf) noexcept {
    return leaf == Leaf(kNone) ? kNone : leaf & kNoValue;
  }
  std::uint32_t Split(std::uint32_t word);

  std::vector<std::uint32_t> root_;
  std::vector<Node> nodes_;
  std::array<std::uint64_t, kRootSize / 64> filter_{};
};

}  // namespace hostscope::aggregator
