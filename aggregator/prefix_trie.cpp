#include "aggregator/prefix_trie.h"

#include <algorithm>

namespace hostscope::aggregator {

// A node in place of a leaf: all its words are that leaf. A node stays what it is.
std::uint32_t PrefixTrie::Split(std::uint32_t word) {
  if ((word & kLeafBit) == 0) return word;
  nodes_.emplace_back().fill(word);
  return static_cast<std::uint32_t>(nodes_.size() - 1);
}

void PrefixTrie::Insert(const std::uint8_t* key, unsigned bits, std::uint32_t value) {
  const std::size_t start = std::size_t{key[0]} << 8 | key[1];
  const std::size_t roots = bits >= 16 ? 1 : std::size_t{1} << (16 - bits);
  for (std::size_t at = start; at < start + roots; ++at) filter_[at / 64] |= std::uint64_t{1} << at % 64;
  if (bits <= 16) {
    std::fill_n(root_.begin() + static_cast<std::ptrdiff_t>(start), roots, Leaf(value));
    return;
  }
  std::uint32_t node = Split(root_[start]);
  root_[start] = node;
  key += 2;
  for (bits -= 16; bits > 8; bits -= 8, ++key) {
    const std::uint32_t child = Split(nodes_[node][*key]);
    nodes_[node][*key] = child;
    node = child;
  }
  std::fill_n(nodes_[node].begin() + *key, std::size_t{1} << (8 - bits), Leaf(value));
}

}  // namespace hostscope::aggregator
