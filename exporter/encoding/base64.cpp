#include "exporter/encoding/base64.h"

namespace hostscope::exporter {
namespace {

constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The highest of `count` digits of six bits each of a group of 24 bits, the others as padding.
char* PutGroup(char* out, std::uint32_t group, unsigned count) noexcept {
  for (unsigned i = 0; i < 4; ++i) out[i] = i < count ? kDigits[group >> (18 - 6 * i) & 63U] : '=';
  return out + 4;
}

}  // namespace

char* PutBase64(char* out, std::span<const std::uint8_t> bytes) noexcept {
  const std::size_t whole = bytes.size() / 3 * 3;
  for (std::size_t i = 0; i < whole; i += 3) {
    const std::uint32_t group =
        std::uint32_t{bytes[i]} << 16 | std::uint32_t{bytes[i + 1]} << 8 | bytes[i + 2];
    out = PutGroup(out, group, 4);
  }
  if (bytes.size() - whole == 1) return PutGroup(out, std::uint32_t{bytes[whole]} << 16, 2);
  if (bytes.size() - whole == 2)
    return PutGroup(out, std::uint32_t{bytes[whole]} << 16 | std::uint32_t{bytes[whole + 1]} << 8, 3);
  return out;
}

}  // namespace hostscope::exporter
