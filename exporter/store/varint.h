#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

/// Numbers in as many bytes as they need: seven bits a byte, the least significant first, the top bit set in
/// all but the last (LEB128). A 64-bit number takes at most 10 bytes.
namespace hostscope::exporter {

__extension__ using Uint128 = unsigned __int128;

inline constexpr std::uint8_t kMoreBit = 0x80;
inline constexpr unsigned kBitsPerByte = 7;

template <typename Number>
inline void PutVarint(std::string& out, Number value) {
  while (value >= kMoreBit) {
    out.push_back(static_cast<char>(static_cast<std::uint8_t>(value) | kMoreBit));
    value >>= kBitsPerByte;
  }
  out.push_back(static_cast<char>(value));
}

/// Reads at `at`, which it moves; false where the bytes end, or say more than a Number holds.
template <typename Number>
[[nodiscard]] inline bool GetVarint(const char*& at, const char* end, Number& value) noexcept {
  constexpr unsigned kBits = 8 * sizeof(Number);
  value = 0;
  for (unsigned shift = 0; shift < kBits && at != end; shift += kBitsPerByte) {
    const auto byte = static_cast<std::uint8_t>(*at++);
    const auto bits = static_cast<Number>(byte & (kMoreBit - 1U));
    if (shift + kBitsPerByte > kBits && (bits >> (kBits - shift)) != 0) return false;
    value |= bits << shift;
    if ((byte & kMoreBit) == 0) return true;
  }
  return false;
}

/// Moves `at` over `count` numbers, eight bytes at a time; false where there are not so many.
[[nodiscard]] inline bool SkipVarints(const char*& at, const char* end, std::size_t count) noexcept {
  constexpr std::uint64_t kLastBits = 0x8080808080808080U;
  std::uint64_t word = 0;
  while (count >= sizeof(word) && static_cast<std::size_t>(end - at) >= sizeof(word)) {
    std::memcpy(&word, at, sizeof(word));
    count -= static_cast<std::size_t>(std::popcount(~word & kLastBits));
    at += sizeof(word);
  }
  while (count > 0 && at != end) {
    if ((static_cast<std::uint8_t>(*at++) & kMoreBit) == 0) --count;
  }
  return count == 0;
}

}  // namespace hostscope::exporter
