#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hostscope::app {

enum class Verdict : std::uint8_t {
  kOk,
  kWarn,  ///< it runs, but worse than it could
  kFail,  ///< it does not run, or loses data
};

/// One thing that was looked at.
struct Finding {
  std::string check;  ///< what was looked at: "hugepages", "port 0000:3b:00.0"
  Verdict verdict = Verdict::kOk;
  std::string text;  ///< what was found
  std::string mend;  ///< what to do about it, best a command; empty where it is good
};
using Findings = std::vector<Finding>;

}  // namespace hostscope::app
