#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <sstream>
#include <string>

#include "app/doctor/checks.h"
#include "dataplane/eal.h"
#include "dataplane/port.h"

namespace hostscope::app {
namespace {

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();
constexpr const char* kHugepages = "/sys/kernel/mm/hugepages/";
// Sockets of sinks, files of the store, devices, and some to spare.
constexpr std::uint64_t kFilesBesidesPages = 256;
constexpr unsigned kCapIpcLock = 14;

struct Pages {
  std::uint64_t free_kib = 0;
  std::uint64_t largest_free_kib = 0;  ///< size of the largest page of which one is free
};

Pages FreePages(const SystemView& system) {
  constexpr std::string_view kPrefix = "hugepages-";
  Pages pages;
  for (const std::string& name : system.Names(kHugepages)) {
    if (!name.starts_with(kPrefix)) continue;
    const std::uint64_t kib = std::strtoul(name.c_str() + kPrefix.size(), nullptr, 10);
    const std::uint64_t free = system.Number(kHugepages + name + "/free_hugepages").value_or(0);
    pages.free_kib += kib * free;
    if (free > 0) pages.largest_free_kib = std::max(pages.largest_free_kib, kib);
  }
  return pages;
}

std::string MoreHugepages(const SystemView& system, std::uint64_t missing_mib) {
  const std::string file = std::string(kHugepages) + "hugepages-2048kB/nr_hugepages";
  const std::optional<std::uint64_t> now = system.Number(file);
  if (!now) return "use a kernel with hugepages, or set dpdk.hugepages: no";
  return fmt::format("echo {} > {}   (at every start: hostscope-hugepages.service)",
                     *now + (missing_mib + 1) / 2, file);
}

/// The hard limit: what the soft one may be raised to.
std::optional<std::uint64_t> HardLimit(const SystemView& system, std::string_view name) {
  std::istringstream lines(system.Text("/proc/self/limits").value_or(""));
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(name)) continue;
    std::istringstream words(line.substr(name.size()));
    std::string soft;
    std::string hard;
    words >> soft >> hard;
    if (hard == "unlimited") return kUnlimited;
    return hard.empty() ? std::nullopt
                        : std::optional<std::uint64_t>(std::strtoull(hard.c_str(), nullptr, 10));
  }
  return std::nullopt;
}

bool MayLockMemory(const SystemView& system) {
  const std::string effective = system.Field("/proc/self/status", "CapEff");
  return !effective.empty() && (std::strtoull(effective.c_str(), nullptr, 16) >> kCapIpcLock & 1) != 0;
}

/// Whether the kernel counts packet buffers as locked memory.
bool LocksBuffers(const Config& config) {
  for (const dataplane::PortConfig& port : config.dataplane.ports) {
    if (!dataplane::PciAddress(port.device).empty() || port.device.starts_with("net_af_xdp")) return true;
  }
  return false;
}

std::string OfLimit(std::uint64_t limit) {
  return limit == kUnlimited ? "unlimited" : fmt::format("{} MiB", limit >> 20);
}

}  // namespace

void CheckHugepages(const Config& config, const SystemView& system, Findings& findings) {
  const dataplane::Hugepages wish = config.dataplane.eal.hugepages;
  if (wish == dataplane::Hugepages::kNever) {
    findings.push_back({"hugepages", Verdict::kOk, "not used (dpdk.hugepages: no)", ""});
    return;
  }
  const std::uint64_t needed = dataplane::EalMemoryMib(config.dataplane);
  const std::uint64_t free = FreePages(system).free_kib / 1024;
  const std::string text = fmt::format("{} MiB are free, {} MiB are needed", free, needed);
  if (free >= needed) {
    findings.push_back({"hugepages", Verdict::kOk, text, ""});
  } else if (wish == dataplane::Hugepages::kRequire) {
    findings.push_back({"hugepages", Verdict::kFail, text, MoreHugepages(system, needed - free)});
  } else {
    findings.push_back({"hugepages", Verdict::kWarn, text + ": ordinary pages would be used, which is slower",
                        MoreHugepages(system, needed - free)});
  }
}

void CheckLimits(const Config& config, const SystemView& system, Findings& findings) {
  const std::uint64_t needed_mib = dataplane::EalMemoryMib(config.dataplane);
  const std::uint64_t memory = HardLimit(system, "Max locked memory").value_or(0);
  const std::string limit = OfLimit(memory);
  if (!LocksBuffers(config)) {
    findings.push_back({"locked memory", Verdict::kOk, limit + "; no port needs any", ""});
  } else if (memory == kUnlimited || memory >> 20 >= needed_mib || MayLockMemory(system)) {
    findings.push_back({"locked memory", Verdict::kOk,
                        memory >> 20 >= needed_mib ? limit : limit + ", but this process may lock more", ""});
  } else {
    findings.push_back(
        {"locked memory", Verdict::kFail,
         fmt::format("the limit is {}, packet buffers take {} MiB", limit, needed_mib),
         "ulimit -l unlimited as root, before the program starts; its unit has LimitMEMLOCK=infinity"});
  }
  const std::uint64_t page_kib = std::max<std::uint64_t>(FreePages(system).largest_free_kib, 2048);
  const bool uses_pages = config.dataplane.eal.hugepages != dataplane::Hugepages::kNever;
  const std::uint64_t files_needed = kFilesBesidesPages + (uses_pages ? needed_mib * 1024 / page_kib : 0);
  const std::uint64_t files = HardLimit(system, "Max open files").value_or(0);
  const std::string text = files == kUnlimited ? "unlimited" : fmt::format("up to {}", files);
  if (files >= files_needed) {
    findings.push_back({"open files", Verdict::kOk, text, ""});
  } else {
    findings.push_back(
        {"open files", Verdict::kFail, fmt::format("{}; {} are needed", text, files_needed),
         "ulimit -n 65536 as root, before the program starts; its unit has LimitNOFILE=65536"});
  }
}

}  // namespace hostscope::app
