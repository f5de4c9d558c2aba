#include "aggregator/hll_estimate.h"

#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "aggregator/hashing.h"

namespace hostscope::aggregator {
namespace {

/// Register values are 0 to kMaxCouponValue, so what the paper calls q is one less.
using Histogram = std::array<std::uint32_t, 64>;

Histogram CountValues(std::span<const std::uint8_t, kRegisters> registers) noexcept {
  // Four counts of each value: neighbouring registers are often equal, and would wait for each other's store.
  std::array<Histogram, 4> parts{};
  for (std::size_t i = 0; i < kRegisters; i += 4) {
    for (std::size_t lane = 0; lane < 4; ++lane) ++parts[lane][registers[i + lane] & 63U];
  }
  Histogram sum{};
  for (std::size_t value = 0; value < sum.size(); ++value) {
    sum[value] = parts[0][value] + parts[1][value] + parts[2][value] + parts[3][value];
  }
  return sum;
}

/// sigma(x) = x + sum over k >= 1 of x^(2^k) 2^(k-1): corrects for registers that are still 0.
double Sigma(double x) noexcept {
  if (x >= 1.0) return std::numeric_limits<double>::infinity();
  double weight = 1.0;
  double sum = x;
  for (double before = -1.0; sum != before;) {
    before = sum;
    x *= x;
    sum += x * weight;
    weight += weight;
  }
  return sum;
}

/// tau(x) = (1 - x - sum over k >= 1 of (1 - x^(2^-k))^2 2^-k) / 3: corrects for registers at their maximum.
double Tau(double x) noexcept {
  if (x <= 0.0 || x >= 1.0) return 0.0;
  double weight = 1.0;
  double sum = 1.0 - x;
  for (double before = -1.0; sum != before;) {
    before = sum;
    x = std::sqrt(x);
    weight *= 0.5;
    sum -= (1.0 - x) * (1.0 - x) * weight;
  }
  return sum / 3.0;
}

}  // namespace

double EstimateHll(std::span<const std::uint8_t, kRegisters> registers) noexcept {
  constexpr auto kM = static_cast<double>(kRegisters);
  constexpr double kAlphaInfinity = 0.5 / std::numbers::ln2;
  const Histogram counts = CountValues(registers);
  double z = kM * Tau(1.0 - static_cast<double>(counts[kMaxCouponValue]) / kM);
  for (std::size_t value = kMaxCouponValue - 1; value >= 1; --value) {
    z = 0.5 * (z + static_cast<double>(counts[value]));
  }
  z += kM * Sigma(static_cast<double>(counts[0]) / kM);
  return kAlphaInfinity * kM * kM / z;
}

}  // namespace hostscope::aggregator
