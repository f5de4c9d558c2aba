#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "ipfix/address.h"

namespace hostscope::app {

/// Appends big-endian integers to a buffer that keeps its memory between messages.
class ByteWriter {
 public:
  void Clear() noexcept { bytes_.clear(); }
  void PutBe(std::uint64_t value, std::size_t length) {
    const std::size_t at = Extend(length);
    for (std::size_t i = length; i-- > 0; value >>= 8) bytes_[at + i] = static_cast<std::uint8_t>(value);
  }
  void Put8(std::uint8_t value) { bytes_.push_back(value); }
  void Put16(std::uint64_t value) { PutBe(value & 0xffff, 2); }
  void Put32(std::uint64_t value) { PutBe(value & 0xffffffff, 4); }
  void Put64(std::uint64_t value) { PutBe(value, 8); }
  void PutBytes(std::span<const std::uint8_t> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  void PutZeros(std::size_t count) { Extend(count); }
  void PutIpv4(const Address& address) { PutBytes(std::span(address.bytes).subspan(12)); }
  void PutIpv6(const Address& address) { PutBytes(address.bytes); }
  /// Overwrites two bytes that were put before.
  void Set16(std::size_t at, std::size_t value) noexcept {
    bytes_[at] = static_cast<std::uint8_t>(value >> 8);
    bytes_[at + 1] = static_cast<std::uint8_t>(value);
  }

  std::size_t size() const noexcept { return bytes_.size(); }
  std::span<const std::uint8_t> bytes() const noexcept { return bytes_; }

 private:
  std::size_t Extend(std::size_t count) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + count);
    return at;
  }

  std::vector<std::uint8_t> bytes_;
};

}  // namespace hostscope::app
