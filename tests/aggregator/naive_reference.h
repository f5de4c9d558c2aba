#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <span>
#include <vector>

#include "aggregator/host_record.h"
#include "ipfix/flow_record.h"

/// The aggregator as anyone would write it who has all the memory and time in the world: every member of
/// every distinct count is kept. What the real one says is held against this.
namespace hostscope::aggregator::naive {

struct RoleSums {
  RoleFigures sums;  ///< without distinct counts
  std::set<Address> peers;
  std::set<std::uint16_t> src_ports;
  std::set<std::uint16_t> dst_ports;
};

struct HostSums {
  RoleSums sent;
  RoleSums received;
};

class Reference {
 public:
  /// Counts for hosts inside any of `networks` (by Prefix::Contains, one after the other).
  explicit Reference(std::vector<Prefix> networks) : networks_(std::move(networks)) {}
  void Count(const FlowRecord& record);
  void Count(std::span<const FlowRecord> records) {
    for (const FlowRecord& record : records) Count(record);
  }

  std::map<Address, HostSums> hosts;
  std::uint64_t flows = 0;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t scaled = 0;
  std::uint64_t unmonitored = 0;

  /// Index of the most specific network, or kNone (all ones).
  std::uint32_t NetworkOf(const Address& address) const;

 private:
  std::vector<Prefix> networks_;
};

/// Adds all but the distinct counts, which are left alone.
void AddSums(RoleFigures& to, const RoleFigures& from);

/// What a stream looks like.
struct StreamShape {
  std::uint32_t hosts = 1000;  ///< distinct addresses on each side
  double skew = 1.0;           ///< 0: uniform; larger: few hosts have most flows
  double ipv6_share = 0.3;
  std::uint32_t ports = 65536;  ///< distinct ports
};

/// Flow records of any protocol, with and without ports and durations. The same seed gives the same stream.
class Stream {
 public:
  Stream(std::uint64_t seed, const StreamShape& shape) : random_(seed), shape_(shape) {}
  FlowRecord Next();
  std::vector<FlowRecord> Next(std::size_t count);

 private:
  Address PickAddress();
  std::uint32_t Below(std::uint32_t limit) { return static_cast<std::uint32_t>(random_() % limit); }

  std::mt19937_64 random_;
  StreamShape shape_;
};

/// The n-th address of a stream with this share of IPv6: IPv4 in 10.0.0.0/8, IPv6 in 2001:db8::/32.
Address HostAddress(std::uint32_t n, bool is_ipv6);

}  // namespace hostscope::aggregator::naive
