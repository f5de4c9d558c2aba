#include "app/doctor/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <simdjson.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <string>

#include "app/doctor/checks.h"
#include "exporter/http/http_options.h"
#include "tests/app/program.h"

// A machine made of files, good in every way; each test spoils one thing. Then the machine that runs the
// tests.
namespace hostscope::app::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

namespace fs = std::filesystem;

constexpr const char* kNic = "0000:3b:00.0";
constexpr const char* kFlags =
    "flags\t\t: fpu sse4_2 avx avx2 bmi1 bmi2 f16c fma abm movbe xsave constant_tsc nonstop_tsc";

class DoctorTest : public ::testing::Test {
 protected:
  DoctorTest() : system_(folder_ / "root") {
    Put("/proc/cpuinfo", "processor\t: 0\n" + std::string(kFlags) + "\n\nprocessor\t: 1\n");
    Put("/proc/self/status", "Name:\thostscope\nCapEff:\t0000000000000000\nCpus_allowed_list:\t0-1\n");
    Limits("unlimited", "65536");
    Put("/sys/devices/system/cpu/online", "0-3\n");
    Put("/sys/devices/system/cpu/isolated", "2-3\n");
    Put("/sys/devices/system/node/online", "0\n");
    Put(Hugepages() + "free_hugepages", "512\n");
    Put(Hugepages() + "nr_hugepages", "600\n");
    Nic(kNic, "vfio-pci", "17");
    Put("/dev/vfio/17", "");
    system_.clock = [] { return ClockState{true, 1500}; };

    config_.dataplane.ports.resize(1);
    config_.dataplane.ports[0].device = kNic;
    config_.dataplane.worker_cpus = {2, 3};
    config_.store.path = folder_ / "store";
    config_.store.spool_bytes = 1;
    for (const std::int64_t length : config_.window_lengths_ns)
      config_.store.retention.push_back({length, {0, 1}});
    config_.sinks.ndjson.push_back({folder_ / "hosts.ndjson"});
    config_.http.listen.port = 0;  // any
  }

  static std::string Hugepages() { return "/sys/kernel/mm/hugepages/hugepages-2048kB/"; }
  fs::path At(const std::string& path) const { return folder_ / "root" + path; }
  void Put(const std::string& path, const std::string& text) {
    fs::create_directories(At(path).parent_path());
    WriteFile(At(path), text);
  }
  void Link(const std::string& path, const std::string& target) {
    fs::create_directories(At(path).parent_path());
    fs::remove(At(path));
    fs::create_symlink(target, At(path));
  }
  void Limits(const std::string& memlock, const std::string& files) {
    Put("/proc/self/limits",
        "Limit                     Soft Limit           Hard Limit           Units     \n"
        "Max open files            1024                 " +
            files +
            "               files     \n"
            "Max locked memory         65536                " +
            memlock + "            bytes     \n");
  }
  /// A NIC with its driver and IOMMU group; "" for none.
  void Nic(const std::string& pci, const std::string& driver, const std::string& group) {
    const std::string root = "/sys/bus/pci/devices/" + pci;
    Put(root + "/numa_node", "-1\n");
    fs::remove(At(root + "/driver"));
    fs::remove(At(root + "/iommu_group"));
    if (!driver.empty()) Link(root + "/driver", "../../../bus/pci/drivers/" + driver);
    if (group.empty()) return;
    Put("/sys/kernel/iommu_groups/" + group + "/devices/" + pci, "");
    Link(root + "/iommu_group", At("/sys/kernel/iommu_groups/" + group).string());
  }

  Finding Of(const std::string& check) const {
    for (const Finding& finding : Examine(config_, system_)) {
      if (finding.check == check) return finding;
    }
    ADD_FAILURE() << "nothing is said of " << check;
    return {};
  }
  void Expect(const std::string& check, Verdict verdict, const std::string& text,
              const std::string& mend = "") {
    const Finding finding = Of(check);
    EXPECT_EQ(finding.verdict, verdict) << check << ": " << finding.text;
    EXPECT_THAT(finding.text, HasSubstr(text));
    EXPECT_THAT(finding.mend, HasSubstr(mend));
    EXPECT_EQ(finding.mend.empty(), verdict == Verdict::kOk) << check;
  }
  const std::string nic_ = std::string("port ") + kNic;

