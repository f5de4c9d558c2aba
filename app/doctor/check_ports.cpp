#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <string_view>

#include "app/doctor/checks.h"
#include "dataplane/port.h"
#include "dataplane/port_sizes.h"

namespace hostscope::app {
namespace {

constexpr const char* kPciDevices = "/sys/bus/pci/devices/";
// Drivers of the kernel beside which DPDK uses the device.
constexpr std::array<std::string_view, 3> kShared{"mlx4_core", "mlx5_core", "mana"};
constexpr std::array<std::string_view, 2> kWithoutIommu{"uio_pci_generic", "igb_uio"};
// What may be in the IOMMU group of a device that a program has: nobody, the same driver, a bridge.
constexpr std::array<std::string_view, 4> kHarmless{"", "vfio-pci", "pci-stub", "pcieport"};

template <std::size_t kSize>
bool Contains(const std::array<std::string_view, kSize>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string BindCommand(const std::string& pci) {
  return "driverctl set-override " + pci + " vfio-pci";
}

/// " as eth2", for messages; empty where the kernel has no interface of it.
std::string InterfacesOf(const SystemView& system, const std::string& pci) {
  std::string names;
  for (const std::string& name : system.Names(kPciDevices + pci + "/net"))
    names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? "" : " as " + names;
}

/// Another device that keeps the group from being given to a program; empty: none.
std::string Hindrance(const SystemView& system, const std::string& pci) {
  const std::string group = kPciDevices + pci + "/iommu_group/devices";
  for (const std::string& other : system.Names(group)) {
    const std::string driver = system.LinkName(kPciDevices + other + "/driver");
    if (other != pci && !Contains(kHarmless, driver)) return other + " (" + driver + ")";
  }
  return {};
}

Finding OfVfio(const SystemView& system, const std::string& pci, const std::string& check) {
  const std::string group = system.LinkName(kPciDevices + pci + "/iommu_group");
  if (group.empty()) {
    const std::string mode =
        system.Text("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode").value_or("N");
    if (mode == "Y" || mode == "1") {
      return {check, Verdict::kWarn, "has vfio-pci without an IOMMU: the NIC may write to any memory",
              "switch the IOMMU on in the firmware, and intel_iommu=on (AMD: nothing) on the kernel's "
              "command line"};
    }
    return {check, Verdict::kFail, "has vfio-pci, but there is no IOMMU",
            "switch the IOMMU on in the firmware, and intel_iommu=on on the kernel's command line; or, in a "
            "virtual "
            "machine without one: echo 1 > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode"};
  }
  if (const std::string other = Hindrance(system, pci); !other.empty()) {
    return {check, Verdict::kFail,
            "has vfio-pci, but its IOMMU group " + group + " has a device with another driver: " + other,
            BindCommand(other.substr(0, other.find(' ')))};
  }
  if (!system.Exists("/dev/vfio/" + group)) {
    return {check, Verdict::kFail, "has vfio-pci, but /dev/vfio/" + group + " is not there",
            "modprobe vfio-pci; in a container, pass /dev/vfio to it"};
  }
  return {check, Verdict::kOk, "has vfio-pci, IOMMU group " + group, ""};
}

Finding OfPci(const SystemView& system, const std::string& pci) {
  const std::string check = "port " + pci;
  if (!system.Exists(kPciDevices + pci)) {
    return {check, Verdict::kFail, "there is no such device",
            "correct `ports`; network devices are listed by: lspci -D -d ::0200"};
  }
  const std::string driver = system.LinkName(kPciDevices + pci + "/driver");
  if (driver == "vfio-pci") return OfVfio(system, pci, check);
  if (Contains(kShared, driver)) return {check, Verdict::kOk, "has " + driver + ", which DPDK shares", ""};
  if (Contains(kWithoutIommu, driver)) {
    return {check, Verdict::kWarn, "has " + driver + ": the NIC may write to any memory", BindCommand(pci)};
  }
  if (driver.empty()) return {check, Verdict::kFail, "has no driver", BindCommand(pci)};
  return {check, Verdict::kFail, "is the kernel's, with " + driver + InterfacesOf(system, pci),
          BindCommand(pci) + "   (takes it away from the kernel)"};
}

Finding OfInterface(const SystemView& system, const std::string& device, const std::string& interface) {
  const std::string check = "port " + device.substr(0, device.find(','));
  const std::string root = "/sys/class/net/" + interface;
  if (!system.Exists(root)) {
    return {check, Verdict::kFail, "there is no interface " + interface,
            "correct `ports`; interfaces are listed by: ip link"};
  }
  constexpr std::uint64_t kIsUp = 1;
  const std::string flags = system.Text(root + "/flags").value_or("0");  // 0x1003
  if ((std::strtoul(flags.c_str(), nullptr, 16) & kIsUp) == 0) {
    return {check, Verdict::kFail, "the interface " + interface + " is down",
            "ip link set " + interface + " up"};
  }
  if (system.Text(root + "/carrier").value_or("1") == "0")
    return {check, Verdict::kWarn, "the interface " + interface + " has no link", "plug the cable in"};
  return {check, Verdict::kOk, "on the interface " + interface, ""};
}

}  // namespace

void CheckPorts(const Config& config, const SystemView& system, Findings& findings) {
  if (config.dataplane.ports.empty()) {
    findings.push_back({"ports", Verdict::kFail, "none is configured", "name one in `ports`"});
  }
  for (const dataplane::PortConfig& port : config.dataplane.ports) {
    const std::string pci = dataplane::PciAddress(port.device);
    const std::string interface = dataplane::KernelInterface(port.device);
    if (!pci.empty()) {
      findings.push_back(OfPci(system, pci));
    } else if (!interface.empty()) {
      findings.push_back(OfInterface(system, port.device, interface));
    } else {
      findings.push_back({"port " + port.device.substr(0, port.device.find(',')), Verdict::kOk,
                          "a device of DPDK's own", ""});
    }
  }
}

}  // namespace hostscope::app
