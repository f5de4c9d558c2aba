#pragma once

#include <gtest/gtest.h>

#include "aggregator/closed_window.h"

namespace hostscope::exporter {

inline void ExpectSameRole(const aggregator::RoleFigures& a, const aggregator::RoleFigures& b) {
  EXPECT_EQ(a.flows, b.flows);
  EXPECT_EQ(a.packets, b.packets);
  EXPECT_EQ(a.bytes, b.bytes);
  EXPECT_EQ(a.duration_sum_us, b.duration_sum_us);
  EXPECT_EQ(a.duration_count, b.duration_count);
  EXPECT_EQ(a.peers, b.peers);
  EXPECT_EQ(a.src_ports, b.src_ports);
  EXPECT_EQ(a.dst_ports, b.dst_ports);
  EXPECT_EQ(a.tcp_flags, b.tcp_flags);
  EXPECT_EQ(a.tcp, b.tcp);
  EXPECT_EQ(a.udp, b.udp);
  EXPECT_EQ(a.icmp, b.icmp);
}

inline void ExpectSameRecord(const aggregator::HostRecord& a, const aggregator::HostRecord& b) {
  EXPECT_EQ(a.host, b.host);
  EXPECT_EQ(a.network, b.network);
  EXPECT_EQ(a.other, b.other);
  ExpectSameRole(a.sent, b.sent);
  ExpectSameRole(a.received, b.received);
}

inline void ExpectSameSummary(const aggregator::WindowSummary& a, const aggregator::WindowSummary& b) {
  EXPECT_EQ(a.hosts, b.hosts);
  EXPECT_EQ(a.other_hosts, b.other_hosts);
  EXPECT_EQ(a.flows, b.flows);
  EXPECT_EQ(a.packets, b.packets);
  EXPECT_EQ(a.bytes, b.bytes);
  EXPECT_EQ(a.exporters, b.exporters);
  EXPECT_EQ(a.dropped, b.dropped);
  EXPECT_EQ(a.scaled_flows, b.scaled_flows);
  EXPECT_EQ(a.sequence_expected, b.sequence_expected);
  EXPECT_EQ(a.sequence_lost, b.sequence_lost);
  EXPECT_EQ(a.clock_step_ns, b.clock_step_ns);
  EXPECT_EQ(a.part, b.part);
}

inline void ExpectSameWindow(const aggregator::ClosedWindow& a, const aggregator::ClosedWindow& b) {
  EXPECT_EQ(a.span(), b.span());
  EXPECT_EQ(a.partial(), b.partial());
  ExpectSameSummary(a.summary(), b.summary());
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size() && !::testing::Test::HasFailure(); ++i)
    ExpectSameRecord(a.At(i), b.At(i));
}

}  // namespace hostscope::exporter
