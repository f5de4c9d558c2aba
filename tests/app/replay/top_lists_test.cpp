#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/app/replay/replay_fixture.h"

namespace hostscope::app::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t kSecond = 1'000'000'000;

class TopListsReplay : public ReplayFixture {
 protected:
  /// Two windows of ten seconds, four flows from 10.0.0.1.
  std::string Capture() {
    return Put(
        "a.pcap",
        PcapOf({Netflow5Frame(kNewYearNs, {{.destination = "10.0.0.2", .bytes = 1000},
                                           {.destination = "10.0.0.3", .bytes = 10},
                                           {.destination = "10.0.0.3", .bytes = 10}}),
                Netflow5Frame(kNewYearNs + 11 * kSecond,
                              {{.destination = "10.0.0.4", .bytes = 500, .destination_port = 443}}, 3)}));
  }
  /// The record of 10.0.0.1 in the window of so many seconds that ends last.
  static std::string SenderOf(const std::string& out, const std::string& seconds) {
    std::string last;
    for (const std::string& line : LinesOf(out)) {
      if (line.find("\"ip\":\"10.0.0.1\",\"network\"") == std::string::npos) continue;
      if (line.find("\"seconds\":" + seconds + "}") != std::string::npos) last = line;
    }
    return last;
  }
};

TEST_F(TopListsReplay, ByFlowsAndOverLongerWindows) {
  const std::string out =
      Replay({"--windows", "10s,60s", "--top-peers", "2", "--top-dst-ports", "2", Capture()}).out;
  EXPECT_THAT(SenderOf(out, "10"), HasSubstr(R"(,"top_peers":[{"ip":"10.0.0.4","flows":1}],)"
                                             R"("top_dst_ports":[{"port":443,"flows":1}]})"));
  EXPECT_THAT(SenderOf(out, "60"),
              HasSubstr(R"(,"top_peers":[{"ip":"10.0.0.3","flows":2},{"ip":"10.0.0.2","flows":1}],)"
                        R"("top_dst_ports":[{"port":80,"flows":3},{"port":443,"flows":1}]})"));
}

TEST_F(TopListsReplay, ByBytesAsTheConfigurationSays) {
  WriteFile(folder_ / "conf", "windows: [60s]\ntop: {peers: 1, by: bytes}\n");
  EXPECT_THAT(SenderOf(Replay({"-c", folder_ / "conf", Capture()}).out, "60"),
              HasSubstr(R"(,"top_peers":[{"ip":"10.0.0.2","bytes":1000}]},"record_id")"));
  EXPECT_THAT(SenderOf(Replay({"-c", folder_ / "conf", "--top-by", "flows", Capture()}).out, "60"),
              HasSubstr(R"(,"top_peers":[{"ip":"10.0.0.3","flows":2}]},"record_id")"));
}

TEST_F(TopListsReplay, OffUnlessAskedFor) {
  EXPECT_THAT(Replay({Capture()}).out, Not(HasSubstr("top_")));
}

TEST_F(TopListsReplay, TheErrorIsSaidWhereItIsNotExact) {
  const std::string pcap = Generate("b.pcap", {"--hosts", "300", "--records", "30000"});
  const std::vector<std::string> arguments = {"--top-peers", "3", "--top-dst-ports", "3", pcap};
  const std::string once = Replay(arguments).out;
  EXPECT_THAT(once, HasSubstr("\"top_peers_error\":"));
  EXPECT_TRUE(Replay(arguments).out == once) << "the same captures give the same lists";
}

TEST_F(TopListsReplay, LongerListsThanThereAreIsWrongUsage) {
  EXPECT_EQ(RunHostscope({"replay", "--top-peers", "33", Capture()}).status, 2);
  WriteFile(folder_ / "conf", "top:\n  dst_ports: 33\n");
  const Finished check = RunHostscope({"check", "-c", folder_ / "conf"});
  EXPECT_EQ(check.status, 1);
  EXPECT_THAT(check.out + check.err, HasSubstr(":2: top.dst_ports: "));
}

}  // namespace
}  // namespace hostscope::app::testing
