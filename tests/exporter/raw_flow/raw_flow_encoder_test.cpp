#include "exporter/raw_flow/raw_flow_encoder.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <random>
#include <string>
#include <vector>

#include "exporter/encoding/address_text.h"

namespace hostscope::exporter {
namespace {

FlowRecord Record() {
  FlowRecord record{};
  record.source = *ParseAddress("10.1.2.3");
  record.destination = *ParseAddress("192.0.2.80");
  record.packets = 14;
  record.bytes = 3970;
  record.source_port = 49285;
  record.destination_port = 443;
  record.protocol = 6;
  record.tcp_flags = 27;
  record.traits = FlowRecord::kHasPorts;
  return record;
}

std::string Encode(const FlowRecord& record, const FlowTimes& times) {
  std::string text(kMaxRawFlow, '\0');
  text.resize(static_cast<std::size_t>(EncodeRawFlow(record, times, text.data()) - text.data()));
  return text;
}

TEST(RawFlowEncoder, WritesWhatTheCollectorWrote) {
  EXPECT_EQ(Encode(Record(), {1'537'599'474'880, 1'537'599'485'694}),
            R"({"@type":"ipfix.entry","ipfix.octetDeltaCount":3970,"ipfix.packetDeltaCount":14,)"
            R"("ipfix.flowStartMilliseconds":1537599474880,"ipfix.flowEndMilliseconds":1537599485694,)"
            R"("ipfix.ipVersion":4,"ipfix.protocolIdentifier":6,"ipfix.tcpControlBits":27,)"
            R"("ipfix.sourceTransportPort":49285,"ipfix.destinationTransportPort":443,)"
            R"("ipfix.sourceIPv4Address":"10.1.2.3","ipfix.destinationIPv4Address":"192.0.2.80"})");
}

TEST(RawFlowEncoder, Ipv6AndTimesThatAreNotKnown) {
  FlowRecord record = Record();
  record.source = *ParseAddress("2001:db8::1");
  record.destination = *ParseAddress("2001:db8::2");
  const std::string text = Encode(record, {FlowTimes::kUnknown, 5});
  EXPECT_NE(
      text.find(R"("ipfix.sourceIPv6Address":"2001:db8::1","ipfix.destinationIPv6Address":"2001:db8::2")"),
      std::string::npos);
  EXPECT_NE(text.find(R"("ipfix.ipVersion":6)"), std::string::npos);
  EXPECT_EQ(text.find("flowStart"), std::string::npos);
  EXPECT_NE(text.find(R"("ipfix.flowEndMilliseconds":5,)"), std::string::npos);
}

TEST(RawFlowEncoder, TheLongestFitsAndIsJson) {
  FlowRecord record = Record();
  record.source = record.destination = *ParseAddress("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe");
  record.packets = record.bytes = UINT64_MAX;
  record.source_port = record.destination_port = UINT16_MAX;
  record.protocol = record.tcp_flags = UINT8_MAX;
  const std::string text = Encode(record, {INT64_MIN + 1, INT64_MIN + 1});
  EXPECT_LE(text.size(), kMaxRawFlow);
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  ASSERT_EQ(parser.parse(text).get(root), simdjson::SUCCESS);
  EXPECT_EQ(root["ipfix.flowStartMilliseconds"].get_int64().value(), INT64_MIN + 1);
  EXPECT_EQ(root["ipfix.octetDeltaCount"].get_uint64().value(), UINT64_MAX);
}

}  // namespace
}  // namespace hostscope::exporter
