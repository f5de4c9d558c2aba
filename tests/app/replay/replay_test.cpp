#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "exporter/encoding/address_text.h"
#include "tests/app/replay/replay_fixture.h"

namespace hostscope::app::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kMillisecond = 1'000'000;

class ReplayTest : public ReplayFixture {};

std::vector<std::string> HostLinesOf(const std::vector<Record>& records,
                                     const std::vector<std::string>& lines, double seconds) {
  std::vector<std::string> kept;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (!records[i].is_window_record && records[i].seconds == seconds) kept.push_back(lines[i]);
  }
  return kept;
}

TEST_F(ReplayTest, WritesOneRecordForEachHostThenTheWindow) {
  const std::string pcap = Put(
      "a.pcap",
      PcapOf({Netflow5Frame(kNewYearNs + 3 * kSecond, {{.packets = 3, .bytes = 300, .tcp_flags = 0x12}})}));
  const std::vector<std::string> lines = LinesOf(Replay({pcap}).out);
  const std::string head =
      R"({"@timestamp":"2026-01-01T00:00:00.000Z","window":{"start":"2026-01-01T00:00:00.000Z",)"
      R"("end":"2026-01-01T00:00:10.000Z","seconds":10},"observer":{"name":"hostscope"},)";
  const std::string role =
      R"({"flows":1,"packets":3,"bytes":300,"avg_duration":1,"peers":1,"src_ports":1,"dst_ports":1,)"
      R"("tcp_flags":{"fin":0,"syn":1,"rst":0,"psh":0,"ack":1,"urg":0,"ece":0,"cwr":0},)"
      R"("protocols":{"tcp":1,"udp":0,"icmp":0,"other":0}},"record_id":")";
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_THAT(lines[0], ::testing::StartsWith(
                            head + R"("host":{"ip":"10.0.0.1","network":"0.0.0.0/0"},"sent":)" + role));
  EXPECT_THAT(lines[1], ::testing::StartsWith(
                            head + R"("host":{"ip":"10.0.0.2","network":"0.0.0.0/0"},"received":)" + role));
  EXPECT_EQ(lines[2], head + R"("summary":{"hosts":2,"other_hosts":0,"flows":1,"packets":3,"bytes":300,)"
                             R"("exporters":1,"dropped":0,"sequence_loss":0,"sampled_share":0}})");
}

TEST_F(ReplayTest, Stream4FlowSchemaHasTheSentRoleAlone) {
  const std::string pcap =
      Put("a.pcap", PcapOf({Netflow5Frame(kNewYearNs, {{.packets = 3, .bytes = 300, .tcp_flags = 0x82}})}));
  EXPECT_EQ(
      Replay({"--schema", "stream4flow", pcap}).out,
      R"({"@type":"host_stats","src_ip":"10.0.0.1","stats":{"total":{"flow":1,"packets":3,"bytes":300},)"
      R"("avg_flow_duration":1,"dport_count":1,"peer_number":1,)"
      R"("tcp_flags":{"FIN":0,"SYN":1,"RST":0,"PSH":0,"ACK":0,"URG":0,"ECE":0,"CRW":1}}})"
      "\n");
}

TEST_F(ReplayTest, TheSameCapturesGiveTheSameOutput) {
  const std::string pcap =
      Generate("a.pcap", {"--hosts", "2000", "--records", "50000", "--ipv6-share", "0.3"});
  const std::vector<std::string> arguments = {"--windows", "100ms,500ms", pcap};
  const std::string once = Replay(arguments).out;
  const std::string stats = ReadFile(folder_ / "stats");
  EXPECT_TRUE(Replay(arguments).out == once);
  EXPECT_EQ(ReadFile(folder_ / "stats"), stats);
}

TEST_F(ReplayTest, WindowsAndAddressesAreInOrder) {
  const std::string pcap = Generate("a.pcap", {"--hosts", "300", "--records", "20000", "--rate", "10000",
                                               "--ipv6-share", "0.3", "--exporters", "4"});
  const std::vector<Record> records = ParseRecords(Replay({"--windows", "250ms,500ms,1s", pcap}).out);
  // By what a window's records are sorted: its end, its length, then the address; the window record is last.
  using Key = std::tuple<std::string, double, bool, Address>;
  std::vector<Key> keys;
  std::set<std::string> ids;
  std::map<double, int> windows;
  for (const Record& record : records) {
    const Address address = record.is_window_record ? Address{} : exporter::ParseAddress(record.host).value();
    keys.emplace_back(record.end, record.seconds, record.is_window_record, address);
    if (record.is_window_record) ++windows[record.seconds];
    if (!record.is_window_record) {
      EXPECT_TRUE(ids.insert(record.id).second) << record.id;
    }
  }
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  EXPECT_EQ(windows, (std::map<double, int>{{0.25, 8}, {0.5, 4}, {1, 2}}));
}

