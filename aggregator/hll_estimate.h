#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace hostscope::aggregator {

inline constexpr unsigned kLgRegisters = 12;
inline constexpr std::size_t kRegisters = std::size_t{1} << kLgRegisters;

/// The number of distinct members behind 4096 HyperLogLog registers with values of up to kMaxCouponValue.
///
/// The improved raw estimator of O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches"
/// (2017, arXiv:1702.01284), algorithm 6: nearly unbiased from 0 up, with a relative standard error of about
/// 1.04 / sqrt(4096) = 1.63 % for large counts and less for small ones, and without the empirical tables and
/// the switching points of HLL++. It depends on the registers alone, not on the order in which they came to
/// be (no HIP), so united sketches are as good as direct ones.
double EstimateHll(std::span<const std::uint8_t, kRegisters> registers) noexcept;

}  // namespace hostscope::aggregator
