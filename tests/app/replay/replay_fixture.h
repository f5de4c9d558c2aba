#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/app/captures.h"
#include "tests/app/program.h"
#include "tests/app/records.h"

namespace hostscope::app::testing {

/// Replays files of a folder of its own; whatever is replayed, the books must balance.
class ReplayFixture : public ::testing::Test {
 protected:
  std::string Put(const std::string& name, const std::vector<std::uint8_t>& bytes) {
    WriteFile(folder_ / name, bytes);
    return folder_ / name;
  }
  std::string Put(const std::string& name, const Bytes& bytes) {
    return Put(name, std::vector<std::uint8_t>(bytes.span().begin(), bytes.span().end()));
  }

  /// A capture that `hostscope generate` makes.
  std::string Generate(const std::string& name, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {"generate", "--pcap", folder_ / name, "--summary", folder_ / "summary"});
    const Finished finished = RunHostscope(arguments);
    EXPECT_EQ(finished.status, 0) << finished.err;
    summary_ = Flatten(ReadFile(folder_ / "summary"));
    return folder_ / name;
  }

  Finished Replay(std::vector<std::string> arguments, int status = 0) {
    arguments.insert(arguments.begin(), {"replay", "--stats", folder_ / "stats"});
    Finished finished = RunHostscope(arguments);
    EXPECT_EQ(finished.status, status) << finished.err;
    if (status == 0) {
      EXPECT_EQ(finished.err, "");
    }
    stats_ = Flatten(ReadFile(folder_ / "stats"));
    ExpectBalanced(stats_);
    return finished;
  }

  TemporaryFolder folder_;
  std::map<std::string, double> summary_;  // of what was generated last
  std::map<std::string, double> stats_;    // of what was replayed last
};

}  // namespace hostscope::app::testing
