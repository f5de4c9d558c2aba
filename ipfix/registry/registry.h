#pragma once

#include <cstdint>
#include <span>
#include <string_view>

/// The Information Element registry: IANA's list and the vendors' elements that carry addresses, ports,
/// counters, flags, times or sampling. The table is generated from iana.csv and vendors.csv by
/// scripts/generate-registry. What an element means for a host record is not here but in ipfix/meaning.h.
namespace hostscope::ipfix {

/// RFC 7012 section 3.1 and RFC 6313 section 4.1.
enum class AbstractDataType : std::uint8_t {
  kOctetArray,
  kUnsigned8,
  kUnsigned16,
  kUnsigned32,
  kUnsigned64,
  kUnsigned256,
  kSigned32,
  kFloat64,
  kBoolean,
  kMacAddress,
  kString,
  kDateTimeSeconds,
  kDateTimeMilliseconds,
  kDateTimeMicroseconds,
  kDateTimeNanoseconds,
  kIpv4Address,
  kIpv6Address,
  kBasicList,
  kSubTemplateList,
  kSubTemplateMultiList,
};

/// RFC 7012 section 3.2; the SNMP semantics are those of RFC 8038.
enum class DataTypeSemantics : std::uint8_t {
  kDefault,
  kQuantity,
  kTotalCounter,
  kDeltaCounter,
  kIdentifier,
  kFlags,
  kList,
  kSnmpCounter,
  kSnmpGauge,
};

struct InformationElement {
  std::uint32_t enterprise;  ///< private enterprise number; 0 is IANA
  std::uint16_t
      id;  ///< above 32767, with enterprise 0: a vendor's type in NetFlow v9, which knows no enterprises
  AbstractDataType type;
  DataTypeSemantics semantics;
  bool is_reversible;  ///< may be exported for the reverse direction of a biflow (RFC 5103 section 6.1)
  std::string_view name;
};

/// RFC 5103 section 6.1: an IANA element under this number describes a biflow's reverse direction.
inline constexpr std::uint32_t kReverseEnterprise = 29305;
/// CERT, whose YAF marks its own reverse elements by a bit of their id (RFC 5103 section 6.2).
inline constexpr std::uint32_t kCertEnterprise = 6871;
inline constexpr std::uint16_t kCertReverseBit = 0x4000;

/// The element, or nullptr where the registry has none. A reverse element gives the entry of its forward
/// counterpart, which has the same type. Any thread; about ten comparisons.
const InformationElement* Find(std::uint32_t enterprise, std::uint16_t id) noexcept;

/// Every element, ordered by enterprise and id.
std::span<const InformationElement> AllElements() noexcept;

}  // namespace hostscope::ipfix
