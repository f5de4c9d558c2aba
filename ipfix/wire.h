#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

/// Big-endian integers as they lie in a datagram, and the fixed headers of NetFlow v5 (Cisco), NetFlow v9
/// (RFC 3954 section 5.1) and IPFIX (RFC 7011 section 3.1). Nothing here checks bounds: callers do, once per
/// header or set.
namespace hostscope::ipfix {

inline std::uint16_t LoadBe16(const std::uint8_t* at) noexcept {
  std::uint16_t value;
  std::memcpy(&value, at, sizeof(value));
  return __builtin_bswap16(value);
}
inline std::uint32_t LoadBe32(const std::uint8_t* at) noexcept {
  std::uint32_t value;
  std::memcpy(&value, at, sizeof(value));
  return __builtin_bswap32(value);
}
inline std::uint64_t LoadBe64(const std::uint8_t* at) noexcept {
  std::uint64_t value;
  std::memcpy(&value, at, sizeof(value));
  return __builtin_bswap64(value);
}

/// An unsigned integer of any length from 0 to 8 bytes: RFC 7011 section 6.2, reduced-size encoding.
/// Exporters use 3, 5, 6 and 7 too. Reads exactly `length` bytes.
inline std::uint64_t LoadBe(const std::uint8_t* at, std::size_t length) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < length; ++i) value = value << 8 | at[i];
  return value;
}

/// A big-endian integer inside a wire struct. Converts only on request, so that no raw value is used by
/// mistake.
template <typename Integer>
class BigEndian {
 public:
  Integer value() const noexcept {
    if constexpr (sizeof(Integer) == 2) {
      return __builtin_bswap16(raw_);
    } else {
      static_assert(sizeof(Integer) == 4);
      return __builtin_bswap32(raw_);
    }
  }

 private:
  Integer raw_;
};
using Be16 = BigEndian<std::uint16_t>;
using Be32 = BigEndian<std::uint32_t>;

inline constexpr std::uint16_t kVersionNetflow5 = 5;
inline constexpr std::uint16_t kVersionNetstream5 = 0x8005;  ///< Huawei NetStream: v5 with the top bit set
inline constexpr std::uint16_t kVersionNetflow9 = 9;
inline constexpr std::uint16_t kVersionIpfix = 10;

struct Netflow5Header {
  Be16 version;
  Be16 count;
  Be32 sys_uptime_ms;
  Be32 unix_secs;
  Be32 unix_nsecs;
  Be32 flow_sequence;
  std::uint8_t engine_type;
  std::uint8_t engine_id;
  Be16 sampling;  ///< two bits of mode, 14 of interval; Juniper: 16 of interval
};
static_assert(sizeof(Netflow5Header) == 24);
inline constexpr std::size_t kNetflow5RecordLength = 48;
inline constexpr std::size_t kNetflow5MaxRecords = 30;
inline constexpr std::uint16_t kNetflow5IntervalMask = 0x3fff;

struct Netflow9Header {
  Be16 version;
  Be16 count;  ///< records, not sets, and often wrong: advisory
  Be32 sys_uptime_ms;
  Be32 unix_secs;
  Be32 sequence;  ///< of datagrams, per source id
  Be32 source_id;
};
static_assert(sizeof(Netflow9Header) == 20);

struct IpfixHeader {
  Be16 version;
  Be16 length;
  Be32 export_time;
  Be32 sequence;  ///< of data records, per observation domain
  Be32 observation_domain;
};
static_assert(sizeof(IpfixHeader) == 16);

inline constexpr std::size_t kSetHeaderLength = 4;
inline constexpr std::uint16_t kFirstDataSetId = 256;
inline constexpr std::uint16_t kVariableLength = 0xffff;
inline constexpr std::uint16_t kEnterpriseBit = 0x8000;

template <typename Header>
Header LoadHeader(const std::uint8_t* at) noexcept {
  Header header;
  std::memcpy(&header, at, sizeof(header));
  return header;
}

}  // namespace hostscope::ipfix
