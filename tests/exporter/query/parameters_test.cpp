#include "exporter/query/parameters.h"

#include <gtest/gtest.h>

#include "exporter/encoding/address_text.h"
#include "tests/exporter/query/query_fixture.h"

namespace hostscope::exporter {
namespace {

TEST(Parameters, Times) {
  EXPECT_EQ(ParseTime("2026-11-23T21:00:10.000Z"), TenSeconds().start);
  EXPECT_EQ(ParseTime("2026-11-23T21:00:10Z"), TenSeconds().start);
  EXPECT_EQ(ParseTime("1795467610000"), TenSeconds().start);
  EXPECT_EQ(ParseTime("1970-01-01T00:00:00.5Z"), ReceiveTime{kNanosecondsPerSecond / 2});
  EXPECT_EQ(TimeText(*ParseTime("2024-02-29T23:59:59.25Z")), "2024-02-29T23:59:59.250Z");
  for (const char* wrong :
       {"", "Z", "2026-11-23", "2026-11-23T21:00:10", "2026-11-23 21:00:10Z", "2026-13-23T21:00:10Z",
        "2026-02-29T21:00:10Z", "2026-11-23T24:00:10Z", "2026-11-23T21:00:60Z", "2026-11-23T21:00:10.Z",
        "2026-11-23T21:00:10.1234567890Z", "-1", "99999999999999999999", "9999-01-01T00:00:00Z", "1e3",
        "2026-11-23T21:00:1xZ"})
    EXPECT_EQ(ParseTime(wrong), std::nullopt) << wrong;
}

TEST(Parameters, Lengths) {
  EXPECT_EQ(ParseSeconds("10"), kTenSecondsLength);
  EXPECT_EQ(ParseSeconds("0.5"), kNanosecondsPerSecond / 2);
  EXPECT_EQ(ParseSeconds("300"), 300 * kNanosecondsPerSecond);
  for (const char* wrong : {"", "0", "0.0", "-1", "10s", "1.", ".5", "1e2", "99999999999", "1.0000000000"})
    EXPECT_EQ(ParseSeconds(wrong), std::nullopt) << wrong;
}

TEST(Parameters, ARefusalNamesParameterValueAndWhatIsAllowed) {
  const Parameters parameters(
      {{"seconds", "10s"}, {"role", "both"}, {"by", "flow"}, {"prefix", "10.0.0.1/8"}});
  EXPECT_STREQ(RefusalOf([&] { static_cast<void>(parameters.Length()); }).what(),
               "seconds=10s can't be read; it is the length of windows, 10 or 0.5");
  EXPECT_STREQ(RefusalOf([&] { static_cast<void>(parameters.Role()); }).what(),
               "role=both can't be read; it is sent or received");
  EXPECT_STREQ(
      RefusalOf([&] { static_cast<void>(parameters.MetricBy("by", Metric::kFlows)); }).what(),
      "by=flow can't be read; it is one of hosts flows packets bytes peers src_ports dst_ports "
      "avg_duration tcp udp icmp other deviation fin_share syn_share rst_share psh_share ack_share urg_share "
      "ece_share cwr_share");
  EXPECT_STREQ(
      RefusalOf([&] { static_cast<void>(parameters.PrefixIn("prefix")); }).what(),
      "prefix=10.0.0.1/8 can't be read; it is a prefix without bits beyond its length, 10.0.0.0/8 or "
      "2001:db8::/32");
  EXPECT_STREQ(RefusalOf([&] {
                 parameters.CheckNames({"seconds", "role", "by"});
               }).what(),
               "there is no parameter prefix here; there are: seconds, role, by");
  EXPECT_STREQ(RefusalOf([&] { static_cast<void>(parameters.Text("q")); }).what(),
               "q is missing; it is required");
}

TEST(Parameters, EachIsThereOnce) {
  const Parameters twice({{"q", "1"}, {"q", "2"}});
  EXPECT_STREQ(RefusalOf([&] { twice.CheckNames({"q"}); }).what(), "q is there twice");
}

TEST(Parameters, MetricsAreAList) {
  const Parameters some(Parameters::List{{"metrics", "flows,peers,flows"}});
  EXPECT_EQ(some.Metrics(), (std::vector{Metric::kFlows, Metric::kPeers}));
  EXPECT_EQ(Parameters(Parameters::List{}).Metrics(), std::vector{Metric::kFlows});
  for (const char* wrong : {"", "flows,", "x", ",flows"}) {
    const Parameters bad(Parameters::List{{"metrics", wrong}});
    EXPECT_EQ(RefusalOf([&] { static_cast<void>(bad.Metrics()); }).fault(), QueryFault::kWrongRequest)
        << wrong;
  }
}

}  // namespace
}  // namespace hostscope::exporter