  TemporaryFolder folder_;
  SystemView system_;
  Config config_;
};

TEST_F(DoctorTest, AGoodMachineHasNothingToMend) {
  const Findings findings = Examine(config_, system_);
  for (const Finding& finding : findings) {
    // A folder for tests may be in memory.
    if (finding.check == "store" && finding.text.find("tmpfs") != std::string::npos) continue;
    EXPECT_EQ(finding.verdict, Verdict::kOk) << finding.check << ": " << finding.text;
    EXPECT_THAT(finding.mend, IsEmpty());
  }
  EXPECT_EQ(findings.size(), 13U);
  EXPECT_FALSE(fs::exists(folder_ / "store")) << "nothing is left behind";
  EXPECT_FALSE(fs::exists(folder_ / "hosts.ndjson"));
}

TEST_F(DoctorTest, Processor) {
  Put("/proc/cpuinfo", "flags\t\t: fpu avx bmi1 bmi2 f16c fma abm xsave\n");
  Expect("processor", Verdict::kFail, "lacks of x86-64-v3: avx2 movbe", "-cpu host");
  Expect("time stamp counter", Verdict::kWarn, "windows may close late", "invtsc");
}

TEST_F(DoctorTest, Cores) {
  Expect("cores", Verdict::kOk, "workers on 2-3, all else on 0-1");
  config_.dataplane.worker_cpus = {3, 9};
  Expect("cores", Verdict::kFail, "worker CPU 9: this process may not use it",
         "/sys/devices/system/cpu/online");
}

TEST_F(DoctorTest, Isolation) {
  config_.dataplane.worker_cpus = {1, 2, 3};
  Expect("isolation", Verdict::kWarn, "the workers' cores 1, and",
         "isolcpus=managed_irq,domain,1-3 nohz_full=1-3 rcu_nocbs=1-3");
  Put("/sys/devices/system/cpu/isolated", "\n");
  Expect("isolation", Verdict::kWarn, "the workers' cores 1-3, and");
  config_.dataplane.idle_sleep_us = 200;
  Expect("isolation", Verdict::kOk, "not needed");
}

TEST_F(DoctorTest, Numa) {
  Put("/sys/devices/system/node/online", "0-1\n");
  Put("/sys/devices/system/node/node0/cpulist", "0,2\n");
  Put("/sys/devices/system/node/node1/cpulist", "1,3\n");
  Expect("NUMA", Verdict::kOk, "no port is tied to a node");
  Put(std::string("/sys/bus/pci/devices/") + kNic + "/numa_node", "1\n");
  Expect("NUMA", Verdict::kWarn, "ports are on node 1, workers on cores elsewhere: 2", "from 1,3");
  config_.dataplane.worker_cpus = {1, 3};
  Expect("NUMA", Verdict::kOk, "ports and workers are on node 1");
}

