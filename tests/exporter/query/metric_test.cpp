#include "exporter/query/metric.h"

#include <gtest/gtest.h>

#include <cstddef>

#include "tests/exporter/windows.h"

namespace hostscope::exporter {
namespace {

std::string TextOf(Metric metric, const Totals& totals) {
  std::string text;
  AppendValue(metric, totals, text);
  return text;
}

TEST(Metric, NamesAreInTheOrderOfTheEnumeration) {
  for (std::size_t i = 0; i < kMetricNames.size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(kMetricNames[i].metric), i);
    EXPECT_EQ(MetricOf(kMetricNames[i].name), kMetricNames[i].metric);
  }
  EXPECT_EQ(MetricOf("flow"), std::nullopt);
}

TEST(Metric, ValuesOfOneHost) {
  const Totals totals{1, SenderRecord().sent, 2.5F};
  const std::vector<std::pair<Metric, const char*>> expected = {
      {Metric::kHosts, "1"},         {Metric::kFlows, "12"},
      {Metric::kPackets, "340"},     {Metric::kBytes, "41022"},
      {Metric::kPeers, "5"},         {Metric::kSrcPorts, "7"},
      {Metric::kDstPorts, "3"},      {Metric::kAvgDuration, "1.734"},
      {Metric::kTcp, "9"},           {Metric::kUdp, "3"},
      {Metric::kIcmp, "0"},          {Metric::kOther, "0"},
      {Metric::kFinShare, "0.3333"}, {Metric::kSynShare, "0.4444"},
      {Metric::kRstShare, "0"},      {Metric::kPshShare, "0.6667"},
      {Metric::kAckShare, "1"},      {Metric::kUrgShare, "0"},
      {Metric::kEceShare, "0"},      {Metric::kCwrShare, "0"},
      {Metric::kDeviation, "2.5"},
  };
  ASSERT_EQ(expected.size(), kMetricNames.size());
  for (const auto& [metric, text] : expected) EXPECT_EQ(TextOf(metric, totals), text);
}

TEST(Metric, WhatIsNotThereIsNull) {
  const Totals none;
  EXPECT_EQ(TextOf(Metric::kAvgDuration, none), "null");
  EXPECT_EQ(TextOf(Metric::kSynShare, none), "null");
  EXPECT_EQ(TextOf(Metric::kDeviation, none), "null");
  EXPECT_EQ(TextOf(Metric::kFlows, none), "0");
  EXPECT_EQ(ValueOf(Metric::kAvgDuration, none), 0);
}

TEST(Metric, SumsAddUpAndDistinctCountsAreTheLargest) {
  Totals totals;
  aggregator::RoleFigures one;
  one.flows = 2;
  one.bytes = 100;
  one.peers = 7;
  one.dst_ports = 1;
  aggregator::RoleFigures other;
  other.flows = 3;
  other.bytes = 50;
  other.peers = 2;
  other.dst_ports = 9;
  totals.Add(one);
  totals.Add(other);
  totals.Add(aggregator::RoleFigures{});  // a role without flows
  EXPECT_EQ(totals.hosts, 2U);
  EXPECT_EQ(totals.figures.flows, 5U);
  EXPECT_EQ(totals.figures.bytes, 150U);
  EXPECT_EQ(totals.figures.peers, 7U);
  EXPECT_EQ(totals.figures.dst_ports, 9U);
}

}  // namespace
}  // namespace hostscope::exporter
