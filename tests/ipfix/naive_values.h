#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>

/// How the naive decoder finds values in a record, which is a list of (element, bytes) in the order of the
/// wire.
namespace hostscope::ipfix::test::naive {

using Bytes = std::span<const std::uint8_t>;

inline constexpr std::uint32_t kIana = 0;
inline constexpr std::uint32_t kReverse = 29305;
inline constexpr std::uint32_t kCert = 6871;
inline constexpr std::uint32_t kScope = 0xffffffff;  // scope types of NetFlow v9 are not elements
inline constexpr std::uint16_t kVariable = 0xffff;
inline constexpr std::size_t kMaxVariableFields = 256;

inline std::uint64_t Integer(Bytes bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}
inline std::uint16_t U16(Bytes bytes, std::size_t at) {
  return static_cast<std::uint16_t>(Integer(bytes.subspan(at, 2)));
}
inline std::uint32_t U32(Bytes bytes, std::size_t at) {
  return static_cast<std::uint32_t>(Integer(bytes.subspan(at, 4)));
}

inline bool IsAllZero(Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

/// The value of an element; of several with the same meaning, or of one that occurs twice, the first that has
/// a length. `enterprise` is that of all `ids`.
template <typename Record>
auto Find(const Record& record, std::uint32_t enterprise, std::initializer_list<unsigned> ids) {
  return std::find_if(record.begin(), record.end(), [&](const auto& value) {
    const bool has_length = value.is_variable || !value.bytes.empty();
    return has_length && value.key.enterprise == enterprise &&
           std::find(ids.begin(), ids.end(), value.key.id) != ids.end();
  });
}

/// An unsigned integer in 1 to 8 bytes (RFC 7011 section 6.2); anything else is not one.
template <typename Record>
std::optional<std::uint64_t> Unsigned(const Record& record, std::uint32_t enterprise,
                                      std::initializer_list<unsigned> ids) {
  const auto found = Find(record, enterprise, ids);
  if (found == record.end() || found->is_variable || found->bytes.size() > 8) return std::nullopt;
  return Integer(found->bytes);
}
template <typename Record>
std::optional<std::uint64_t> Unsigned(const Record& record, unsigned id) {
  return Unsigned(record, kIana, {id});
}
template <typename Record>
std::optional<std::uint64_t> FirstUnsigned(const Record& record,
                                           std::initializer_list<unsigned> ids_by_preference) {
  for (const unsigned id : ids_by_preference) {
    if (const std::optional<std::uint64_t> value = Unsigned(record, id)) return value;
  }
  return std::nullopt;
}

}  // namespace hostscope::ipfix::test::naive
