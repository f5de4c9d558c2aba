#include "app/generate/zipf.h"

#include <algorithm>
#include <cmath>

namespace hostscope::app {
namespace {

// (e^x - 1) / x and ln(1 + x) / x with their limit 1 at 0: so that an exponent at or near 1 needs no case of
// its own.
double ExpM1Over(double x) noexcept {
  return std::abs(x) > 1e-8 ? std::expm1(x) / x : 1 + x / 2;
}
double Log1pOver(double x) noexcept {
  return std::abs(x) > 1e-8 ? std::log1p(x) / x : 1 - x / 2;
}

}  // namespace

Zipf::Zipf(std::uint64_t n, double exponent) noexcept : n_(static_cast<double>(n)), exponent_(exponent) {
  integral_first_ = Integral(1.5) - 1;
  integral_last_ = Integral(n_ + 0.5);
  squeeze_ = 2 - InverseIntegral(Integral(2.5) - Density(2));
}

double Zipf::Density(double x) const noexcept {
  return std::exp(-exponent_ * std::log(x));
}

double Zipf::Integral(double x) const noexcept {
  const double log_x = std::log(x);
  return ExpM1Over((1 - exponent_) * log_x) * log_x;
}

double Zipf::InverseIntegral(double y) const noexcept {
  const double t =
      std::max(y * (1 - exponent_), -1.0);  // rounding can take it below, where there is no logarithm
  return std::exp(Log1pOver(t) * y);
}

std::uint64_t Zipf::Draw(Random& random) const noexcept {
  while (true) {
    const double u = integral_last_ + random.Unit() * (integral_first_ - integral_last_);
    const double x = InverseIntegral(u);
    const double rank = std::clamp(std::floor(x + 0.5), 1.0, n_);
    if (rank - x <= squeeze_ || u >= Integral(rank + 0.5) - Density(rank))
      return static_cast<std::uint64_t>(rank);
  }
}

}  // namespace hostscope::app
