#include "aggregator/network_set.h"

#include <algorithm>
#include <numeric>

#include "aggregator/prefix_trie.h"

namespace hostscope::aggregator {
namespace {

constexpr std::size_t kIpv4Offset = 12;

struct Family {
  PrefixTrie trie;
  std::uint32_t all = NetworkSet::kNone;  ///< the prefix of length 0, if there is one
  bool is_uniform = true;                 ///< nothing but `all`, or nothing

  void Insert(const std::uint8_t* key, unsigned bits, std::uint32_t index) {
    trie.Insert(key, bits, index);
    if (bits == 0) {
      all = index;
    } else {
      is_uniform = false;
    }
  }
  std::uint32_t Find(const std::uint8_t* key) const noexcept { return is_uniform ? all : trie.Find(key); }
};

}  // namespace

struct NetworkSet::Tables {
  std::vector<Prefix> prefixes;
  Family ipv4;
  Family ipv6;
};

NetworkSet::NetworkSet(std::span<const Prefix> prefixes) {
  auto tables = std::make_shared<Tables>();
  tables->prefixes.assign(prefixes.begin(), prefixes.end());
  // Shortest first, as the trie wants them; of equal ones the first given last, so that it stays.
  std::vector<std::uint32_t> order(prefixes.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    const unsigned length_a = prefixes[a].written_length();
    const unsigned length_b = prefixes[b].written_length();
    return length_a != length_b ? length_a < length_b : a > b;
  });
  for (const std::uint32_t index : order) {
    const Prefix& prefix = prefixes[index];
    const std::uint8_t* bytes = prefix.network.bytes.data();
    if (prefix.IsIpv4()) {
      tables->ipv4.Insert(bytes + kIpv4Offset, prefix.written_length(), index);
    } else {
      tables->ipv6.Insert(bytes, prefix.written_length(), index);
    }
  }
  ipv4_filter_ = tables->ipv4.trie.filter();
  ipv6_filter_ = tables->ipv6.trie.filter();
  tables_ = std::move(tables);
}

NetworkSet NetworkSet::All() {
  return NetworkSet(std::array{Prefix::AllIpv4(), Prefix::AllIpv6()});
}

std::uint32_t NetworkSet::Find(const Address& address) const noexcept {
  const std::uint8_t* bytes = address.bytes.data();
  return address.IsIpv4() ? tables_->ipv4.Find(bytes + kIpv4Offset) : tables_->ipv6.Find(bytes);
}

bool NetworkSet::ContainsAll() const noexcept {
  return tables_->ipv4.all != kNone && tables_->ipv6.all != kNone;
}

const std::vector<Prefix>& NetworkSet::prefixes() const noexcept {
  return tables_->prefixes;
}

}  // namespace hostscope::aggregator
