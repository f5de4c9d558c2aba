#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "aggregator/hashing.h"
#include "aggregator/host_slot.h"

namespace hostscope::aggregator {

/// Sets of coupons, open-addressed over cache lines: a coupon's low bits choose the line where it is looked
/// for first, and a line of which all 16 places are taken continues in the next one. 0 is a free place. At
/// most 3/4 of the 1 << lg places are taken; at that load one coupon in six finds its line full, at half of
/// it one in two thousand.
inline constexpr unsigned kLgSmallestSet = 5;
inline constexpr unsigned kLgLargestSet = 9;
inline constexpr std::size_t kLinePlaces = kCacheLine / sizeof(Coupon);

/// True where a set of this many coupons needs more than 1 << lg places.
inline constexpr bool IsCrowded(std::uint32_t coupons, unsigned lg) noexcept {
  return 4 * coupons > 3U << lg;
}

/// The first place of the line where a set of 1 << lg looks for a coupon.
inline std::size_t FirstPlace(Coupon coupon, unsigned lg) noexcept {
  return (coupon & ((sizeof(Coupon) << lg) - 1)) / sizeof(Coupon) & ~(kLinePlaces - 1);
}

/// The 16 places of a line.
class CouponLine {
 public:
  explicit CouponLine(const Coupon* at) noexcept
      : low_(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at))),
        high_(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(at) + 1)) {}

  bool Contains(Coupon coupon) const noexcept {
    const __m256i wanted = _mm256_set1_epi32(static_cast<int>(coupon));
    const __m256i equal =
        _mm256_or_si256(_mm256_cmpeq_epi32(low_, wanted), _mm256_cmpeq_epi32(high_, wanted));
    return _mm256_movemask_epi8(equal) != 0;
  }
  /// A bit for each free place.
  unsigned Free() const noexcept { return Zeros(low_) | Zeros(high_) << 8; }

 private:
  static unsigned Zeros(__m256i coupons) noexcept {
    const __m256i equal = _mm256_cmpeq_epi32(coupons, _mm256_setzero_si256());
    return static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(equal)));
  }

  __m256i low_;
  __m256i high_;
};

bool Contains(const Coupon* places, unsigned lg, Coupon coupon) noexcept;

/// Needs a free place. False where the coupon was there already.
bool PlaceIfNew(Coupon* places, unsigned lg, Coupon coupon) noexcept;

/// Puts eight coupons into a set of the smallest size, which is empty. Returns how many different ones they
/// are.
std::uint32_t StartSet(__m256i coupons, Coupon* to) noexcept;

/// Copies a set of 1 << lg places to one of twice as many, which is empty.
void SplitSet(const Coupon* from, unsigned lg, Coupon* to) noexcept;

}  // namespace hostscope::aggregator