TEST_F(ReplayTest, LongerWindowsAreTheSumsOfShorterOnes) {
  const std::string pcap = Generate("a.pcap", {"--hosts", "200", "--records", "20000", "--rate", "5000"});
  const std::vector<Record> records = ParseRecords(Replay({"--windows", "1s,4s", pcap}).out);
  std::map<std::string, Role> sums;
  std::map<std::string, std::uint64_t> most_peers;
  for (const Record& record : records) {
    if (record.is_window_record || !record.sent) continue;
    Role& sum = sums[record.host];
    const Role& sent = *record.sent;
    if (record.seconds == 1) {
      sum.flows += sent.flows;
      sum.packets += sent.packets;
      sum.bytes += sent.bytes;
      sum.tcp += sent.tcp;
      for (std::size_t i = 0; i < sum.tcp_flags.size(); ++i) sum.tcp_flags[i] += sent.tcp_flags[i];
      sum.peers += sent.peers;
      most_peers[record.host] = std::max(most_peers[record.host], sent.peers);
      continue;
    }
    EXPECT_EQ(sent.flows, sum.flows) << record.host;
    EXPECT_EQ(sent.packets, sum.packets) << record.host;
    EXPECT_EQ(sent.bytes, sum.bytes) << record.host;
    EXPECT_EQ(sent.tcp, sum.tcp) << record.host;
    EXPECT_EQ(sent.tcp_flags, sum.tcp_flags) << record.host;
    EXPECT_LE(sent.peers, sum.peers) << record.host;
    EXPECT_GE(sent.peers, most_peers[record.host]) << record.host;
  }
  EXPECT_GT(sums.size(), 150U);
}

TEST_F(ReplayTest, ARollUpIsWhatOneLongWindowWouldHaveBeen) {
  // Busy hosts among them, whose peers and ports are estimates: merging them must lose nothing.
  const std::string pcap = Generate(
      "a.pcap", {"--hosts", "30000", "--records", "200000", "--rate", "50000", "--ipv6-share", "0.2"});
  const std::vector<std::string> rolled = LinesOf(Replay({"--windows", "500ms,4s", pcap}).out);
  const std::vector<std::string> direct = LinesOf(Replay({"--windows", "4s", pcap}).out);
  const auto of_4s = [](const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) text += line + '\n';
    return HostLinesOf(ParseRecords(text), lines, 4);
  };
  const std::vector<std::string> expected = of_4s(direct);
  EXPECT_GT(expected.size(), 10'000U);
  EXPECT_TRUE(of_4s(rolled) == expected);
}

TEST_F(ReplayTest, AnyNumberOfLengthsGoesTogether) {
  const std::string pcap = Generate("a.pcap", {"--hosts", "50", "--records", "6000", "--rate", "1000"});
  const std::vector<std::string> lengths = {"100ms", "200ms", "500ms", "600ms", "1s", "1800ms", "5s"};
  std::string list;
  for (std::size_t count = 1; count <= lengths.size(); ++count) {
    list += (count > 1 ? "," : "") + lengths[count - 1];
    std::map<double, double> flows_of_length;
    for (const Record& record : ParseRecords(Replay({"--windows", list, pcap}).out)) {
      if (record.is_window_record) flows_of_length[record.seconds] += record.summary.at("flows");
    }
    ASSERT_EQ(flows_of_length.size(), count);
    for (const auto& [seconds, sum] : flows_of_length)
      EXPECT_EQ(sum, 6000) << list << ", " << seconds << " s";
    EXPECT_EQ(stats_.at("windows.overruns"), 0);
  }
}

TEST_F(ReplayTest, ABaseOf100MillisecondsRollsUpInto10Seconds) {
  // 12 seconds of traffic, with a silence in it.
  std::vector<TimedFrame> frames;
  for (std::int64_t i = 0; i < 600; ++i) {
    if (i >= 300 && i < 310) continue;
    frames.push_back(Netflow5Frame(kNewYearNs + i * 20 * kMillisecond, {{.packets = 2, .bytes = 200}},
                                   static_cast<std::uint32_t>(i)));
  }
  const std::string pcap = Put("a.pcap", PcapOf(frames));
  const Finished run = Replay({"--windows", "100ms,500ms,10s", pcap});
  EXPECT_THAT(run.out, HasSubstr(R"("end":"2026-01-01T00:00:00.100Z","seconds":0.1})"));
  std::map<double, std::map<std::string, double>> flows;  // by length, by start
  for (const Record& record : ParseRecords(run.out)) {
    if (record.is_window_record) flows[record.seconds][record.start] += record.summary.at("flows");
    if (!record.is_window_record && record.sent) {
      EXPECT_EQ(record.sent->bytes, 200 * record.sent->flows);
    }
  }
  ASSERT_EQ(flows.size(), 3U);
  EXPECT_EQ(flows[0.1].size(), 118U);  // not those of the silence
  for (const auto& [start, count] : flows[0.1]) EXPECT_EQ(count, 5) << start;
  EXPECT_EQ(flows[0.5].size(), 24U);
  EXPECT_EQ(flows[0.5].at("2026-01-01T00:00:06.000Z"), 15);
  EXPECT_EQ(flows[0.5].at("2026-01-01T00:00:06.500Z"), 25);
  EXPECT_EQ(flows[10], (std::map<std::string, double>{{"2026-01-01T00:00:00.000Z", 490},
                                                      {"2026-01-01T00:00:10.000Z", 100}}));
  EXPECT_EQ(stats_.at("windows.overruns"), 0);
}

