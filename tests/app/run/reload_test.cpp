#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "tests/app/program.h"
#include "tests/app/records.h"

// The appliance on DPDK's capture device, and SIGHUP. Needs neither root nor a NIC.
namespace hostscope::app::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ReloadTest : public ::testing::Test {
 protected:
  void Configure(const std::string& more) { ConfigureOnCapture(folder_, more); }
  std::string Log() const { return ReadFile(folder_ / "log"); }

  TemporaryFolder folder_;
};

TEST_F(ReloadTest, ChangesWhatItCanAndSaysWhatItCannot) {
  const Finished made = GenerateCapture(folder_);
  ASSERT_EQ(made.status, 0) << made.err;
  Configure("");
  RunningHostscope appliance(
      {"run", "-c", folder_ / "c.yaml", "--stats", folder_ / "stats", "--http", "none"}, folder_ / "out",
      folder_ / "log");
  ASSERT_TRUE(appliance.HasSaid("host records go to")) << Log();

  appliance.Signal(SIGHUP);
  EXPECT_TRUE(appliance.HasSaid("info: the configuration is what it was")) << Log();

  Configure("colour: red\n");
  appliance.Signal(SIGHUP);
  EXPECT_TRUE(appliance.HasSaid("error: the configuration has problems; the old one stays in force"))
      << Log();
  EXPECT_THAT(Log(), HasSubstr((folder_ / "c.yaml") + ":9: colour: is not a known key; one of: observer,"));

  Configure("observer: {name: other}\nlogging: {level: debug}\n");
  appliance.Signal(SIGHUP);
  EXPECT_TRUE(
      appliance.HasSaid("warning: the configuration is good; a restart is needed to change: observer.name\n"))
      << Log();
  EXPECT_THAT(Log(), HasSubstr("info: the configuration is good; changed while running: logging.level\n"));

  // What was changed is in force, so that this is a change back; and what needs a restart still does.
  Configure("logging: {level: warning}\n");
  appliance.Signal(SIGHUP);
  Configure("observer: {name: other}\nlogging: {level: warning}\n");
  appliance.Signal(SIGHUP);
  EXPECT_TRUE(appliance.HasSaid("a restart is needed to change: observer.name\n", 2)) << Log();

  appliance.Signal(SIGTERM);
  EXPECT_EQ(appliance.Wait(), 0) << Log();
  // The level is in force: the last messages, which are informative, are missing.
  EXPECT_THAT(Log(), Not(HasSubstr("told to end"))) << Log();
  EXPECT_THAT(ReadFile(folder_ / "out"), HasSubstr(R"("observer":{"name":"hostscope"})"));
  const std::map<std::string, double> stats = Flatten(ReadFile(folder_ / "stats"));
  EXPECT_EQ(stats.at("records.counted"), 1000);
  EXPECT_EQ(stats.at("hosts"), 20);
}

}  // namespace
}  // namespace hostscope::app::testing
