#include "ipfix/meaning.h"

namespace hostscope::ipfix {
namespace {

constexpr std::uint32_t kIana = 0;
constexpr std::uint32_t kReverse = 29305;  // RFC 5103 section 6.1: the IANA element, of the reverse direction
constexpr std::uint32_t kCert = 6871;      // YAF
constexpr std::uint16_t kCertReverseBit = 0x4000;

Meaning OfIana(std::uint16_t element) noexcept {
  switch (element) {
    case 1:
      return Meaning::kOctetDelta;
    case 2:
      return Meaning::kPacketDelta;
    case 4:
      return Meaning::kProtocol;
    case 6:
      return Meaning::kTcpFlags;
    case 7:
      return Meaning::kSourcePort;
    case 8:
      return Meaning::kSourceIpv4;
    case 11:
      return Meaning::kDestinationPort;
    case 12:
      return Meaning::kDestinationIpv4;
    case 21:
      return Meaning::kEndUptime;
    case 22:
      return Meaning::kStartUptime;
    case 23:
      return Meaning::kPostOctetDelta;
    case 24:
      return Meaning::kPostPacketDelta;
    case 27:
      return Meaning::kSourceIpv6;
    case 28:
      return Meaning::kDestinationIpv6;
    case 34:
      return Meaning::kSamplingInterval;
    case 48:
      return Meaning::kSelectorId;  // samplerId, before selectorId took its place
    case 50:
      return Meaning::kSamplerRandomInterval;
    case 60:
      return Meaning::kIpVersion;
    case 61:
      return Meaning::kFlowDirection;
    case 85:
      return Meaning::kOctetTotal;
    case 86:
      return Meaning::kPacketTotal;
    case 104:
      return Meaning::kDataLinkSection;  // layer2packetSectionData, Cisco
    case 150:
      return Meaning::kStartSeconds;
    case 151:
      return Meaning::kEndSeconds;
    case 152:
      return Meaning::kStartMilliseconds;
    case 153:
      return Meaning::kEndMilliseconds;
    case 154:
      return Meaning::kStartMicroseconds;
    case 155:
      return Meaning::kEndMicroseconds;
    case 156:
      return Meaning::kStartNanoseconds;
    case 157:
      return Meaning::kEndNanoseconds;
    case 158:
      return Meaning::kStartDeltaMicroseconds;
    case 159:
      return Meaning::kEndDeltaMicroseconds;
    case 161:
      return Meaning::kDurationMilliseconds;
    case 162:
      return Meaning::kDurationMicroseconds;
    case 171:
      return Meaning::kPostOctetTotal;
    case 172:
      return Meaning::kPostPacketTotal;
    case 180:
      return Meaning::kUdpSourcePort;
    case 181:
      return Meaning::kUdpDestinationPort;
    case 182:
      return Meaning::kTcpSourcePort;
    case 183:
      return Meaning::kTcpDestinationPort;
    case 230:
      return Meaning::kNatEvent;
    case 231:
      return Meaning::kInitiatorOctets;
    case 232:
      return Meaning::kResponderOctets;
    case 233:
      return Meaning::kFirewallEvent;
    case 298:
      return Meaning::kInitiatorPackets;
    case 299:
      return Meaning::kResponderPackets;
    case 302:
      return Meaning::kSelectorId;
    case 305:
      return Meaning::kPacketInterval;
    case 306:
      return Meaning::kPacketSpace;
    case 309:
      return Meaning::kSamplingSize;
    case 310:
      return Meaning::kSamplingPopulation;
    case 313:
      return Meaning::kIpSection;
    case 315:
      return Meaning::kDataLinkSection;
    case 352:
      return Meaning::kLayer2OctetDelta;
    case 353:
      return Meaning::kLayer2OctetTotal;
    case 40005:
      return Meaning::kFirewallEvent;  // ASA before 8.4(5); NetFlow v9 only, where ids have 16 bits
    default:
      return Meaning::kNone;
  }
}

Meaning OfReverse(std::uint16_t element) noexcept {
  switch (element) {
    case 1:
      return Meaning::kReverseOctetDelta;
    case 2:
      return Meaning::kReversePacketDelta;
    case 6:
      return Meaning::kReverseTcpFlags;
    case 85:
      return Meaning::kReverseOctetTotal;
    case 86:
      return Meaning::kReversePacketTotal;
    case 152:
      return Meaning::kReverseStartMilliseconds;
    case 153:
      return Meaning::kReverseEndMilliseconds;
    default:
      return Meaning::kNone;
  }
}

Meaning OfCert(std::uint16_t element) noexcept {
  switch (element) {
    case 14:
      return Meaning::kInitialTcpFlags;
    case 15:
      return Meaning::kUnionTcpFlags;
    case kCertReverseBit | 14:
      return Meaning::kReverseInitialTcpFlags;
    case kCertReverseBit | 15:
      return Meaning::kReverseUnionTcpFlags;
    default:
      return Meaning::kNone;
  }
}

}  // namespace

Meaning MeaningOf(const FieldSpecifier& field) noexcept {
  switch (field.enterprise) {
    case kIana:
      return OfIana(field.element);
    case kReverse:
      return OfReverse(field.element);
    case kCert:
      return OfCert(field.element);
    default:
      return Meaning::kNone;
  }
}

}  // namespace hostscope::ipfix
