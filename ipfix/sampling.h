#pragma once

#include <cstdint>

namespace hostscope::ipfix {

/// One packet in how many was looked at, as a fraction: `population` packets were observed for every `sample`
/// that were selected. Both at least 1; {1, 1} is unsampled.
struct SamplingRate {
  std::uint32_t population = 1;
  std::uint32_t sample = 1;

  bool IsScaling() const noexcept { return population > sample; }
  double value() const noexcept { return static_cast<double>(population) / sample; }

  /// `counter` times the rate, rounded to the nearest; the largest value where 64 bits don't hold it.
  std::uint64_t Scale(std::uint64_t counter) const noexcept {
    std::uint64_t product;
    if (__builtin_mul_overflow(counter, std::uint64_t{population}, &product)) return UINT64_MAX;
    return sample == 1 ? product : product / sample + (product % sample >= (sample + 1) / 2 ? 1 : 0);
  }

  friend bool operator==(const SamplingRate&, const SamplingRate&) = default;
};

/// What a record says of sampling; 0 is what a field has that is absent.
struct SamplingFields {
  std::uint64_t interval = 0;  ///< samplingInterval (34) or samplerRandomInterval (50): one in this many
  std::uint64_t packet_interval = 0;  ///< samplingPacketInterval (305): packets taken in a row
  std::uint64_t packet_space = 0;     ///< samplingPacketSpace (306): packets then left out
  bool has_packet_space = false;
  std::uint64_t size = 0;        ///< samplingSize (309): n packets of
  std::uint64_t population = 0;  ///< samplingPopulation (310): every N
};

/// The rate that the fields announce, in the order 305/306, 309/310, 34 or 50; false when they announce none.
/// - 305 = 1 and 306 = 999 is 1 in 1000. Cisco NCS sends N in 305 alone: without 306, 305 is the rate.
/// - RouterOS 6.49 sends 34 byte-swapped: a value whose low 24 bits are 0 is turned around.
[[nodiscard]] bool RateOf(const SamplingFields& fields, SamplingRate& rate) noexcept;

}  // namespace hostscope::ipfix
