#include "ipfix/sampling.h"

#include <limits>

namespace hostscope::ipfix {
namespace {

constexpr std::uint64_t kMaxTerm = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kLow24Bits = 0xffffffU;

bool Set(SamplingRate& rate, std::uint64_t population, std::uint64_t sample) noexcept {
  if (population == 0 || sample == 0 || population > kMaxTerm || sample > kMaxTerm) return false;
  if (population < sample) population = sample;  // selecting more than there is: unsampled
  rate = {static_cast<std::uint32_t>(population), static_cast<std::uint32_t>(sample)};
  return true;
}

std::uint64_t UndoByteSwap(std::uint64_t interval) noexcept {
  const bool looks_swapped = interval > kLow24Bits && interval <= kMaxTerm && (interval & kLow24Bits) == 0;
  return looks_swapped ? __builtin_bswap32(static_cast<std::uint32_t>(interval)) : interval;
}

}  // namespace

bool RateOf(const SamplingFields& fields, SamplingRate& rate) noexcept {
  if (fields.packet_interval != 0) {
    if (!fields.has_packet_space) return Set(rate, fields.packet_interval, 1);
    if (fields.packet_space <= kMaxTerm &&
        Set(rate, fields.packet_interval + fields.packet_space, fields.packet_interval)) {
      return true;
    }
  }
  if (Set(rate, fields.population, fields.size)) return true;
  return Set(rate, UndoByteSwap(fields.interval), 1);
}

}  // namespace hostscope::ipfix