TEST_F(ReplayTest, AWindowEndsBeforeTheNanosecondAtWhichTheNextBegins) {
  const auto at = [](std::int64_t offset_ns, std::uint32_t sequence) {
    return Netflow5Frame(kNewYearNs + offset_ns, {{}}, sequence);
  };
  const std::string pcap =
      Put("a.pcap", PcapOf({at(10 * kSecond - 1, 0), at(10 * kSecond, 1), at(39 * kSecond, 2)}));
  std::vector<std::string> starts;
  for (const Record& record : ParseRecords(Replay({pcap}).out)) {
    if (!record.is_window_record) continue;
    starts.push_back(record.start.substr(11, 8));
    EXPECT_EQ(record.summary.at("flows"), 1);
  }
  // Nothing is said of a window in which nothing arrived.
  EXPECT_THAT(starts, ElementsAre("00:00:00", "00:00:10", "00:00:30"));
}

TEST_F(ReplayTest, SeveralCapturesAreMergedByTime) {
  const std::string whole =
      Generate("whole.pcap", {"--hosts", "200", "--records", "20000", "--rate", "10000", "--exporters", "3"});
  std::vector<std::vector<TimedFrame>> parts(3);
  const std::vector<TimedFrame> frames = FramesOf(ReadFile(whole));
  for (std::size_t i = 0; i < frames.size(); ++i) parts[(i * i) % 7 % 3].push_back(frames[i]);
  std::vector<std::string> arguments = {"--windows", "200ms"};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    arguments.push_back(Put("part" + std::to_string(i), PcapOf(parts[i])));
  }
  const std::string merged = Replay(arguments).out;
  EXPECT_EQ(stats_.at("sequence_gaps"), 0);
  EXPECT_TRUE(Replay({"--windows", "200ms", whole}).out == merged);
}

TEST_F(ReplayTest, StandardInputIsACaptureToo) {
  // An empty one, since nothing is there.
  const Finished finished = RunHostscope({"replay", "-"});
  EXPECT_EQ(finished.status, 1);
  EXPECT_THAT(finished.err, HasSubstr("-: not a capture that can be read"));
}

TEST_F(ReplayTest, NetworksSayWhoIsAHost) {
  const ipfix::test::Netflow5Record inside{.source = "10.1.2.3", .destination = "10.9.9.9", .bytes = 1};
  const ipfix::test::Netflow5Record out{.source = "10.1.2.3", .destination = "192.0.2.1", .bytes = 10};
  const ipfix::test::Netflow5Record in{.source = "192.0.2.1", .destination = "10.1.2.3", .bytes = 100};
  const ipfix::test::Netflow5Record past{.source = "192.0.2.1", .destination = "192.0.2.2", .bytes = 1000};
  const std::string pcap = Put("a.pcap", PcapOf({Netflow5Frame(kNewYearNs, {inside, out, in, past})}));
  const std::vector<Record> records =
      ParseRecords(Replay({"--networks", "10.0.0.0/8,10.1.0.0/16", pcap}).out);
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].host, "10.1.2.3");
  EXPECT_EQ(records[0].network, "10.1.0.0/16");
  EXPECT_EQ(records[0].sent->bytes, 11U);
  EXPECT_EQ(records[0].sent->peers, 2U);
  EXPECT_EQ(records[0].received->bytes, 100U);
  EXPECT_EQ(records[1].host, "10.9.9.9");
  EXPECT_EQ(records[1].network, "10.0.0.0/8");
  EXPECT_FALSE(records[1].sent);
  EXPECT_EQ(records[2].summary.at("flows"), 3);
  EXPECT_EQ(records[2].summary.at("bytes"), 111);
  EXPECT_EQ(stats_.at("records.seen"), 4);
  EXPECT_EQ(stats_.at("records.counted"), 3);
  EXPECT_EQ(stats_.at("records.skipped.unmonitored"), 1);
}

