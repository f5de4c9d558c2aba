#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "exporter/store/window_format.h"
#include "ipfix/address.h"

namespace hostscope::exporter {

/// Chooses the levels of a window's overview (window_format.h): prefix lengths at which the totals of all
/// prefixes are worth keeping. Of the lengths that are multiples of four, from the longest to the shortest,
/// one is kept where it has at most an eighth of the entries of the one kept before (at first: of the hosts),
/// as long as these are more than a block. So all levels together have at most a seventh as many entries as
/// there are hosts; and whoever wants the totals of prefixes of some length reads, at the next level, eight
/// times as many entries as a level of just that length would have, give or take three bits, however many
/// hosts there are.
class OverviewChoice {
 public:
  /// Hosts in address order.
  void Note(const Address& host) noexcept;
  /// Without blocks. Of each family the longest prefixes first.
  std::vector<OverviewLevel> Levels() const;

 private:
  static constexpr std::size_t kBits = 128;
  struct Family {
    std::optional<Address> last;
    std::size_t hosts = 0;
    std::array<std::size_t, kBits> by_common_bits{};  ///< of a host and the one before
  };
  static void Choose(const Family& family, bool is_ipv4, std::vector<OverviewLevel>& levels);

  Family ipv4_;
  Family ipv6_;
};

}  // namespace hostscope::exporter
