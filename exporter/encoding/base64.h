#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace hostscope::exporter {

/// How many characters so many bytes have.
inline constexpr std::size_t Base64Length(std::size_t bytes) noexcept {
  return (bytes + 2) / 3 * 4;
}

/// `bytes` in base64 with padding (RFC 4648 section 4). Writes exactly Base64Length() characters; returns the
/// end.
char* PutBase64(char* out, std::span<const std::uint8_t> bytes) noexcept;

}  // namespace hostscope::exporter
