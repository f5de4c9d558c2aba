#include "app/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/app/program.h"

namespace hostscope::app::testing {
namespace {

using ::testing::HasSubstr;

using Arguments = std::vector<std::string>;

TEST(CommandLineTest, EveryCommandHasHelp) {
  for (const char* command : {"run", "replay", "check", "generate", "top", "capture"}) {
    const Finished finished = RunHostscope({command, "--help"});
    EXPECT_EQ(finished.status, kExitSuccess) << command;
    EXPECT_THAT(finished.out, HasSubstr(std::string("Usage: hostscope ") + command));
    EXPECT_THAT(finished.out, HasSubstr("Options:"));
    EXPECT_EQ(finished.err, "") << command;
    EXPECT_THAT(RunHostscope({"--help"}).out, HasSubstr(std::string("\n  ") + command + " "));
  }
}

TEST(CommandLineTest, HelpSaysTheExitStatuses) {
  const Finished finished = RunHostscope({"--help"});
  EXPECT_EQ(finished.status, kExitSuccess);
  EXPECT_THAT(finished.out, HasSubstr("Exit status: 0 success, 1 it failed, 2 wrong usage."));
}

TEST(CommandLineTest, SaysItsVersion) {
  const Finished finished = RunHostscope({"--version"});
  EXPECT_EQ(finished.status, kExitSuccess);
  EXPECT_THAT(finished.out, ::testing::MatchesRegex("hostscope [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

struct Wrong {
  Arguments arguments;
  std::string message;
};

class WrongUsageTest : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongUsageTest, ExitsWith2AndSaysWhy) {
  const Finished finished = RunHostscope(GetParam().arguments);
  EXPECT_EQ(finished.status, kExitUsage);
  EXPECT_THAT(finished.err, HasSubstr(GetParam().message));
  EXPECT_EQ(finished.out, "");
}

INSTANTIATE_TEST_SUITE_P(
    CommandLine, WrongUsageTest,
    ::testing::Values(
        Wrong{{}, "A subcommand is required"}, Wrong{{"nonsense"}, "A subcommand is required"},
        Wrong{{"check", "--bogus"}, "--bogus"}, Wrong{{"check", "-c"}, "--config"},
        Wrong{{"replay"}, "captures is required"},
        Wrong{{"replay", "--windows", "10", "x.pcap"}, "--windows: '10' has no unit"},
        Wrong{{"replay", "--windows", "10s,15s", "x.pcap"}, "--windows: 15s is not a multiple of 10s"},
        Wrong{{"replay", "--windows", "10s,10s", "x.pcap"}, "--windows: 10s is there twice"},
        Wrong{{"replay", "--windows", "10s,", "x.pcap"}, "--windows: '' is not a number with a unit"},
        Wrong{{"replay", "--networks", "10.0.0.1/8", "x.pcap"},
              "--networks: '10.0.0.1/8' has bits set behind its length"},
        Wrong{{"replay", "--sampling", "maybe", "x.pcap"}, "--sampling"},
        Wrong{{"replay", "--schema", "other", "x.pcap"}, "--schema"},
        Wrong{{"generate"}, "exactly one of --pcap and --udp is needed"},
        Wrong{{"generate", "--pcap", "x", "--udp", "localhost:1"},
              "exactly one of --pcap and --udp is needed"},
        Wrong{{"generate", "--pcap", "x", "--hosts", "1"}, "--hosts"},
        Wrong{{"generate", "--pcap", "x", "--zipf", "nan"}, "must be numbers"},
        Wrong{{"generate", "--pcap", "x", "--rate", "0"}, "--pcap needs a --rate above 0"},
        Wrong{{"generate", "--pcap", "x", "--format", "v7"}, "--format"},
        Wrong{{"generate", "--pcap", "x", "--format", "v5", "--ipv6-share", "0.1"}, "has no IPv6"},
        Wrong{{"generate", "--pcap", "x", "--format", "v5", "--sampling", "16384"}, "at most 16383"},
        Wrong{{"run", "--device", "net_null0"}, "--device requires --address"},
        Wrong{{"run", "--windows", "1s,1500ms"}, "--windows: 1500ms is not a multiple of 1s"}));

struct Failing {
  Arguments arguments;
  std::string message;
};

class FailureTest : public ::testing::TestWithParam<Failing> {};

TEST_P(FailureTest, ExitsWith1AndSaysWhy) {
  const Finished finished = RunHostscope(GetParam().arguments);
  EXPECT_EQ(finished.status, kExitFailure);
  EXPECT_THAT(finished.err, HasSubstr(GetParam().message));
  EXPECT_EQ(finished.out, "");
}

INSTANTIATE_TEST_SUITE_P(
    CommandLine, FailureTest,
    ::testing::Values(
        Failing{{"check", "-c", "/nonexistent"}, "/nonexistent: can't be read: No such file or directory"},
        Failing{{"replay", "/nonexistent"}, "/nonexistent: No such file or directory"},
        Failing{{"replay", "-c", "/nonexistent", "x.pcap"}, "/nonexistent: can't be read"},
        Failing{{"replay", "/dev/null"}, "/dev/null: not a capture that can be read"},
        Failing{{"run", "-c", "/nonexistent"}, "/nonexistent: can't be read"},
        Failing{{"run", "-c", "/dev/null"}, "no port to receive on"},
        Failing{{"generate", "--pcap", "/nonexistent/x.pcap"}, "/nonexistent/x.pcap: No such file"},
        Failing{{"generate", "--udp", "nowhere", "--records", "1"}, "'nowhere' is not HOST:PORT"},
        Failing{{"generate", "--pcap", "/dev/null", "--hosts", "1000", "--ipv4-network", "10.0.0.0/24"},
                "10.0.0.0/24 has no room for 1000 hosts"}));

TEST(CommandLineTest, ListsOfOptionsEndWhereThePositionalsBegin) {
  // The file does not exist, so status 1: the command line was right.
  const Finished finished =
      RunHostscope({"replay", "--windows", "10s,1m", "--networks", "10.0.0.0/8,::/0", "/nonexistent"});
  EXPECT_EQ(finished.status, kExitFailure);
  EXPECT_THAT(finished.err, HasSubstr("/nonexistent: No such file or directory"));
}

}  // namespace
}  // namespace hostscope::app::testing
