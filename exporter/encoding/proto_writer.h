#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

/// Protocol Buffers at a cursor without bounds checks, as text_writer.h writes text: each call returns the
/// new cursor, and the caller has shown that the buffer is long enough. Source: "Encoding", the wire format's
/// description at protobuf.dev. Field numbers are below 16, so a tag is one byte.
namespace hostscope::exporter {

inline constexpr std::size_t kMaxVarint = 10;

namespace proto {
inline constexpr unsigned kVarint = 0;
inline constexpr unsigned kFixed64 = 1;
inline constexpr unsigned kBytes = 2;
}  // namespace proto

inline char* PutVarint(char* out, std::uint64_t value) noexcept {
  while (value >= 0x80) {
    *out++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *out++ = static_cast<char>(value);
  return out;
}

inline char* PutTag(char* out, unsigned field, unsigned wire_type) noexcept {
  *out = static_cast<char>(field << 3 | wire_type);
  return out + 1;
}

/// An integer or a bool. As proto3 has it, a field with value 0 is left out.
inline char* PutUint(char* out, unsigned field, std::uint64_t value) noexcept {
  if (value == 0) return out;
  return PutVarint(PutTag(out, field, proto::kVarint), value);
}

/// sfixed64, fixed64 or the bits of a double, 0 too.
inline char* PutFixed64(char* out, unsigned field, std::uint64_t value) noexcept {
  out = PutTag(out, field, proto::kFixed64);
  std::memcpy(out, &value, sizeof(value));
  return out + sizeof(value);
}

inline char* PutBytes(char* out, unsigned field, std::span<const std::uint8_t> bytes) noexcept {
  out = PutVarint(PutTag(out, field, proto::kBytes), bytes.size());
  if (!bytes.empty()) std::memcpy(out, bytes.data(), bytes.size());
  return out + bytes.size();
}

/// A field of unknown length: `put(out)` writes its content and returns the end. Most are shorter than 128
/// bytes, so one byte is kept for the length, and the content moved on where that is not enough.
template <typename PutContent>
inline char* PutNested(char* out, unsigned field, PutContent put) noexcept {
  out = PutTag(out, field, proto::kBytes);
  char* const content = out + 1;
  char* const end = put(content);
  const auto length = static_cast<std::size_t>(end - content);
  if (length < 0x80) [[likely]] {
    *out = static_cast<char>(length);
    return end;
  }
  char text[kMaxVarint];
  const auto length_bytes = static_cast<std::size_t>(PutVarint(text, length) - text);
  std::memmove(out + length_bytes, content, length);
  std::memcpy(out, text, length_bytes);
  return out + length_bytes + length;
}

}  // namespace hostscope::exporter
