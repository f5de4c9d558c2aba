#include "app/stats.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/app/program.h"

namespace hostscope::app::testing {
namespace {

TEST(StatsTest, HasThePromisedShapeFromTheStart) {
  EXPECT_EQ(Stats().ToJson(),
            R"({"datagrams":{"received":0,"decoded":0,"dropped":{}},)"
            R"("records":{"seen":0,"counted":0,"skipped":{},"options":0},)"
            R"("templates":{"learned":0,"withdrawn":0,"refused":0},"sequence_gaps":0,"hosts":0})"
            "\n");
}

TEST(StatsTest, WorkersAddUp) {
  ipfix::Accounting books;
  books.outcomes.Add(ipfix::DatagramOutcome::kDecoded, 5);
  books.outcomes.Add(ipfix::DatagramOutcome::kTooShort, 2);
  books.records_seen.Add(100);
  books.records_counted.Add(90);
  books.skipped.Add(ipfix::RecordSkip::kNatEvent, 10);
  books.sequence_lost.Add(3);
  aggregator::AggregatorCounters aggregator;
  aggregator.unmonitored_flows.Add(4);

  Stats stats;
  for (int worker = 0; worker < 2; ++worker) {
    stats.AddOutcomes(books);
    stats.AddRecords(books, aggregator);
  }
  stats.AddHosts(7);
  const std::string json = stats.ToJson();
  EXPECT_NE(json.find(R"("datagrams":{"received":14,"decoded":10,"dropped":{"too_short":4,)"),
            std::string::npos)
      << json;
  // Flow records between hosts that nobody monitors are decoded, and skipped here.
  EXPECT_NE(json.find(R"("records":{"seen":200,"counted":172,"skipped":{)"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("nat_event":20)"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("unmonitored":8})"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("sequence_gaps":6,"hosts":7)"), std::string::npos) << json;
}

TEST(StatsTest, GroupsKeepTheOrderInWhichTheyCame) {
  StatsGroup group;
  group.Add("z", 1);
  group.Group("inner").Add("quoted \"name\"", 2);
  group.Add("a", 3);
  group.Add("z", 4);
  EXPECT_EQ(group.ToJson(), R"({"z":5,"inner":{"quoted \"name\"":2},"a":3})");
}

TEST(StatsTest, AFileIsReplacedAsAWhole) {
  const TemporaryFolder folder;
  WriteFile(folder / "stats", std::string(1000, 'x'));
  WriteWholeFile(folder / "stats", "new\n");
  EXPECT_EQ(ReadFile(folder / "stats"), "new\n");
  EXPECT_FALSE(std::filesystem::exists(folder / "stats.new"));
  EXPECT_THROW(WriteWholeFile(folder / "none/stats", "x"), std::runtime_error);
}

}  // namespace
}  // namespace hostscope::app::testing
