#pragma once

#include <cstdint>

#include "app/generate/random.h"

namespace hostscope::app {

/// Draws ranks 1 to n with probability proportional to 1 / rank^exponent, exactly, in constant time and
/// memory whatever n is: rejection-inversion, W. Hörmann & G. Derflinger, "Rejection-inversion to generate
/// variates from monotone discrete distributions", ACM TOMACS 6(3), 1996. An exponent of 0 draws evenly.
class Zipf {
 public:
  /// n at least 1, exponent at least 0.
  Zipf(std::uint64_t n, double exponent) noexcept;

  std::uint64_t Draw(Random& random) const noexcept;

 private:
  double Density(double x) const noexcept;   // h(x) = x^-exponent
  double Integral(double x) const noexcept;  // H(x), an antiderivative of h
  double InverseIntegral(double y) const noexcept;

  double n_;
  double exponent_;
  double integral_first_;  // H(1.5) - h(1)
  double integral_last_;   // H(n + 0.5)
  double squeeze_;         // distance from a rank within which no test is needed
};

}  // namespace hostscope::app
