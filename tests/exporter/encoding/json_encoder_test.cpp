#include "exporter/encoding/json_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cmath>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "exporter/encoding/address_text.h"
#include "exporter/encoding/json_text.h"
#include "tests/exporter/windows.h"

namespace hostscope::exporter {
namespace {

using aggregator::HostRecord;
using aggregator::HostTops;
using aggregator::NetworkRecord;
using aggregator::RoleFigures;
using aggregator::WindowSpan;
using aggregator::WindowSummary;
using simdjson::dom::element;
using ::testing::EndsWith;

std::string Encode(JsonEncoder& encoder, const HostRecord& record) {
  std::vector<char> text(encoder.max_record_size());
  return std::string(text.data(), encoder.EncodeHost(record, text.data()));
}

std::string Encode(JsonEncoder& encoder, const WindowSummary& summary) {
  std::vector<char> text(encoder.max_record_size());
  return std::string(text.data(), encoder.EncodeWindow(summary, text.data()));
}

std::string Encode(const HostRecord& record, Schema schema = Schema::kHostscope, bool partial = false) {
  JsonEncoder encoder("mon1", schema);
  encoder.SetWindow(TenSeconds(), partial);
  return Encode(encoder, record);
}

// ---- exact texts
// ------------------------------------------------------------------------------------------------

const std::string kHead =
    R"({"@timestamp":"2026-11-23T21:00:10.000Z",)"
    R"("window":{"start":"2026-11-23T21:00:10.000Z","end":"2026-11-23T21:00:20.000Z","seconds":10},)"
    R"("observer":{"name":"mon1"},)";
const std::string kSenderRole =
    R"({"flows":12,"packets":340,"bytes":41022,"avg_duration":1.734,"peers":5,"src_ports":7,"dst_ports":3,)"
    R"("tcp_flags":{"fin":3,"syn":4,"rst":0,"psh":6,"ack":9,"urg":0,"ece":0,"cwr":0},)"
    R"("protocols":{"tcp":9,"udp":3,"icmp":0,"other":0}})";

TEST(JsonEncoder, WritesTheRecordOfAHostThatSent) {
  EXPECT_EQ(Encode(SenderRecord()), kHead +
                                        R"("host":{"ip":"10.20.30.40","network":"10.20.0.0/16"},"sent":)" +
                                        kSenderRole + R"(,"record_id":"8970a0aa396381cd088fa6e77bf422d3"})");
}

TEST(JsonEncoder, WritesTheNetworkOfAHostAsAnObjectWhereAskedTo) {
  JsonEncoder encoder("mon1", Schema::kHostscope, false, HostNetwork::kObject);
  encoder.SetWindow(TenSeconds(), false);
  EXPECT_EQ(Encode(encoder, SenderRecord()),
            kHead + R"("host":{"ip":"10.20.30.40","network":{"prefix":"10.20.0.0/16"}},"sent":)" +
                kSenderRole + R"(,"record_id":"8970a0aa396381cd088fa6e77bf422d3"})");
}

// Figures of one digit take a way of their own: every mixture of 0 to 9, against plain concatenation.
TEST(JsonEncoder, WritesSmallFiguresAsAnyOthers) {
  std::mt19937_64 random(1);
  JsonEncoder encoder("mon1", Schema::kHostscope);
  encoder.SetWindow(TenSeconds(), false);
  for (int i = 0; i < 2000; ++i) {
    HostRecord record = SenderRecord();
    RoleFigures& role = record.sent;
    const std::uint64_t bound = 1 + random() % 10;
    for (std::uint64_t* figure :
         {&role.peers, &role.src_ports, &role.dst_ports, &role.tcp, &role.udp, &role.icmp}) {
      *figure = random() % bound;
    }
    for (std::uint64_t& flag : role.tcp_flags) flag = random() % bound;
    const std::uint64_t other = random() % bound;
    role.flows = role.tcp + role.udp + role.icmp + other;
    role.duration_count = 0;
    if (role.flows == 0) continue;
    std::string expected =
        R"("sent":{"flows":)" + std::to_string(role.flows) + R"(,"packets":340,"bytes":41022)";
    const auto add = [&expected](const char* name, std::uint64_t figure) {
      expected += name + std::to_string(figure);
    };
    add(R"(,"peers":)", role.peers);
    add(R"(,"src_ports":)", role.src_ports);
    add(R"(,"dst_ports":)", role.dst_ports);
    add(R"(,"tcp_flags":{"fin":)", role.tcp_flags[0]);
    constexpr const char* kNames[] = {"syn", "rst", "psh", "ack", "urg", "ece", "cwr"};
    for (std::size_t bit = 1; bit < 8; ++bit) {
      expected += std::string(",\"") + kNames[bit - 1] + "\":" + std::to_string(role.tcp_flags[bit]);
    }
    add(R"(},"protocols":{"tcp":)", role.tcp);
    add(R"(,"udp":)", role.udp);
    add(R"(,"icmp":)", role.icmp);
    add(R"(,"other":)", other);
    expected += "}}";
    ASSERT_NE(Encode(encoder, record).find(expected), std::string::npos) << expected;
  }
}

TEST(JsonEncoder, NamesTheNetworkOfEachRecord) {
  JsonEncoder encoder("mon1", Schema::kHostscope);
  encoder.SetWindow(TenSeconds(), false);
  HostRecord record = SenderRecord();
  for (const char* network :
       {"10.20.0.0/16", "10.0.0.0/8", "10.20.0.0/16", "10.20.0.0/17", "0.0.0.0/0", "::/0"}) {
    record.network = *ParsePrefix(network);
    for (const bool other : {false, true, false}) {
      record.other = other;
      EXPECT_NE(Encode(encoder, record).find(std::string(R"(,"network":")") + network + "\"}"),
                std::string::npos);
    }
  }
}

TEST(JsonEncoder, WritesTheRecordOfAHostThatReceived) {
  HostRecord record;
  record.host = *ParseAddress("2001:db8::1");
  record.network = *ParsePrefix("2001:db8::/32");
  record.received = {.flows = 1, .packets = 2, .bytes = 3, .peers = 1, .icmp = 1};
  EXPECT_EQ(Encode(record),
            kHead + R"("host":{"ip":"2001:db8::1","network":"2001:db8::/32"},)"
                    R"("received":{"flows":1,"packets":2,"bytes":3,"peers":1,"src_ports":0,"dst_ports":0,)"
                    R"("tcp_flags":{"fin":0,"syn":0,"rst":0,"psh":0,"ack":0,"urg":0,"ece":0,"cwr":0},)"
                    R"("protocols":{"tcp":0,"udp":0,"icmp":1,"other":0}},)"
                    R"("record_id":"eac84fe959e33a4620773e9de6abcfad"})");
}

TEST(JsonEncoder, WritesTheRecordOfTheOtherHostsOfANetwork) {
  HostRecord record = SenderRecord();
  record.other = true;
  record.received = record.sent;
  EXPECT_EQ(Encode(record), kHead + R"("host":{"other":true,"network":"10.20.0.0/16"},"sent":)" +
                                kSenderRole + R"(,"received":)" + kSenderRole +
                                R"(,"record_id":"93a47ea1db9c6a7b967d4bdac5c12a33"})");
}

HostTops TopsOfSender() {
  HostTops tops;
  tops.has_peers = tops.has_dst_ports = true;
  tops.sent.peers = {{{*ParseAddress("192.0.2.7"), 9}, {*ParseAddress("2001:db8::7"), 2}}, 1};
  tops.sent.dst_ports = {{{443, 8}, {53, 3}, {0, 1}}, 0};
  return tops;
}

TEST(JsonEncoder, WritesTopLists) {
  HostRecord record = SenderRecord();
  record.received = record.sent;
  record.tops = std::make_shared<HostTops>(TopsOfSender());
  const std::string head = kHead + R"("host":{"ip":"10.20.30.40","network":"10.20.0.0/16"},"sent":)" +
                           kSenderRole.substr(0, kSenderRole.size() - 1);
  const std::string received = R"(},"received":)" + kSenderRole.substr(0, kSenderRole.size() - 1);
  const std::string tail = R"(},"record_id":"8970a0aa396381cd088fa6e77bf422d3"})";
  EXPECT_EQ(Encode(record),
            head +
                R"(,"top_peers":[{"ip":"192.0.2.7","flows":9},{"ip":"2001:db8::7","flows":2}],)"
                R"("top_peers_error":1,)"
                R"("top_dst_ports":[{"port":443,"flows":8},{"port":53,"flows":3},{"port":0,"flows":1}])" +
                received + R"(,"top_peers":[],"top_dst_ports":[])" + tail);

  HostTops by_bytes = TopsOfSender();
  by_bytes.by = aggregator::TopBy::kBytes;
  by_bytes.has_peers = false;
  by_bytes.sent.dst_ports.error = 7;
  record.tops = std::make_shared<HostTops>(by_bytes);
  EXPECT_EQ(Encode(record),
            head +
                R"(,"top_dst_ports":[{"port":443,"bytes":8},{"port":53,"bytes":3},{"port":0,"bytes":1}],)"
                R"("top_dst_ports_error":7)" +
                received + R"(,"top_dst_ports":[])" + tail);
}

TEST(JsonEncoder, WritesTopListsOfAHostWithSmallFigures) {
  HostRecord record;
  record.host = *ParseAddress("2001:db8::1");
  record.network = *ParsePrefix("2001:db8::/32");
  record.received = {.flows = 1, .packets = 2, .bytes = 3, .peers = 1, .icmp = 1};
  HostTops tops;
  tops.has_peers = true;
  tops.received.peers = {{{*ParseAddress("192.0.2.7"), 1}}, 0};
  record.tops = std::make_shared<HostTops>(tops);
  EXPECT_THAT(Encode(record),
              ::testing::HasSubstr(R"("protocols":{"tcp":0,"udp":0,"icmp":1,"other":0},)"
                                   R"("top_peers":[{"ip":"192.0.2.7","flows":1}]},"record_id":)"));
}

TEST(JsonEncoder, Stream4FlowHasNoTopLists) {
  HostRecord record = SenderRecord();
  const std::string without = Encode(record, Schema::kStream4Flow);
  record.tops = std::make_shared<HostTops>(TopsOfSender());
  EXPECT_EQ(Encode(record, Schema::kStream4Flow), without);
}

TEST(JsonEncoder, WritesTheWindowRecord) {
  const WindowSummary summary{.hosts = 5,
                              .other_hosts = 1,
                              .flows = 100,
                              .packets = 2000,
                              .bytes = 30000,
                              .exporters = 3,
                              .dropped = 4,
                              .scaled_flows = 25,
                              .sequence_expected = 10000,
                              .sequence_lost = 12};
  JsonEncoder encoder("mon1", Schema::kHostscope);
  encoder.SetWindow(TenSeconds(), false);
  EXPECT_EQ(Encode(encoder, summary),
            kHead + R"("summary":{"hosts":5,"other_hosts":1,"flows":100,"packets":2000,"bytes":30000,)"
                    R"("exporters":3,"dropped":4,"sequence_loss":0.0012,"sampled_share":0.25}})");
}

TEST(JsonEncoder, AWindowRecordSaysByHowMuchTheClockWasSet) {
  JsonEncoder encoder("mon1", Schema::kHostscope);
  encoder.SetWindow(TenSeconds(), false);
  EXPECT_THAT(Encode(encoder, WindowSummary{.clock_step_ns = -3'600'250'000'000}),
              EndsWith(R"("sampled_share":0,"clock_step":-3600.25}})"));
  EXPECT_THAT(Encode(encoder, WindowSummary{.clock_step_ns = 100'000'001}),
              EndsWith(R"("sampled_share":0,"clock_step":0.100000001}})"));
}

std::string Encode(const NetworkRecord& record, Schema schema = Schema::kHostscope) {
  JsonEncoder encoder("mon1", schema);
  encoder.SetWindow(TenSeconds(), false);
  std::vector<char> text(encoder.max_record_size());
  return std::string(text.data(), encoder.EncodeNetwork(record, text.data()));
}

TEST(JsonEncoder, WritesTheNetworkRecordOfALevel) {
  EXPECT_EQ(Encode(LevelRecord()),
            kHead +
                R"("network":{"prefix":"10.20.30.0/24","type":"ipv4","level":24,"monitored":false,)"
                R"("within":"10.20.0.0/16","hosts":7},"sent":)" +
                kSenderRole + R"(,"record_id":"009bee9dc003c332c4cc90483e979584"})");
}

TEST(JsonEncoder, WritesTheNetworkRecordOfAMonitoredNetwork) {
  NetworkRecord record;
  record.prefix = *ParsePrefix("2001:db8::/32");
  record.is_monitored = true;
  record.hosts = 2;
  record.other_hosts = 1;
  record.sent = SenderRecord().sent;
  record.received = record.sent;
  EXPECT_EQ(Encode(record),
            kHead +
                R"("network":{"prefix":"2001:db8::/32","type":"ipv6","level":32,"monitored":true,"hosts":2,)"
                R"("other_hosts":1},"sent":)" +
                kSenderRole + R"(,"received":)" + kSenderRole +
                R"(,"record_id":"085d9abd250aac535cf5ce34e108260a"})");
}

TEST(JsonEncoder, MarksIncompleteNetworkRecords) {
  NetworkRecord record = LevelRecord();
  record.is_incomplete = true;
  EXPECT_NE(Encode(record).find(R"("hosts":7,"incomplete":true},"sent":)"), std::string::npos);
}

TEST(JsonEncoder, Stream4FlowHasNoNetworkRecords) {
  EXPECT_EQ(Encode(LevelRecord(), Schema::kStream4Flow), "");
  const aggregator::NetworkLevels levels;
  EXPECT_EQ(JsonEncoder("mon1", Schema::kStream4Flow).LevelsToWrite(levels), std::nullopt);
  EXPECT_EQ(JsonEncoder("mon1", Schema::kHostscope).LevelsToWrite(levels), levels);
}

TEST(JsonEncoder, TheWindowRecordSaysHowManyNetworkRecordsCameBeforeIt) {
  JsonEncoder encoder("mon1", Schema::kHostscope);
  encoder.SetWindow(TenSeconds(), false);
  std::vector<char> text(encoder.max_record_size());
  char* const end = encoder.EncodeWindow({.hosts = 5, .flows = 9}, text.data(), 4);
  EXPECT_NE(std::string(text.data(), end).find(R"("hosts":5,"other_hosts":0,"networks":4,"flows":9,)"),
            std::string::npos);
}

TEST(JsonEncoder, MarksPartialWindows) {
  const std::string text = Encode(SenderRecord(), Schema::kHostscope, true);
  EXPECT_NE(text.find(R"("seconds":10},"partial":true,"observer":)"), std::string::npos) << text;
  EXPECT_EQ(Encode(SenderRecord()).find("partial"), std::string::npos);
  JsonEncoder encoder("mon1", Schema::kHostscope);
  encoder.SetWindow(TenSeconds(), true);
  EXPECT_NE(Encode(encoder, WindowSummary{}).find(R"(},"partial":true,"observer":)"), std::string::npos);
}

TEST(JsonEncoder, WritesStream4FlowsShape) {
  EXPECT_EQ(
      Encode(SenderRecord(), Schema::kStream4Flow),
      R"({"@type":"host_stats","src_ip":"10.20.30.40","stats":{"total":{"flow":12,"packets":340,"bytes":41022},)"
      R"("avg_flow_duration":1.734,"dport_count":3,"peer_number":5,)"
      R"("tcp_flags":{"FIN":3,"SYN":4,"RST":0,"PSH":6,"ACK":9,"URG":0,"ECE":0,"CRW":0}}})");
}

TEST(JsonEncoder, Stream4FlowKnowsOnlyHostsThatSent) {
  HostRecord receiver = SenderRecord();
  std::swap(receiver.sent, receiver.received);
  EXPECT_EQ(Encode(receiver, Schema::kStream4Flow), "");
  HostRecord other = SenderRecord();
  other.other = true;
  EXPECT_EQ(Encode(other, Schema::kStream4Flow), "");
  JsonEncoder encoder("mon1", Schema::kStream4Flow);
  encoder.SetWindow(TenSeconds(), false);
  EXPECT_EQ(Encode(encoder, WindowSummary{.flows = 1}), "");
  EXPECT_EQ(encoder.window_records(), 0U);
}

// ---- numbers
// ----------------------------------------------------------------------------------------------------

std::string SecondsOf(std::int64_t length_ns) {
  JsonEncoder encoder("mon1", Schema::kHostscope);
  encoder.SetWindow({ReceiveTime{length_ns}, length_ns}, false);
  const std::string text = Encode(encoder, SenderRecord());
  const std::size_t at = text.find("\"seconds\":") + 10;
  return text.substr(at, text.find('}', at) - at);
}

TEST(JsonEncoder, WindowSecondsAreExact) {
  EXPECT_EQ(SecondsOf(500 * kNanosecondsPerMillisecond), "0.5");
  EXPECT_EQ(SecondsOf(100 * kNanosecondsPerMillisecond), "0.1");
  EXPECT_EQ(SecondsOf(1 * kNanosecondsPerSecond), "1");
  EXPECT_EQ(SecondsOf(1250 * kNanosecondsPerMillisecond), "1.25");
  EXPECT_EQ(SecondsOf(300 * kNanosecondsPerSecond), "300");
  EXPECT_EQ(SecondsOf(86400 * kNanosecondsPerSecond), "86400");
  EXPECT_EQ(SecondsOf(1), "0.000000001");
}

std::string MeanOf(std::uint64_t sum_us, std::uint64_t count) {
  HostRecord record = SenderRecord();
  record.sent.duration_sum_us = sum_us;
  record.sent.duration_count = count;
  const std::string text = Encode(record);
  const std::size_t at = text.find("\"avg_duration\":");
  if (at == std::string::npos) return "(none)";
  return text.substr(at + 15, text.find(',', at) - at - 15);
}

TEST(JsonEncoder, MeanDurationIsRoundedToMilliseconds) {
  EXPECT_EQ(MeanOf(0, 0), "(none)");
  EXPECT_EQ(MeanOf(0, 5), "0");
  EXPECT_EQ(MeanOf(499, 1), "0");
  EXPECT_EQ(MeanOf(500, 1), "0.001");
  EXPECT_EQ(MeanOf(1499, 1), "0.001");
  EXPECT_EQ(MeanOf(1500, 1), "0.002");
  EXPECT_EQ(MeanOf(1'000'000, 3), "0.333");
  EXPECT_EQ(MeanOf(2'000'000, 3), "0.667");
  EXPECT_EQ(MeanOf(999'500, 1), "1");
  EXPECT_EQ(MeanOf(10'500'000, 1), "10.5");
  EXPECT_EQ(MeanOf(3'600'000'000, 1), "3600");
  EXPECT_EQ(MeanOf(std::numeric_limits<std::uint64_t>::max(), 1), "18446744073709.552");
}

std::string LossOf(std::uint64_t lost, std::uint64_t expected) {
  JsonEncoder encoder("mon1", Schema::kHostscope);
  encoder.SetWindow(TenSeconds(), false);
  const std::string text =
      Encode(encoder, WindowSummary{.sequence_expected = expected, .sequence_lost = lost});
  const std::size_t at = text.find("\"sequence_loss\":") + 16;
  return text.substr(at, text.find(',', at) - at);
}

TEST(JsonEncoder, SharesAreTheShortestDecimals) {
  EXPECT_EQ(LossOf(0, 0), "0");
  EXPECT_EQ(LossOf(0, 10), "0");
  EXPECT_EQ(LossOf(1, 10), "0.1");
  EXPECT_EQ(LossOf(10, 10), "1");
  EXPECT_EQ(LossOf(1, 3), "0.3333333333333333");
  EXPECT_EQ(LossOf(1, 10'000'000), "0.0000001");
}

TEST(JsonEncoder, TheLongestRecordFits) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  const HostRecord record = LongestRecord();
  JsonEncoder encoder(std::string(1000, '\1'), Schema::kHostscope);
  encoder.SetWindow({ReceiveTime{-1}, std::numeric_limits<std::int64_t>::max()}, true);
  const std::string text = Encode(encoder, record);
  EXPECT_GT(text.size(), 15'000U);
  EXPECT_LE(text.size(), encoder.max_record_size());
  NetworkRecord network;
  network.prefix = record.network;
  network.within = record.network;
  network.is_incomplete = true;
  network.hosts = network.other_hosts = kMost;
  network.sent = network.received = record.sent;
  std::vector<char> network_text(encoder.max_record_size() + 1000);
  const char* const network_end = encoder.EncodeNetwork(network, network_text.data());
  EXPECT_LE(static_cast<std::size_t>(network_end - network_text.data()), encoder.max_record_size());
  const WindowSummary summary{kMost, kMost, kMost, kMost, kMost, kMost, kMost, 1, kMost, 1};
  EXPECT_LE(Encode(encoder, summary).size(), encoder.max_record_size());
}

/// Knows one text of every host.
class OneContext final : public ContextSource {
 public:
  explicit OneContext(std::string text) : text_(std::move(text)) {}
  std::string ContextOf(const Address& /*host*/) const override { return text_; }

 private:
  std::string text_;
};

TEST(JsonEncoder, WritesWhatIsKnownOfAHostWhereAskedTo) {
  const std::string before =
      kHead + R"("host":{"ip":"10.20.30.40","network":"10.20.0.0/16"},"sent":)" + kSenderRole;
  const std::string after = R"(,"record_id":"8970a0aa396381cd088fa6e77bf422d3"})";
  const auto with = [](const std::string& text, const HostRecord& record,
                       Schema schema = Schema::kHostscope) {
    const OneContext context(text);
    JsonEncoder encoder("mon1", schema, false, HostNetwork::kText, &context);
    encoder.SetWindow(TenSeconds(), false);
    const std::string json = Encode(encoder, record);
    EXPECT_LE(json.size(), encoder.max_record_size());
    return json;
  };
  EXPECT_EQ(with(R"({"name":"pc"})", SenderRecord()), before + R"(,"context":{"name":"pc"})" + after);
  EXPECT_EQ(with("", SenderRecord()), before + after);
  // Other records are of no host, and the older schema has no place for it.
  HostRecord other = SenderRecord();
  other.other = true;
  EXPECT_EQ(with("{}", other), Encode(other));
  EXPECT_EQ(with("{}", SenderRecord(), Schema::kStream4Flow), Encode(SenderRecord(), Schema::kStream4Flow));
  with(std::string(kMaxContextText, 'x'), LongestRecord());
}

TEST(JsonEncoder, TheObserversNameIsEscaped) {
  JsonEncoder encoder("a \"b\"\n\\\xc5\x99", Schema::kHostscope);
  encoder.SetWindow(TenSeconds(), false);
  simdjson::dom::parser parser;
  const std::string text = Encode(encoder, SenderRecord());
  std::string_view name;
  ASSERT_EQ(parser.parse(text)["observer"]["name"].get(name), simdjson::SUCCESS) << text;
  EXPECT_EQ(name, "a \"b\"\n\\\xc5\x99");
}

// ---- random records, read back
// ----------------------------------------------------------------------------------

std::uint64_t Number(const element& object, const char* pointer) {
  std::uint64_t value = 0;
  EXPECT_EQ(object.at_pointer(pointer).get(value), simdjson::SUCCESS) << pointer;
  return value;
}

std::string_view Text(const element& object, const char* pointer) {
  std::string_view value;
  EXPECT_EQ(object.at_pointer(pointer).get(value), simdjson::SUCCESS) << pointer;
  return value;
}

std::size_t KeysOf(const element& object, const char* pointer = "") {
  simdjson::dom::object keys;
  EXPECT_EQ(object.at_pointer(pointer).get(keys), simdjson::SUCCESS) << pointer;
  return keys.size();
}

void ExpectMean(const element& role, const char* pointer, const RoleFigures& figures) {
  double mean = -1;
  const bool has_mean = role.at_pointer(pointer).get(mean) == simdjson::SUCCESS;
  EXPECT_EQ(has_mean, figures.duration_count != 0);
  if (!has_mean) return;
  const double exact =
      static_cast<double>(figures.duration_sum_us) / static_cast<double>(figures.duration_count) / 1e6;
  EXPECT_NEAR(mean, exact, 0.000'501 + exact * 1e-15);
}

void ExpectRole(const element& record, const char* name, const RoleFigures& figures) {
  element role;
  const bool has_role = record[name].get(role) == simdjson::SUCCESS;
  ASSERT_EQ(has_role, figures.flows != 0) << name;
  if (!has_role) return;
  EXPECT_EQ(Number(role, "/flows"), figures.flows);
  EXPECT_EQ(Number(role, "/packets"), figures.packets);
  EXPECT_EQ(Number(role, "/bytes"), figures.bytes);
  ExpectMean(role, "/avg_duration", figures);
  EXPECT_EQ(Number(role, "/peers"), figures.peers);
  EXPECT_EQ(Number(role, "/src_ports"), figures.src_ports);
  EXPECT_EQ(Number(role, "/dst_ports"), figures.dst_ports);
  const char* flags[] = {"/tcp_flags/fin", "/tcp_flags/syn", "/tcp_flags/rst", "/tcp_flags/psh",
                         "/tcp_flags/ack", "/tcp_flags/urg", "/tcp_flags/ece", "/tcp_flags/cwr"};
  for (std::size_t bit = 0; bit < 8; ++bit) EXPECT_EQ(Number(role, flags[bit]), figures.tcp_flags[bit]);
  EXPECT_EQ(KeysOf(role, "/tcp_flags"), 8U);
  EXPECT_EQ(Number(role, "/protocols/tcp"), figures.tcp);
  EXPECT_EQ(Number(role, "/protocols/udp"), figures.udp);
  EXPECT_EQ(Number(role, "/protocols/icmp"), figures.icmp);
  EXPECT_EQ(Number(role, "/protocols/other"), figures.flows - figures.tcp - figures.udp - figures.icmp);
  EXPECT_EQ(KeysOf(role, "/protocols"), 4U);
  EXPECT_EQ(KeysOf(role), figures.duration_count != 0 ? 9U : 8U);
}

TEST(JsonEncoder, RandomRecordsReadBack) {
  std::mt19937_64 random(3);
  simdjson::dom::parser parser;
  JsonEncoder encoder("mon1", Schema::kHostscope);
  for (int i = 0; i < 20'000; ++i) {
    const bool is_partial = random() % 2 == 0;
    const WindowSpan span{ReceiveTime{static_cast<std::int64_t>(random() >> 2)},
                          1 + static_cast<std::int64_t>(random() >> 20)};
    encoder.SetWindow(span, is_partial);
    const HostRecord record = RandomRecord(random);
    const std::string text = Encode(encoder, record);
    element read;
    ASSERT_EQ(parser.parse(text).get(read), simdjson::SUCCESS) << text;

    char start[kTimeText];
    char end[kTimeText];
    FormatTime(span.start, start);
    FormatTime(span.end(), end);
    ASSERT_EQ(Text(read, "/@timestamp"), std::string_view(start, kTimeText));
    ASSERT_EQ(Text(read, "/window/start"), std::string_view(start, kTimeText));
    ASSERT_EQ(Text(read, "/window/end"), std::string_view(end, kTimeText));
    double seconds = 0;
    ASSERT_EQ(read.at_pointer("/window/seconds").get(seconds), simdjson::SUCCESS);
    ASSERT_DOUBLE_EQ(seconds, static_cast<double>(span.length_ns) / 1e9);
    bool partial = false;
    ASSERT_EQ(read["partial"].get(partial) == simdjson::SUCCESS && partial, is_partial);
    ASSERT_EQ(Text(read, "/observer/name"), "mon1");

    ASSERT_EQ(ParsePrefix(Text(read, "/host/network")), record.network);
    bool other = false;
    ASSERT_EQ(read.at_pointer("/host/other").get(other) == simdjson::SUCCESS && other, record.other);
    if (!record.other) {
      ASSERT_EQ(ParseAddress(Text(read, "/host/ip")), record.host);
    }
    ASSERT_EQ(KeysOf(read, "/host"), 2U);
    ExpectRole(read, "sent", record.sent);
    ExpectRole(read, "received", record.received);
    ASSERT_EQ(Text(read, "/record_id").size(), RecordIdMaker::kTextLength);
    const std::size_t roles = (record.sent.flows != 0 ? 1U : 0U) + (record.received.flows != 0 ? 1U : 0U);
    ASSERT_EQ(KeysOf(read), 5U + roles + (is_partial ? 1U : 0U)) << text;
  }
}

TEST(JsonEncoder, RandomStream4FlowRecordsReadBack) {
  std::mt19937_64 random(4);
  simdjson::dom::parser parser;
  for (int i = 0; i < 5'000; ++i) {
    const HostRecord record = RandomRecord(random);
    const std::string text = Encode(record, Schema::kStream4Flow);
    ASSERT_EQ(text.empty(), record.other || record.sent.flows == 0);
    if (text.empty()) continue;
    element read;
    ASSERT_EQ(parser.parse(text).get(read), simdjson::SUCCESS) << text;
    EXPECT_EQ(Text(read, "/@type"), "host_stats");
    EXPECT_EQ(ParseAddress(Text(read, "/src_ip")), record.host);
    EXPECT_EQ(Number(read, "/stats/total/flow"), record.sent.flows);
    EXPECT_EQ(Number(read, "/stats/total/packets"), record.sent.packets);
    EXPECT_EQ(Number(read, "/stats/total/bytes"), record.sent.bytes);
    ExpectMean(read, "/stats/avg_flow_duration", record.sent);
    EXPECT_EQ(Number(read, "/stats/dport_count"), record.sent.dst_ports);
    EXPECT_EQ(Number(read, "/stats/peer_number"), record.sent.peers);
    EXPECT_EQ(Number(read, "/stats/tcp_flags/FIN"), record.sent.tcp_flags[0]);
    EXPECT_EQ(Number(read, "/stats/tcp_flags/CRW"), record.sent.tcp_flags[7]);
    EXPECT_EQ(KeysOf(read, "/stats/tcp_flags"), 8U);
  }
}

TEST(JsonEncoder, TheKeyIsTheAddressOrTheNetwork) {
  char text[kMaxPrefixText];
  HostRecord record = SenderRecord();
  EXPECT_EQ(std::string(text, FormatRecordKey(record, text)), "10.20.30.40");
  record.other = true;
  EXPECT_EQ(std::string(text, FormatRecordKey(record, text)), "10.20.0.0/16");
  EXPECT_EQ(std::string(text, FormatRecordKey(LevelRecord(), text)), "10.20.30.0/24");
}

}  // namespace
}  // namespace hostscope::exporter
