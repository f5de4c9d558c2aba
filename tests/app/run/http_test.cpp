#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <charconv>
#include <chrono>
#include <string>
#include <thread>

#include "tests/app/program.h"
#include "tests/app/records.h"
#include "tests/exporter/http/http_client.h"

// The appliance on DPDK's capture device, asked over HTTP. Needs neither root nor a NIC.
namespace hostscope::app::testing {
namespace {

using ::testing::HasSubstr;

class RunHttpTest : public ::testing::Test {
 protected:
  RunHttpTest() {
    const Finished made = GenerateCapture(folder_);
    EXPECT_EQ(made.status, 0) << made.err;
  }
  void Configure(const std::string& http) { ConfigureOnCapture(folder_, http); }
  std::string Log() const { return ReadFile(folder_ / "log"); }
  std::uint16_t Port() const {
    const std::string log = Log();
    const std::size_t at = log.find("HTTP at http://127.0.0.1:");
    std::uint16_t port = 0;
    if (at != std::string::npos) std::from_chars(&log[at + 25], log.data() + log.size(), port);
    return port;
  }

  TemporaryFolder folder_;
};

TEST_F(RunHttpTest, StatsAreThoseOfTheAccounting) {
  Configure("http: {listen: '127.0.0.1:0'}\n");
  RunningHostscope appliance({"run", "-c", folder_ / "c.yaml", "--stats", folder_ / "stats"}, folder_ / "out",
                             folder_ / "log");
  ASSERT_TRUE(appliance.HasSaid("HTTP at")) << Log();
  const http::testing::Reply health = http::testing::Get(Port(), "/healthz");
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(health.body, "{\"status\":\"ok\"}\n");
  // Counts are read one after the other while a worker may be between two of them: they agree once it is
  // done.
  std::map<std::string, double> stats;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while ((stats["records.counted"] < 1000 || stats["datagrams.decoded"] < stats["datagrams.received"]) &&
         std::chrono::steady_clock::now() < end) {
    const http::testing::Reply reply = http::testing::Get(Port(), "/api/v1/stats");
    ASSERT_EQ(reply.status, 200);
    stats = Flatten(reply.body);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(stats.at("records.counted"), 1000);
  appliance.Signal(SIGTERM);
  EXPECT_EQ(appliance.Wait(), 0) << Log();
  const std::map<std::string, double> last = Flatten(ReadFile(folder_ / "stats"));
  for (const char* name : {"datagrams.received", "datagrams.decoded", "records.seen", "templates.learned"}) {
    EXPECT_EQ(stats.at(name), last.at(name)) << name;
  }
}

TEST_F(RunHttpTest, TheCommandLineSaysWhere) {
  Configure("http: {enabled: no}\n");
  RunningHostscope appliance({"run", "-c", folder_ / "c.yaml", "--http", "127.0.0.1:0"}, folder_ / "out",
                             folder_ / "log");
  ASSERT_TRUE(appliance.HasSaid("HTTP at")) << Log();
  EXPECT_EQ(http::testing::Get(Port(), "/nothing").status, 404);
}

TEST_F(RunHttpTest, FilesThatAreNoGoodAreNamedBeforeAnythingStarts) {
  Configure("http:\n  tokens: " + (folder_ / "tokens") + "\n");
  WriteFile(folder_ / "tokens", "short\n");
  const std::string said = (folder_ / "c.yaml") + ":10: http.tokens: " + (folder_ / "tokens") +
                           ":1: is too short; one token of at least 16 characters a line\n";
  EXPECT_EQ(RunHostscope({"run", "-c", folder_ / "c.yaml"}).err, said);
  EXPECT_EQ(RunHostscope({"check", "-c", folder_ / "c.yaml"}).err, said);
  // Who replays a capture need not be able to read the appliance's secrets.
  EXPECT_EQ(RunHostscope({"replay", "-c", folder_ / "c.yaml", folder_ / "in.pcap"}).status, 0);
}

}  // namespace
}  // namespace hostscope::app::testing
