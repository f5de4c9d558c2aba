#include "exporter/raw_flow/raw_flow_encoder.h"

#include "exporter/encoding/address_text.h"
#include "exporter/encoding/text_writer.h"

namespace hostscope::exporter {
namespace {

char* PutAddresses(char* out, const FlowRecord& record) noexcept {
  const bool is_ipv4 = record.source.IsIpv4() && record.destination.IsIpv4();
  out = PutText(out, is_ipv4 ? ",\"ipfix.sourceIPv4Address\":\"" : ",\"ipfix.sourceIPv6Address\":\"");
  out = FormatAddress(record.source, out);
  out = PutText(
      out, is_ipv4 ? "\",\"ipfix.destinationIPv4Address\":\"" : "\",\"ipfix.destinationIPv6Address\":\"");
  out = FormatAddress(record.destination, out);
  return PutLiteral(out, "\"");
}

char* PutTime(char* out, std::string_view name, std::int64_t ms) noexcept {
  if (ms == FlowTimes::kUnknown) return out;
  out = PutText(out, name);
  if (ms < 0) *out++ = '-';
  return PutNumber(out, ms < 0 ? 0 - static_cast<std::uint64_t>(ms) : static_cast<std::uint64_t>(ms));
}

}  // namespace

char* EncodeRawFlow(const FlowRecord& record, const FlowTimes& times, char* out) noexcept {
  out = Put(out, "{\"@type\":\"ipfix.entry\",\"ipfix.octetDeltaCount\":", record.bytes,
            ",\"ipfix.packetDeltaCount\":", record.packets);
  out = PutTime(out, ",\"ipfix.flowStartMilliseconds\":", times.start_ms);
  out = PutTime(out, ",\"ipfix.flowEndMilliseconds\":", times.end_ms);
  out = Put(out, ",\"ipfix.ipVersion\":", record.source.IsIpv4() ? 4U : 6U,
            ",\"ipfix.protocolIdentifier\":", record.protocol, ",\"ipfix.tcpControlBits\":", record.tcp_flags,
            ",\"ipfix.sourceTransportPort\":", record.source_port,
            ",\"ipfix.destinationTransportPort\":", record.destination_port);
  return PutLiteral(PutAddresses(out, record), "}");
}

}  // namespace hostscope::exporter
