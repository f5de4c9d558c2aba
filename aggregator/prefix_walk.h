#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "aggregator/network_paths.h"
#include "ipfix/address.h"

namespace hostscope::aggregator {

/// The prefixes around the current address, outermost first, while addresses of one family come in ascending
/// order: what is entered is a prefix, and what is left never comes again. One thread.
class PrefixWalk {
 public:
  /// Goes on to `address`, which lies in the prefixes of `path`. Calls leave(depth) for each prefix that the
  /// address is not in, the innermost first, then enter(depth, step) for each that is new. Prefixes that it
  /// is in stay, whatever led to them.
  template <typename Leave, typename Enter>
  void MoveTo(const Address& address, std::span<const NetworkPaths::Step> path, Leave leave, Enter enter) {
    const Number number = NumberOf(address);
    while (!last_.empty() && number > last_.back()) {
      last_.pop_back();
      leave(last_.size());
    }
    for (std::size_t depth = last_.size(); depth < path.size(); ++depth) {
      last_.push_back(number | HostBits(path[depth].length));
      enter(depth, path[depth]);
    }
  }

  /// Leaves all.
  template <typename Leave>
  void Finish(Leave leave) {
    while (!last_.empty()) {
      last_.pop_back();
      leave(last_.size());
    }
  }

  std::size_t depth() const noexcept { return last_.size(); }

 private:
  __extension__ using Number = unsigned __int128;

  static Number NumberOf(const Address& address) noexcept {
    return Number{__builtin_bswap64(address.high_bits())} << 64 | __builtin_bswap64(address.low_bits());
  }
  static Number HostBits(unsigned length) noexcept {
    return length == 0 ? ~Number{0} : ~(~Number{0} << (128 - length));
  }

  std::vector<Number> last_;  ///< last address of each prefix
};

}  // namespace hostscope::aggregator
