// Reads real exporters' packets and compares, per source address, what our decoder counts with what
// independent decoders counted. The captures are third-party data and not part of the project:
// HOSTSCOPE_CAPTURES names the folder that holds pcap/<name>.pcap and truth/<name>.json.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <pcap/pcap.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "ipfix/decoder.h"
#include "ipfix/packet_headers.h"
#include "ipfix/wire.h"
#include "tests/captures/known_differences.h"

namespace hostscope {
namespace {

namespace fs = std::filesystem;

struct HostFigures {
  std::uint64_t flows = 0;
  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint64_t peers = 0;
  std::uint64_t dst_ports = 0;

  friend bool operator==(const HostFigures&, const HostFigures&) = default;
  friend std::ostream& operator<<(std::ostream& out, const HostFigures& f) {
    return out << f.flows << " flows, " << f.packets << " packets, " << f.bytes << " bytes, " << f.peers
               << " peers, " << f.dst_ports << " dst_ports";
  }
};
using Hosts = std::map<std::string, HostFigures>;

fs::path CapturesFolder() {
  const char* const named = std::getenv("HOSTSCOPE_CAPTURES");
  return named != nullptr ? fs::path(named)
                          : fs::path(HOSTSCOPE_SOURCE_DIR).parent_path() / "shared" / "captures";
}

std::vector<std::string> CaptureNames() {
  std::vector<std::string> names;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(CapturesFolder() / "pcap", error)) {
    if (entry.path().extension() == ".pcap") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string TextOf(const Address& address) {
  char text[INET6_ADDRSTRLEN];
  const bool is_ipv4 = address.IsIpv4();
  return inet_ntop(is_ipv4 ? AF_INET : AF_INET6, &address.bytes[is_ipv4 ? 12 : 0], text, sizeof(text));
}

/// Keeps every address and port, so that distinct counts are exact.
class ExactCounter final : public FlowConsumer {
 public:
  void Consume(std::span<const FlowRecord> records) noexcept override {
    for (const FlowRecord& record : records) {
      Entry& entry = entries_[TextOf(record.source)];
      ++entry.figures.flows;
      entry.figures.packets += record.packets;
      entry.figures.bytes += record.bytes;
      entry.peers.insert(record.destination);
      if (record.Has(FlowRecord::kHasPorts)) entry.ports.insert(record.destination_port);
    }
  }

  Hosts Result() const {
    Hosts hosts;
    for (const auto& [host, entry] : entries_) {
      hosts[host] = entry.figures;
      hosts[host].peers = entry.peers.size();
      hosts[host].dst_ports = entry.ports.size();
    }
    return hosts;
  }

 private:
  struct Entry {
    HostFigures figures;
    std::set<Address> peers;
    std::set<std::uint16_t> ports;
  };
  std::map<std::string, Entry> entries_;
};

struct Replay {
  Hosts hosts;
  std::uint64_t datagrams = 0;
  std::unique_ptr<ipfix::Decoder> decoder;
};

Replay ReplayCapture(const fs::path& path) {
  ipfix::Settings settings;
  settings.default_exporter.apply_sampling = false;
  settings.template_lifetime_ns = 0;
  settings.exporter_lifetime_ns = 0;
  Replay replay;
  replay.decoder = std::make_unique<ipfix::Decoder>(settings);
  ExactCounter counter;
  char error[PCAP_ERRBUF_SIZE];
  const std::unique_ptr<pcap_t, decltype(&pcap_close)> capture(pcap_open_offline(path.c_str(), error),
                                                               &pcap_close);
  if (!capture) {
    ADD_FAILURE() << error;
    return replay;
  }
  pcap_pkthdr* header = nullptr;
  const u_char* bytes = nullptr;
  while (pcap_next_ex(capture.get(), &header, &bytes) == 1) {
    const std::span<const std::uint8_t> frame(bytes, header->caplen);
    IpPacket packet;
    const bool is_udp = WalkToTransport(frame, LinkType::kEthernet, packet) == HeaderResult::kIp &&
                        packet.protocol == IPPROTO_UDP && !packet.is_fragment;
    if (!is_udp || frame.size() < packet.transport_offset + 8) {
      ADD_FAILURE() << "a frame without a whole UDP datagram";
      continue;
    }
    const std::size_t payload = packet.transport_offset + 8;
    ipfix::Datagram datagram;
    datagram.payload =
        frame.subspan(payload, std::min<std::size_t>(packet.end_offset, frame.size()) - payload);
    datagram.source = packet.source;
    datagram.source_port = ipfix::LoadBe16(&frame[packet.transport_offset]);
    datagram.received.ns = header->ts.tv_sec * kNanosecondsPerSecond + header->ts.tv_usec * 1000;
    (void)replay.decoder->Decode(datagram, counter);  // outcomes are read from the accounting
    ++replay.datagrams;
  }
  replay.decoder->Flush(counter);
  replay.hosts = counter.Result();
  return replay;
}

bool HasTransportPorts(std::string_view protocol) {
  return protocol == "6" || protocol == "17" || protocol == "33" || protocol == "132";
}

std::string Field(const simdjson::dom::object& record, std::string_view key) {
  std::string_view value;
  return record[key].get(value) == simdjson::SUCCESS ? std::string(value) : std::string();
}

/// The truth's figures, except dst_ports: theirs counts the port field of every protocol, ours only of TCP,
/// UDP, SCTP and DCCP (ICMP's type and code stand in it otherwise), so it is counted again from their flow
/// records.
Hosts Truth(const fs::path& path) {
  simdjson::dom::parser parser;
  const simdjson::dom::element document = parser.load(path);
  std::map<std::string, std::set<std::string>> ports;
  for (const simdjson::dom::object record : document["flow_records"]) {
    const std::string source = Field(record, "src").empty() ? Field(record, "src6") : Field(record, "src");
    const std::string port = Field(record, "dport");
    if (!port.empty() && HasTransportPorts(Field(record, "proto"))) ports[source].insert(port);
  }
  Hosts hosts;
  for (const auto [host, figures] : simdjson::dom::object(document["hosts"])) {
    hosts[std::string(host)] = {.flows = figures["flows"],
                                .packets = figures["packets"],
                                .bytes = figures["bytes"],
                                .peers = figures["peers"],
                                .dst_ports = ports[std::string(host)].size()};
  }
  return hosts;
}

HostFigures SumOf(const Hosts& hosts) {
  HostFigures sum;
  for (const auto& [host, figures] : hosts) {
    sum.flows += figures.flows;
    sum.packets += figures.packets;
    sum.bytes += figures.bytes;
  }
  return sum;
}

const KnownDifference* FindKnownDifference(std::string_view capture) {
  const auto* const found =
      std::find_if(std::begin(kKnownDifferences), std::end(kKnownDifferences),
                   [&](const KnownDifference& known) { return known.capture == capture; });
  return found == std::end(kKnownDifferences) ? nullptr : found;
}

TEST(Captures, FolderIsThere) {
  if (CaptureNames().empty())
    GTEST_SKIP() << "no captures in " << CapturesFolder() << "; set HOSTSCOPE_CAPTURES";
}

class CapturesTest : public ::testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CapturesTest);

TEST_P(CapturesTest, AgreesWithIndependentDecoders) {
  const Hosts ours = ReplayCapture(CapturesFolder() / "pcap" / (GetParam() + ".pcap")).hosts;
  const Hosts truth = Truth(CapturesFolder() / "truth" / (GetParam() + ".json"));
  if (const KnownDifference* const known = FindKnownDifference(GetParam())) {
    EXPECT_NE(ours, truth) << "no longer a difference; take it off the list. It said: " << known->reason;
    EXPECT_EQ(ours.size(), known->hosts) << known->reason;
    EXPECT_EQ(SumOf(ours), (HostFigures{known->flows, known->packets, known->bytes, 0, 0})) << known->reason;
    return;
  }
  for (const auto& [host, figures] : truth) {
    ASSERT_TRUE(ours.contains(host)) << host;
    EXPECT_EQ(ours.at(host), figures) << host;
  }
  for (const auto& [host, figures] : ours) EXPECT_TRUE(truth.contains(host)) << host << ": " << figures;
}

TEST_P(CapturesTest, TheBooksBalance) {
  const Replay replay = ReplayCapture(CapturesFolder() / "pcap" / (GetParam() + ".pcap"));
  const ipfix::Accounting& books = replay.decoder->accounting();
  EXPECT_EQ(books.datagrams.Get(), replay.datagrams);
  EXPECT_EQ(books.outcomes.Total(), replay.datagrams);
  EXPECT_EQ(books.records_seen.Get(), books.records_counted.Get() + books.skipped.Total());
}

#ifdef HOSTSCOPE_PROGRAM
/// What `hostscope replay` says each host sent, over all windows.
Hosts ReplayedByProgram(const fs::path& capture) {
  const std::string command =
      "'" HOSTSCOPE_PROGRAM "' replay --windows 1h --sampling ignore '" + capture.string() + "'";
  const std::unique_ptr<FILE, int (*)(FILE*)> output(popen(command.c_str(), "r"), &pclose);
  if (!output) {
    ADD_FAILURE() << command;
    return {};
  }
  std::string text;
  for (int character = 0; (character = fgetc(output.get())) != EOF;) text += static_cast<char>(character);
  Hosts hosts;
  simdjson::dom::parser parser;
  for (const simdjson::dom::element record : parser.parse_many(text)) {
    std::string_view host;
    simdjson::dom::object sent;
    if (record["host"]["ip"].get(host) != simdjson::SUCCESS || record["sent"].get(sent) != simdjson::SUCCESS)
      continue;
    HostFigures& figures = hosts[std::string(host)];
    figures.flows += std::uint64_t{sent["flows"]};
    figures.packets += std::uint64_t{sent["packets"]};
    figures.bytes += std::uint64_t{sent["bytes"]};
    figures.peers += std::uint64_t{sent["peers"]};
    figures.dst_ports += std::uint64_t{sent["dst_ports"]};
  }
  return hosts;
}

TEST_P(CapturesTest, TheReplayCommandSaysTheSame) {
  const fs::path capture = CapturesFolder() / "pcap" / (GetParam() + ".pcap");
  EXPECT_EQ(ReplayedByProgram(capture), ReplayCapture(capture).hosts);
}
#endif

INSTANTIATE_TEST_SUITE_P(All, CapturesTest, ::testing::ValuesIn(CaptureNames()), [](const auto& test) {
  std::string name = test.param;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
});

}  // namespace
}  // namespace hostscope
