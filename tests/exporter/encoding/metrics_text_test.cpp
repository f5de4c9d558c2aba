#include "exporter/encoding/metrics_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace hostscope::exporter {
namespace {

TEST(MetricsText, FamiliesHaveHelpTypeAndSamples) {
  MetricsText text;
  text.Counter("records_seen", "Flow records.", std::numeric_limits<std::uint64_t>::max());
  text.Family("worker_busy_ratio", MetricType::kGauge, "Share.");
  text.Sample(0.25, {{"worker", "0"}, {"cpu", "3"}});
  text.Sample(1.0, {{"worker", "1"}});
  text.Sample(std::int64_t{-1});
  EXPECT_EQ(text.Take(),
            "# HELP hostscope_records_seen_total Flow records.\n"
            "# TYPE hostscope_records_seen_total counter\n"
            "hostscope_records_seen_total 18446744073709551615\n"
            "# HELP hostscope_worker_busy_ratio Share.\n"
            "# TYPE hostscope_worker_busy_ratio gauge\n"
            "hostscope_worker_busy_ratio{worker=\"0\",cpu=\"3\"} 0.25\n"
            "hostscope_worker_busy_ratio{worker=\"1\"} 1\n"
            "hostscope_worker_busy_ratio -1\n");
}

TEST(MetricsText, WhatWouldEndATextIsEscaped) {
  MetricsText text;
  text.Family("a", MetricType::kGauge, "a \"b\" \\ c\nd");
  text.Sample(std::uint64_t{1}, {{"x", "a \"b\" \\ c\nd"}, {"empty", ""}});
  EXPECT_EQ(text.Take(),
            "# HELP hostscope_a a \"b\" \\\\ c\\nd\n"
            "# TYPE hostscope_a gauge\n"
            "hostscope_a{x=\"a \\\"b\\\" \\\\ c\\nd\"} 1\n");
}

TEST(MetricsText, NumbersThatAreNone) {
  MetricsText text;
  text.Family("a", MetricType::kGauge, "b");
  text.Sample(std::nan(""));
  text.Sample(-std::numeric_limits<double>::infinity());
  EXPECT_EQ(text.Take(),
            "# HELP hostscope_a b\n# TYPE hostscope_a gauge\nhostscope_a NaN\nhostscope_a -Inf\n");
}

TEST(MetricsText, BucketsOfAHistogramAddUp) {
  DelayHistogram delay;
  delay.Add(50'000);
  delay.Add(150'000'000);
  delay.Add(1'000'000'000'000);
  MetricsText text;
  text.Family("d_seconds", MetricType::kHistogram, "b");
  text.Sample(delay, {{"sink", "x"}});
  const std::string written = text.Take();
  for (const char* line :
       {"_bucket{sink=\"x\",le=\"0.0001\"} 1\n", "_bucket{sink=\"x\",le=\"0.1\"} 1\n",
        "_bucket{sink=\"x\",le=\"0.2\"} 2\n", "_bucket{sink=\"x\",le=\"500\"} 2\n",
        "_bucket{sink=\"x\",le=\"+Inf\"} 3\n", "_sum{sink=\"x\"} 1000.15005\n", "_count{sink=\"x\"} 3\n"}) {
    EXPECT_NE(written.find(std::string("hostscope_d_seconds") + line), std::string::npos) << line << written;
  }
}

}  // namespace
}  // namespace hostscope::exporter
