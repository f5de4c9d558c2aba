#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <vector>

#include "aggregator/host_record.h"
#include "tests/aggregator/naive_reference.h"

namespace hostscope::aggregator {

// Relative standard error 1.63 %; six of them, since a test looks at thousands of counts.
inline constexpr double kDistinctBound = 6 * 0.0163;
inline constexpr std::size_t kExactUpTo = 384;

inline void ExpectDistinct(std::uint64_t got, std::size_t want, const char* what) {
  if (want <= kExactUpTo) {
    EXPECT_EQ(got, want) << what;
  } else {
    EXPECT_NEAR(static_cast<double>(got), static_cast<double>(want),
                kDistinctBound * static_cast<double>(want))
        << what;
  }
}

inline void ExpectSums(const RoleFigures& got, const RoleFigures& want) {
  EXPECT_EQ(got.flows, want.flows);
  EXPECT_EQ(got.packets, want.packets);
  EXPECT_EQ(got.bytes, want.bytes);
  EXPECT_EQ(got.duration_sum_us, want.duration_sum_us);
  EXPECT_EQ(got.duration_count, want.duration_count);
  EXPECT_EQ(got.tcp_flags, want.tcp_flags);
  EXPECT_EQ(got.tcp, want.tcp);
  EXPECT_EQ(got.udp, want.udp);
  EXPECT_EQ(got.icmp, want.icmp);
}

inline void ExpectSameRole(const RoleFigures& got, const RoleFigures& want) {
  ExpectSums(got, want);
  EXPECT_EQ(got.peers, want.peers);
  EXPECT_EQ(got.src_ports, want.src_ports);
  EXPECT_EQ(got.dst_ports, want.dst_ports);
}

inline void ExpectRole(const RoleFigures& got, const naive::RoleSums& want) {
  ExpectSums(got, want.sums);
  ExpectDistinct(got.peers, want.peers.size(), "peers");
  ExpectDistinct(got.src_ports, want.src_ports.size(), "source ports");
  ExpectDistinct(got.dst_ports, want.dst_ports.size(), "destination ports");
}

/// `at(i)` gives the records in their order; there must be exactly the reference's hosts, no `other` ones.
inline void ExpectHosts(std::size_t size, const std::function<HostRecord(std::size_t)>& at,
                        const naive::Reference& reference, const std::vector<Prefix>& networks) {
  ASSERT_EQ(size, reference.hosts.size());
  std::size_t i = 0;
  for (const auto& [address, sums] : reference.hosts) {
    const HostRecord record = at(i++);
    ASSERT_EQ(record.host, address) << "at " << i;
    ASSERT_FALSE(record.other);
    EXPECT_EQ(record.network, networks.at(reference.NetworkOf(address)));
    ExpectRole(record.sent, sums.sent);
    ExpectRole(record.received, sums.received);
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace hostscope::aggregator
