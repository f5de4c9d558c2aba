#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace hostscope::app {

/// xoshiro256++ (Blackman & Vigna, "Scrambled linear pseudorandom number generators", 2021), seeded by
/// SplitMix64. The same numbers on every machine, which the standard library's distributions don't promise.
/// One thread.
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept {
    for (std::uint64_t& word : state_) {
      seed += 0x9e3779b97f4a7c15ULL;
      std::uint64_t mixed = seed;
      mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9ULL;
      mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebULL;
      word = mixed ^ mixed >> 31;
    }
  }

  std::uint64_t Bits() noexcept {
    const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  /// 0 to limit - 1, limit at most 2^32. The bias, below limit / 2^32, does not matter for traffic.
  std::uint64_t Below(std::uint64_t limit) noexcept { return (Bits() >> 32) * limit >> 32; }

  /// [0, 1).
  double Unit() noexcept { return static_cast<double>(Bits() >> 11) * 0x1.0p-53; }

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace hostscope::app