TEST_F(DoctorTest, Hugepages) {
  Put(Hugepages() + "free_hugepages", "3\n");
  config_.dataplane.eal.memory_mib = 105;
  Expect("hugepages", Verdict::kWarn, "6 MiB are free, 105 MiB are needed",
         "echo 650 > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
  config_.dataplane.eal.hugepages = dataplane::Hugepages::kRequire;
  Expect("hugepages", Verdict::kFail, "6 MiB are free");
  Put("/sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages", "1\n");
  Expect("hugepages", Verdict::kOk, "1030 MiB are free");
  config_.dataplane.eal.hugepages = dataplane::Hugepages::kNever;
  Expect("hugepages", Verdict::kOk, "not used");
  config_.dataplane.eal.hugepages = dataplane::Hugepages::kRequire;
  fs::remove_all(At("/sys/kernel/mm/hugepages"));
  Expect("hugepages", Verdict::kFail, "0 MiB are free", "dpdk.hugepages: no");
}

TEST_F(DoctorTest, Limits) {
  Limits("8388608", "100");
  Expect("locked memory", Verdict::kFail, "the limit is 8 MiB, packet buffers take", "LimitMEMLOCK=infinity");
  Expect("open files", Verdict::kFail, "up to 100; ", "LimitNOFILE=65536");
  Put("/proc/self/status", "CapEff:\t000001ffffffffff\nCpus_allowed_list:\t0-3\n");
  Expect("locked memory", Verdict::kOk, "may lock more");
  Put("/proc/self/status", "CapEff:\t0\nCpus_allowed_list:\t0-3\n");
  config_.dataplane.ports[0].device = "net_pcap0,rx_pcap=x";
  Expect("locked memory", Verdict::kOk, "no port needs any");
}

TEST_F(DoctorTest, ADeviceThatTheKernelHasOrNobody) {
  Nic(kNic, "ixgbe", "17");
  Put(std::string("/sys/bus/pci/devices/") + kNic + "/net/eth2/flags", "0x1003\n");
  Expect(nic_, Verdict::kFail, "is the kernel's, with ixgbe as eth2",
         "driverctl set-override 0000:3b:00.0 vfio-pci");
  Nic(kNic, "", "17");
  Expect(nic_, Verdict::kFail, "has no driver", "driverctl set-override 0000:3b:00.0 vfio-pci");
  Nic(kNic, "uio_pci_generic", "");
  Expect(nic_, Verdict::kWarn, "any memory", "driverctl");
  Nic(kNic, "mlx5_core", "17");
  Expect(nic_, Verdict::kOk, "mlx5_core, which DPDK shares");
  config_.dataplane.ports[0].device = "0000:3b:00.1";
  Expect("port 0000:3b:00.1", Verdict::kFail, "there is no such device", "lspci");
}

TEST_F(DoctorTest, TheIommuGroupOfADevice) {
  Nic("0000:3b:00.1", "ixgbe", "17");
  Expect(nic_, Verdict::kFail, "a device with another driver: 0000:3b:00.1 (ixgbe)",
         "driverctl set-override 0000:3b:00.1 vfio-pci");
  Nic("0000:3b:00.1", "pcieport", "17");
  Expect(nic_, Verdict::kOk, "IOMMU group 17");
  fs::remove(At("/dev/vfio/17"));
  Expect(nic_, Verdict::kFail, "/dev/vfio/17 is not there", "modprobe vfio-pci");
  Nic(kNic, "vfio-pci", "");
  Expect(nic_, Verdict::kFail, "there is no IOMMU", "intel_iommu=on");
  Put("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y\n");
  Expect(nic_, Verdict::kWarn, "without an IOMMU", "intel_iommu=on");
}

TEST_F(DoctorTest, VirtualDevices) {
  config_.dataplane.ports[0].device = "net_af_xdp0,iface=eth1,start_queue=0";
  Expect("port net_af_xdp0", Verdict::kFail, "there is no interface eth1", "ip link");
  Put("/sys/class/net/eth1/flags", "0x1002\n");
  Expect("port net_af_xdp0", Verdict::kFail, "eth1 is down", "ip link set eth1 up");
  Put("/sys/class/net/eth1/flags", "0x1003\n");
  Put("/sys/class/net/eth1/carrier", "0\n");
  Expect("port net_af_xdp0", Verdict::kWarn, "no link", "cable");
  Put("/sys/class/net/eth1/carrier", "1\n");
  Expect("port net_af_xdp0", Verdict::kOk, "on the interface eth1");
  config_.dataplane.ports[0].device = "net_tap0";
  Expect("port net_tap0", Verdict::kOk, "DPDK's own");
  config_.dataplane.ports.clear();
  Expect("ports", Verdict::kFail, "none is configured", "`ports`");
}

TEST_F(DoctorTest, Clock) {
  Expect("clock", Verdict::kOk, "off by at most 2 ms");
  system_.clock = [] { return ClockState{false, 16'000'000}; };
  Expect("clock", Verdict::kWarn, "not synchronized", "chrony");
}

TEST_F(DoctorTest, Store) {
  config_.store.spool_bytes = std::uint64_t{1} << 60;
  Expect("store", Verdict::kWarn, "it may grow to 1073741824.0 GiB", "store.spool");
  WriteFile(folder_ / "file", "");
  config_.store.path = folder_ / "file/store";
  Expect("store", Verdict::kFail, "is no folder", "store.path");
  config_.store.path = "/proc/store";
  Expect("store", Verdict::kFail, "/proc can't be written", "install -d -o hostscope");
  config_.store.path = "";
  Expect("store", Verdict::kWarn, "are lost", "store.path");
}

TEST_F(DoctorTest, Sinks) {
  const auto ndjson = [&](const std::string& path) {
    config_.sinks.ndjson = {{path}};
    return "sink ndjson " + path;
  };
  Expect(ndjson("-"), Verdict::kOk, "standard output");
  Expect(ndjson(folder_ / "none/hosts"), Verdict::kFail, "is no folder", "mkdir -p");
  Expect(ndjson("/proc/hosts"), Verdict::kFail, "can't be made in /proc", "chown hostscope /proc");
  config_.sinks.kafka.resize(1);
  config_.sinks.kafka[0].brokers = {"127.0.0.1:1"};
  Expect("sink kafka 127.0.0.1:1", Verdict::kFail, "does not answer: ", "sinks.kafka.brokers");
  config_.sinks.elasticsearch.resize(1);
  config_.sinks.elasticsearch[0].options.http.urls = {"http://127.0.0.1:1"};
  Expect("sink elasticsearch http://127.0.0.1:1", Verdict::kFail,
         "does not answer: GET /: http://127.0.0.1:1: ", "sinks.elasticsearch");
  config_.sinks = {};
  Expect("sinks", Verdict::kOk, "standard output");
}

TEST_F(DoctorTest, Http) {
  Expect("http 127.0.0.1:0", Verdict::kOk, "can be listened on");
  const int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  ASSERT_EQ(bind(other, reinterpret_cast<const sockaddr*>(&address), length), 0);
  ASSERT_EQ(listen(other, 1), 0);
  ASSERT_EQ(getsockname(other, reinterpret_cast<sockaddr*>(&address), &length), 0);
  config_.http.listen.port = ntohs(address.sin_port);
  Expect("http 127.0.0.1:" + std::to_string(config_.http.listen.port), Verdict::kWarn, "is in use",
         "ss -ltnp");
  close(other);
  config_.http.listen = *http::ParseListenAddress("192.0.2.1:0");
  Expect("http 192.0.2.1:0", Verdict::kFail, "no address of this machine", "http.listen");
  config_.http.tokens_path = folder_ / "none";
  Expect("http", Verdict::kFail, "tokens", "needed: ");
  config_.http.is_enabled = false;
  EXPECT_THAT(ToText(Examine(config_, system_)), Not(HasSubstr("http")));
}

TEST_F(DoctorTest, TextAndJson) {
  const Findings findings = {{"a", Verdict::kOk, "good", ""},
                             {"b", Verdict::kWarn, "so \"so\"", "do"},
                             {"c", Verdict::kFail, "bad", "undo"}};
  EXPECT_EQ(ToText(findings),
            "ok    a: good\n"
            "warn  b: so \"so\"\n      mend: do\n"
            "FAIL  c: bad\n      mend: undo\n");
  EXPECT_EQ(ToJson(findings), R"({"ok":false,"checks":[{"check":"a","verdict":"ok","text":"good"},)"
                              R"({"check":"b","verdict":"warn","text":"so \"so\"","mend":"do"},)"
                              R"({"check":"c","verdict":"fail","text":"bad","mend":"undo"}]})"
                              "\n");
  EXPECT_TRUE(app::HasFailure(findings));
  EXPECT_THAT(ToJson({}), StartsWith(R"({"ok":true)"));
}

