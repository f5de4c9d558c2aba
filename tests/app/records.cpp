#include "tests/app/records.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <cmath>

#include "tests/app/program.h"

namespace hostscope::app::testing {
namespace {

using simdjson::dom::element;

constexpr std::array<const char*, 8> kFlagNames = {"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"};
/// Up to here distinct counts are exact; see aggregator/distinct-inl.h.
constexpr std::uint64_t kExactDistinct = 128;
constexpr double kFiveStandardErrors = 5 * 0.0163;

std::string TextOf(const element& value) {
  return std::string(value.get_string().value());
}
std::uint64_t CountOf(const element& value) {
  return value.get_uint64().value();
}

void ReadCounts(const element& json, Role& role) {
  role.flows = CountOf(json["flows"]);
  role.packets = CountOf(json["packets"]);
  role.bytes = CountOf(json["bytes"]);
  role.peers = CountOf(json["peers"]);
  role.src_ports = CountOf(json["src_ports"]);
  role.dst_ports = CountOf(json["dst_ports"]);
}

Role RoleOf(const element& json) {
  Role role;
  ReadCounts(json, role);
  if (element average; json["avg_duration"].get(average) == simdjson::SUCCESS) {
    role.avg_duration = average.get_double().value();
  }
  for (std::size_t i = 0; i < kFlagNames.size(); ++i) {
    role.tcp_flags[i] = CountOf(json["tcp_flags"][kFlagNames[i]]);
  }
  const element protocols = json["protocols"];
  role.tcp = CountOf(protocols["tcp"]);
  role.udp = CountOf(protocols["udp"]);
  role.icmp = CountOf(protocols["icmp"]);
  role.other = CountOf(protocols["other"]);
  return role;
}

Role TrueRoleOf(const element& json) {
  Role role;
  ReadCounts(json, role);
  role.duration_ms = CountOf(json["duration_ms"]);
  for (std::size_t i = 0; i < role.tcp_flags.size(); ++i)
    role.tcp_flags[i] = CountOf(json["tcp_flags"].at(i));
  role.tcp = CountOf(json["tcp"]);
  role.udp = CountOf(json["udp"]);
  role.icmp = CountOf(json["icmp"]);
  return role;
}

template <typename Read>
std::optional<Role> Maybe(const element& json, const char* name, Read read) {
  element role;
  if (json[name].get(role) != simdjson::SUCCESS) return std::nullopt;
  return read(role);
}

void FlattenInto(const element& json, const std::string& path, std::map<std::string, double>& numbers) {
  if (json.is_object()) {
    const simdjson::dom::object object = json;
    for (const auto& [key, value] : object) {
      FlattenInto(value, path.empty() ? std::string(key) : path + "." + std::string(key), numbers);
    }
  } else {
    numbers[path] = json.get_double().value();
  }
}

double SumUnder(const std::map<std::string, double>& numbers, const std::string& prefix) {
  double sum = 0;
  for (auto at = numbers.lower_bound(prefix); at != numbers.end() && at->first.starts_with(prefix); ++at) {
    sum += at->second;
  }
  return sum;
}

void ExpectDistinct(std::uint64_t counted, std::uint64_t truth, const std::string& where) {
  const double allowed = truth <= kExactDistinct ? 0 : static_cast<double>(truth) * kFiveStandardErrors;
  EXPECT_NEAR(static_cast<double>(counted), static_cast<double>(truth), allowed) << where;
}

}  // namespace

Record ParseRecord(std::string_view line) {
  static simdjson::dom::parser parser;
  const element json = parser.parse(line.data(), line.size());
  Record record;
  record.start = TextOf(json["window"]["start"]);
  record.end = TextOf(json["window"]["end"]);
  record.seconds = json["window"]["seconds"].get_double().value();
  EXPECT_EQ(TextOf(json["@timestamp"]), record.start);
  if (element summary; json["summary"].get(summary) == simdjson::SUCCESS) {
    record.is_window_record = true;
    FlattenInto(summary, "", record.summary);
    return record;
  }
  const element host = json["host"];
  record.is_other = host["other"].error() == simdjson::SUCCESS;
  if (!record.is_other) record.host = TextOf(host["ip"]);
  record.network = TextOf(host["network"]);
  record.id = TextOf(json["record_id"]);
  record.sent = Maybe(json, "sent", RoleOf);
  record.received = Maybe(json, "received", RoleOf);
  return record;
}

std::vector<Record> ParseRecords(std::string_view ndjson) {
  std::vector<Record> records;
  for (const std::string& line : LinesOf(ndjson)) records.push_back(ParseRecord(line));
  return records;
}

std::map<std::string, TrueHost> ParseTruth(std::string_view ndjson) {
  std::map<std::string, TrueHost> hosts;
  simdjson::dom::parser parser;
  for (const std::string& line : LinesOf(ndjson)) {
    const element json = parser.parse(line);
    hosts[TextOf(json["host"])] = {Maybe(json, "sent", TrueRoleOf), Maybe(json, "received", TrueRoleOf)};
  }
  return hosts;
}

std::map<std::string, double> Flatten(std::string_view json) {
  simdjson::dom::parser parser;
  std::map<std::string, double> numbers;
  FlattenInto(parser.parse(json.data(), json.size()), "", numbers);
  return numbers;
}

void ExpectBalanced(const std::map<std::string, double>& stats) {
  EXPECT_EQ(stats.at("datagrams.received"),
            stats.at("datagrams.decoded") + SumUnder(stats, "datagrams.dropped."));
  EXPECT_EQ(stats.at("records.seen"), stats.at("records.counted") + SumUnder(stats, "records.skipped."));
  EXPECT_EQ(2 * stats.at("packets.read") + stats.at("packets.reassembled"), SumUnder(stats, "packets."));
  EXPECT_EQ(stats.at("packets.datagram"),
            stats.at("datagrams.received") - stats.at("datagrams.dropped.frame_missing_fragment"));
}

void ExpectMatches(const Role& counted, const Role& truth, std::uint64_t scale, const std::string& where) {
  EXPECT_EQ(counted.flows, truth.flows) << where;
  EXPECT_EQ(counted.packets, truth.packets * scale) << where;
  EXPECT_EQ(counted.bytes, truth.bytes * scale) << where;
  EXPECT_EQ(counted.tcp_flags, truth.tcp_flags) << where;
  EXPECT_EQ(counted.tcp, truth.tcp) << where;
  EXPECT_EQ(counted.udp, truth.udp) << where;
  EXPECT_EQ(counted.icmp, truth.icmp) << where;
  EXPECT_EQ(counted.other, 0U) << where;
  const double mean = static_cast<double>(truth.duration_ms) / 1000 / static_cast<double>(truth.flows);
  EXPECT_NEAR(counted.avg_duration.value_or(-1), mean, 0.000501) << where;
  ExpectDistinct(counted.peers, truth.peers, where + " peers");
  ExpectDistinct(counted.src_ports, truth.src_ports, where + " src_ports");
  ExpectDistinct(counted.dst_ports, truth.dst_ports, where + " dst_ports");
}

}  // namespace hostscope::app::testing
