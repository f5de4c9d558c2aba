#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "tests/fuzz/senders.h"

/// How an input of fuzz_sequence is written: for each datagram a byte (bits 0 to 2 the sender, the others the
/// seconds since the datagram before), its length in two bytes, and its bytes. A length beyond the input
/// means what is left.
namespace hostscope::fuzz {

inline constexpr std::size_t kSequenceItemHeader = 3;

struct SequenceItem {
  std::uint8_t control = 0;
  std::vector<std::uint8_t> payload;

  std::size_t sender() const { return control % kSenders; }
  std::int64_t seconds() const { return control / kSenders; }
};

inline std::vector<SequenceItem> ReadSequence(std::span<const std::uint8_t> input) {
  std::vector<SequenceItem> items;
  while (input.size() >= kSequenceItemHeader) {
    const std::size_t written_length = static_cast<std::size_t>(input[1]) << 8 | input[2];
    const std::span<const std::uint8_t> rest = input.subspan(kSequenceItemHeader);
    const std::span<const std::uint8_t> payload = rest.first(std::min(written_length, rest.size()));
    items.push_back({input[0], {payload.begin(), payload.end()}});
    input = rest.subspan(payload.size());
  }
  return items;
}

inline std::vector<std::uint8_t> WriteSequence(const std::vector<SequenceItem>& items) {
  ipfix::test::Bytes bytes;
  for (const SequenceItem& item : items) {
    bytes.U8(item.control).U16(item.payload.size()).Append(item.payload);
  }
  return bytes.raw();
}

}  // namespace hostscope::fuzz