TEST_F(DoctorTest, CpuListsAsTheKernelWritesThem) {
  EXPECT_EQ(ToCpuList(ParseCpuList("0-3,8,10-11")), "0-3,8,10-11");
  EXPECT_THAT(ParseCpuList(""), IsEmpty());
  EXPECT_THAT(ParseCpuList("(null)"), IsEmpty());
}

// The machine that this runs on, whatever it is.
TEST(DoctorCommandTest, ThisMachine) {
  const TemporaryFolder folder;
  WriteFile(folder / "c.yaml",
            "ports: [{device: net_tap0, addresses: [192.0.2.1]}]\n"
            "dpdk: {hugepages: no}\ncores: {idle_sleep: 1ms}\nhttp: {listen: \"127.0.0.1:0\"}\n"
            "sinks: {ndjson: [{path: " +
                (folder / "hosts.ndjson") + "}]}\n");
  const Finished good = RunHostscope({"doctor", "-c", folder / "c.yaml"});
  EXPECT_EQ(good.status, 0) << good.out << good.err;
  EXPECT_THAT(good.out, HasSubstr("ok    configuration: " + (folder / "c.yaml") + " has no problems\n"));
  EXPECT_THAT(good.out, HasSubstr("ok    processor: has x86-64-v3\n"));
  EXPECT_THAT(good.out, ContainsRegex("ok    open files: (unlimited|up to [0-9]+)\n"));
  EXPECT_THAT(good.out, ContainsRegex("(ok|warn)  +clock: is (not )?synchronized"));
  EXPECT_THAT(good.out, Not(HasSubstr("FAIL")));

  WriteFile(folder / "c.yaml",
            "ports: [{device: \"0000:7f:1f.7\", addresses: [192.0.2.1]}]\n"
            "sinks: {ndjson: [{path: /nonexistent/hosts.ndjson}], kafka: [{brokers: [\"127.0.0.1:1\"]}]}\n");
  const Finished bad = RunHostscope({"doctor", "--json", "-c", folder / "c.yaml"});
  EXPECT_EQ(bad.status, 1) << bad.out << bad.err;
  simdjson::dom::parser parser;
  const simdjson::dom::element json = parser.parse(bad.out);
  EXPECT_FALSE(bool(json["ok"]));
  std::map<std::string, std::string> verdicts;
  for (const auto check : json["checks"]) {
    verdicts.emplace(check["check"].get_string().value(), check["verdict"].get_string().value());
    EXPECT_EQ(check["mend"].error() == simdjson::SUCCESS, std::string_view(check["verdict"]) != "ok");
  }
  EXPECT_EQ(verdicts.at("port 0000:7f:1f.7"), "fail");
  EXPECT_EQ(verdicts.at("sink ndjson /nonexistent/hosts.ndjson"), "fail");
  EXPECT_EQ(verdicts.at("sink kafka 127.0.0.1:1"), "fail");
  EXPECT_EQ(verdicts.at("store"), "warn");
}

TEST(DoctorCommandTest, AConfigurationWithProblemsIsTheOnlyThingSaid) {
  const TemporaryFolder folder;
  WriteFile(folder / "c.yaml", "colour: red\nwindows: []\n");
  const Finished finished = RunHostscope({"doctor", "-c", folder / "c.yaml"});
  EXPECT_EQ(finished.status, 1);
  EXPECT_THAT(finished.out,
              StartsWith("FAIL  configuration: " + (folder / "c.yaml") + ":1: colour: is not a known key"));
  EXPECT_THAT(finished.out,
              HasSubstr("FAIL  configuration: " + (folder / "c.yaml") + ":2: windows: is empty"));
  EXPECT_THAT(finished.out, Not(HasSubstr("processor")));
}

}  // namespace
}  // namespace hostscope::app::testing
