#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "app/generate/traffic.h"
#include "exporter/encoding/address_text.h"
#include "tests/app/replay/replay_fixture.h"

// Three million flow records between a million hosts: sums to the last byte, and distinct counts of the
// busiest.
namespace hostscope::app::testing {
namespace {

constexpr std::uint64_t kHosts = 1'000'000;
constexpr std::uint64_t kRecords = 3'000'000;
constexpr std::size_t kBusiest = 100;

GenerateOptions Options() {
  GenerateOptions options;
  options.hosts = kHosts;
  options.records = kRecords;
  options.zipf = 1.0;
  options.ipv4_network = exporter::ParsePrefix("10.0.0.0/8").value();
  return options;
}

/// What the busiest senders did, counted from the generator's flows with sets: the truth of all hosts would
/// take more memory and time than the test is worth.
class BusiestSenders {
 public:
  BusiestSenders() {
    std::vector<std::uint32_t> flows(kHosts);
    ForEachFlow([&](const SyntheticFlow& flow) { ++flows[flow.source_index]; });
    std::vector<std::uint32_t> order(kHosts);
    for (std::uint32_t i = 0; i < kHosts; ++i) order[i] = i;
    std::partial_sort(order.begin(), order.begin() + kBusiest, order.end(),
                      [&](std::uint32_t a, std::uint32_t b) { return flows[a] > flows[b]; });
    for (std::size_t i = 0; i < kBusiest; ++i) chosen_[order[i]];
    ForEachFlow([&](const SyntheticFlow& flow) {
      if (const auto at = chosen_.find(flow.source_index); at != chosen_.end()) at->second.Add(flow);
    });
    for (auto& [index, host] : chosen_) by_address_[host.address] = host.Finish();
  }

  const std::map<std::string, Role>& by_address() const { return by_address_; }

 private:
  struct Host {
    std::string address;
    Role role;
    std::unordered_set<std::uint64_t> peers;
    std::unordered_set<std::uint16_t> src_ports;
    std::unordered_set<std::uint16_t> dst_ports;

    void Add(const SyntheticFlow& flow) {
      if (address.empty()) address = exporter::ToText(flow.source);
      ++role.flows;
      role.packets += flow.packets;
      role.bytes += flow.bytes;
      role.duration_ms += flow.duration_ms;
      peers.insert(flow.destination_index);
      if (flow.protocol == 6) ++role.tcp;
      if (flow.protocol == 17) ++role.udp;
      if (flow.protocol == 1) ++role.icmp;
      if (flow.protocol == 1) return;
      src_ports.insert(flow.source_port);
      dst_ports.insert(flow.destination_port);
      for (std::size_t bit = 0; bit < 8; ++bit) role.tcp_flags[bit] += flow.tcp_flags >> bit & 1U;
    }
    Role Finish() {
      role.peers = peers.size();
      role.src_ports = src_ports.size();
      role.dst_ports = dst_ports.size();
      return role;
    }
  };

  template <typename Take>
  static void ForEachFlow(Take take) {
    const GenerateOptions options = Options();
    Traffic traffic(options);
    for (std::uint64_t i = 0; i < kRecords; ++i) take(traffic.Next());
  }

  std::unordered_map<std::uint64_t, Host> chosen_;
  std::map<std::string, Role> by_address_;
};

class LargeReplayTest : public ReplayFixture {};

TEST_F(LargeReplayTest, AMillionHosts) {
  const std::string pcap =
      Generate("large.pcap", {"--hosts", std::to_string(kHosts), "--records", std::to_string(kRecords),
                              "--zipf", "1.0", "--rate", "1000000", "--exporters", "20"});
  const BusiestSenders busiest;
  std::uint64_t hosts = 0;
  std::size_t compared = 0;
  Role sent;
  Role received;
  const auto add = [](Role& sum, const std::optional<Role>& role) {
    if (!role) return;
    sum.flows += role->flows;
    sum.packets += role->packets;
    sum.bytes += role->bytes;
  };
  Record last;
  const Finished finished = RunHostscope({"replay", "--windows", "1h", "--stats", folder_ / "stats", pcap},
                                         [&](std::string_view line) {
                                           last = ParseRecord(line);
                                           if (last.is_window_record) return;
                                           ++hosts;
                                           add(sent, last.sent);
                                           add(received, last.received);
                                           const auto truth = busiest.by_address().find(last.host);
                                           if (truth == busiest.by_address().end()) return;
                                           ++compared;
                                           ExpectMatches(last.sent.value(), truth->second, 1, last.host);
                                         });
  ASSERT_EQ(finished.status, 0) << finished.err;
  ASSERT_TRUE(last.is_window_record);
  stats_ = Flatten(ReadFile(folder_ / "stats"));
  ExpectBalanced(stats_);

  EXPECT_EQ(compared, kBusiest);
  EXPECT_EQ(static_cast<double>(hosts), summary_.at("hosts"));
  for (const Role& sum : {sent, received}) {
    EXPECT_EQ(sum.flows, kRecords);
    EXPECT_EQ(static_cast<double>(sum.packets), summary_.at("packets"));
    EXPECT_EQ(static_cast<double>(sum.bytes), summary_.at("bytes"));
  }
  for (const char* key : {"hosts", "flows", "packets", "bytes", "exporters"}) {
    EXPECT_EQ(last.summary.at(key), summary_.at(key)) << key;
  }
  EXPECT_EQ(last.summary.at("other_hosts"), 0);
  EXPECT_EQ(stats_.at("records.counted"), static_cast<double>(kRecords));
  EXPECT_EQ(stats_.at("sequence_gaps"), 0);
  EXPECT_EQ(stats_.at("windows.saturated"), 0);
}

}  // namespace
}  // namespace hostscope::app::testing
