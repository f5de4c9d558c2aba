#include "app/generate/layout.h"

#include "app/generate/elements.h"

namespace hostscope::app {
namespace {

using namespace element;
using Fields = std::vector<LayoutField>;

Fields Addresses(bool is_ipv6) {
  if (is_ipv6) return {{kSourceIpv6Address, 16}, {kDestinationIpv6Address, 16}};
  return {{kSourceIpv4Address, 4}, {kDestinationIpv4Address, 4}};
}

void Append(Fields& fields, const Fields& more) {
  fields.insert(fields.end(), more.begin(), more.end());
}

/// The two times as sysUptime. IPFIX needs the device's start with them (RFC 7011 section 3.1 knows no
/// uptime).
void AppendUptimes(Fields& fields, ExportFormat format) {
  Append(fields, {{kFlowStartSysUpTime, 4}, {kFlowEndSysUpTime, 4}});
  if (format == ExportFormat::kIpfix) Append(fields, {{kSystemInitTimeMilliseconds, 8}});
}

}  // namespace

Fields FieldsOf(RecordLayout layout, ExportFormat format, bool is_ipv6) {
  Fields fields = Addresses(is_ipv6);
  const Fields transport = {
      {kSourceTransportPort, 2}, {kDestinationTransportPort, 2}, {kProtocolIdentifier, 1}};
  switch (layout) {
    case RecordLayout::kTypical:  // 46 bytes with IPv4
      Append(fields, transport);
      Append(fields, {{kTcpControlBits, 1}, {kPacketDeltaCount, 8}, {kOctetDeltaCount, 8}});
      Append(fields, {{kFlowStartMilliseconds, 8}, {kFlowEndMilliseconds, 8}});
      break;
    case RecordLayout::kReduced:  // RFC 7011 section 6.2, and times as of old
      Append(fields, transport);
      Append(fields, {{kTcpControlBits, 1}, {kPacketDeltaCount, 3}, {kOctetDeltaCount, 4}});
      AppendUptimes(fields, format);
      break;
    case RecordLayout::kWide:  // what a router sends that is asked for everything
      Append(fields, {{kIpNextHopIpv4Address, 4}, {kIngressInterface, 4}, {kEgressInterface, 4}});
      Append(fields, {{kPacketDeltaCount, 8}, {kOctetDeltaCount, 8}});
      Append(fields, {{kFlowStartMilliseconds, 8}, {kFlowEndMilliseconds, 8}});
      Append(fields, transport);
      Append(fields, {{kTcpControlBits, 2}, {kIpClassOfService, 1}});
      Append(fields, {{kBgpSourceAsNumber, 4}, {kBgpDestinationAsNumber, 4}});
      Append(fields, {{kFlowDirection, 1}, {kFlowEndReason, 1}});
      break;
  }
  return fields;
}

std::size_t LengthOf(std::span<const LayoutField> fields) noexcept {
  std::size_t length = 0;
  for (const LayoutField& field : fields) length += field.length;
  return length;
}

}  // namespace hostscope::app
