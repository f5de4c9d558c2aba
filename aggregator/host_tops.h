#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ipfix/address.h"

namespace hostscope::aggregator {

enum class TopBy : std::uint8_t { kFlows, kBytes };

/// Which top lists a table keeps for each host and role. What they cost and how exact they are: top_lists.h.
struct TopOptions {
  static constexpr std::size_t kMax = 32;
  std::size_t peers = 0;      ///< length of the list, at most kMax; 0: none is kept
  std::size_t dst_ports = 0;  ///< the same
  TopBy by = TopBy::kFlows;   ///< flow records, or bytes, which are scaled by sampling

  bool IsOn() const noexcept { return peers + dst_ports != 0; }
};

struct TopPeer {
  Address member;
  std::uint64_t count;  ///< a lower bound
  friend bool operator==(const TopPeer&, const TopPeer&) = default;
};
struct TopPort {
  std::uint16_t member;
  std::uint64_t count;  ///< a lower bound
  friend bool operator==(const TopPort&, const TopPort&) = default;
};

/// The members with the largest counts, most first, those of equal count by value. The true count of a
/// listed member is at least `count` and at most `count + error`. That of any other is at most `error` where
/// the list is shorter than was asked for, else at most the last entry's `count + error`.
template <typename Entry>
struct TopList {
  std::vector<Entry> entries;
  std::uint64_t error = 0;  ///< 0: exact
  friend bool operator==(const TopList&, const TopList&) = default;
};

struct RoleTops {
  TopList<TopPeer> peers;      ///< addresses on the other side
  TopList<TopPort> dst_ports;  ///< transport destination ports of the flow records
  friend bool operator==(const RoleTops&, const RoleTops&) = default;
};

/// The top lists of a host, where the table keeps any. Plain value.
struct HostTops {
  bool has_peers = false;
  bool has_dst_ports = false;
  TopBy by = TopBy::kFlows;
  RoleTops sent;
  RoleTops received;
  friend bool operator==(const HostTops&, const HostTops&) = default;
};

}  // namespace hostscope::aggregator