TEST_F(ReplayTest, AConfigurationIsFollowedAndOptionsGoFirst) {
  const std::string pcap = Put("a.pcap", PcapOf({Netflow5Frame(kNewYearNs, {{}}, 0, "198.51.100.1"),
                                                 Netflow5Frame(kNewYearNs, {{}}, 0, "198.51.100.2")}));
  WriteFile(folder_ / "c.yaml",
            "observer: {name: mon7}\n"
            "windows: [1m, 20s]\n"
            "networks: [10.0.0.2/32]\n"
            "exporters:\n"
            "  only_listed: true\n"
            "  rules:\n"
            "    - {prefix: 198.51.100.2/32, sampling_rate: 10}\n");
  Finished finished = Replay({"-c", folder_ / "c.yaml", pcap});
  std::vector<Record> records = ParseRecords(finished.out);
  ASSERT_EQ(records.size(), 4U);
  EXPECT_THAT(finished.out, HasSubstr(R"("observer":{"name":"mon7"})"));
  EXPECT_EQ(records[0].seconds, 20);
  EXPECT_EQ(records[0].host, "10.0.0.2");
  EXPECT_EQ(records[0].received->bytes, 1000U);
  EXPECT_EQ(records[2].seconds, 60);
  EXPECT_EQ(records[1].summary.at("dropped"), 1);
  EXPECT_EQ(stats_.at("datagrams.dropped.exporter_refused"), 1);

  records = ParseRecords(Replay({"-c", folder_ / "c.yaml", "--windows", "5s", "--networks", "::/0,0.0.0.0/0",
                                 "--sampling", "ignore", pcap})
                             .out);
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].seconds, 5);
  EXPECT_EQ(records[0].host, "10.0.0.1");
  EXPECT_EQ(records[0].sent->bytes, 100U);
}

TEST_F(ReplayTest, HostsForWhichThereIsNoRoomAreCountedTogether) {
  const std::string pcap = Generate("a.pcap", {"--hosts", "5000", "--records", "30000", "--zipf", "0"});
  WriteFile(folder_ / "c.yaml", "memory: {hosts: 1000, sketches: 1MiB}\nwindows: [1h]\n");
  const std::vector<Record> records = ParseRecords(Replay({"-c", folder_ / "c.yaml", pcap}).out);
  std::uint64_t sent_flows = 0;
  std::uint64_t received_bytes = 0;
  std::size_t others = 0;
  for (const Record& record : records) {
    if (record.sent) sent_flows += record.sent->flows;
    if (record.received) received_bytes += record.received->bytes;
    if (record.is_other) ++others;
  }
  EXPECT_EQ(sent_flows, 30'000U);
  EXPECT_EQ(static_cast<double>(received_bytes), summary_.at("bytes"));
  EXPECT_EQ(others, 1U);
  EXPECT_EQ(records.back().summary.at("flows"), 30'000);
  EXPECT_EQ(records.back().summary.at("hosts"), 1000);
  EXPECT_EQ(stats_.at("hosts"), 1000);
  EXPECT_GT(stats_.at("windows.overflows"), 0);
}

TEST_F(ReplayTest, LostDatagramsAreEstimatedFromSequenceNumbers) {
  for (const char* format : {"ipfix", "v9", "v5"}) {
    const std::string whole = Generate("whole.pcap", {"--format", format, "--hosts", "100", "--records",
                                                      "3000", "--records-per-datagram", "10"});
    std::vector<TimedFrame> frames = FramesOf(ReadFile(whole));
    ASSERT_EQ(frames.size(), 300U);
    frames.erase(frames.begin() + 100, frames.begin() + 130);
    const std::vector<Record> records = ParseRecords(Replay({Put("less.pcap", PcapOf(frames))}).out);
    EXPECT_EQ(stats_.at("records.counted"), 2700) << format;
    EXPECT_EQ(stats_.at("sequence_gaps"), std::string(format) == "v9" ? 30 : 300) << format;
    EXPECT_DOUBLE_EQ(records.back().summary.at("sequence_loss"), 0.1) << format;
  }
}

TEST_F(ReplayTest, ClocksThatGoBackDoNotReopenAWindow) {
  const std::string pcap =
      Put("a.pcap", PcapOf({Netflow5Frame(kNewYearNs + 15 * kSecond, {{}}, 0),
                            Netflow5Frame(kNewYearNs + 5 * kSecond, {{}}, 1),
                            Netflow5Frame(kNewYearNs + 16 * kSecond + 500 * kMillisecond, {{}}, 2)}));
  const std::vector<Record> records = ParseRecords(Replay({pcap}).out);
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[2].summary.at("flows"), 3);
  EXPECT_EQ(stats_.at("windows.late_flows"), 1);
}

}  // namespace
}  // namespace hostscope::app::testing
