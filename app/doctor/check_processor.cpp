#include <array>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include "app/doctor/checks.h"

namespace hostscope::app {
namespace {

// The psABI's x86-64-v3, as the kernel names its flags (abm is lzcnt).
constexpr std::array<std::string_view, 9> kLevel3{"avx", "avx2", "bmi1",  "bmi2", "f16c",
                                                  "fma", "abm",  "movbe", "xsave"};

std::set<std::string, std::less<>> FlagsOf(const SystemView& system) {
  std::istringstream words(system.Field("/proc/cpuinfo", "flags"));
  std::set<std::string, std::less<>> flags;
  for (std::string word; words >> word;) flags.insert(word);
  return flags;
}

}  // namespace

void CheckProcessor(const SystemView& system, Findings& findings) {
  const auto flags = FlagsOf(system);
  std::string missing;
  for (const std::string_view flag : kLevel3) {
    if (!flags.contains(flag)) missing.append(missing.empty() ? "" : " ").append(flag);
  }
  if (missing.empty()) {
    findings.push_back({"processor", Verdict::kOk, "has x86-64-v3", ""});
  } else {
    findings.push_back(
        {"processor", Verdict::kFail, "lacks of x86-64-v3: " + missing,
         "use a server of 2013 or later; in a virtual machine, let its processor be the host's "
         "(QEMU: -cpu host)"});
  }
  if (flags.contains("constant_tsc") && flags.contains("nonstop_tsc")) {
    findings.push_back({"time stamp counter", Verdict::kOk, "runs at one rate, always", ""});
  } else {
    findings.push_back({"time stamp counter", Verdict::kWarn,
                        "its rate may change (no constant_tsc and nonstop_tsc): windows may close late",
                        "use a processor with an invariant counter; in a virtual machine, pass it through "
                        "(QEMU: -cpu host,+invtsc)"});
  }
}

void CheckClock(const SystemView& system, Findings& findings) {
  const ClockState clock = system.clock();
  const std::string error = std::to_string((clock.max_error_us + 999) / 1000) + " ms";
  if (clock.is_synchronized) {
    findings.push_back({"clock", Verdict::kOk, "is synchronized, off by at most " + error, ""});
  } else {
    findings.push_back({"clock", Verdict::kWarn,
                        "is not synchronized: windows are aligned to the time of day, and those of several "
                        "appliances would not match",
                        "apt install chrony && systemctl enable --now chrony"});
  }
}

}  // namespace hostscope::app
