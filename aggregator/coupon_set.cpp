#include "aggregator/coupon_set.h"

#include <array>
#include <bit>

namespace hostscope::aggregator {
namespace {

/// For each choice of eight lanes: which lane goes to each place so that the chosen ones come first. Places
/// behind them get one that was not chosen, which is 0 by then.
constexpr auto kToFront = [] {
  std::array<std::uint64_t, 256> all{};
  for (unsigned chosen = 0; chosen < all.size(); ++chosen) {
    const auto rest = static_cast<unsigned>(std::countr_one(chosen)) % 8;
    unsigned place = 0;
    for (unsigned lane = 0; lane < 8; ++lane) {
      if ((chosen >> lane & 1) != 0) all[chosen] |= std::uint64_t{lane} << 8 * place++;
    }
    for (; place < 8; ++place) all[chosen] |= std::uint64_t{rest} << 8 * place;
  }
  return all;
}();

unsigned LanesOf(__m256i mask) noexcept {
  return static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(mask)));
}

/// Writes eight coupons, those that `mask` chooses first, then zeros. Returns how many it chose.
unsigned PutChosen(Coupon* to, __m256i coupons, __m256i mask) noexcept {
  const unsigned chosen = LanesOf(mask);
  const __m256i lanes =
      _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(&kToFront[chosen])));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to),
                      _mm256_permutevar8x32_epi32(_mm256_and_si256(coupons, mask), lanes));
  return static_cast<unsigned>(std::popcount(chosen));
}

/// For a coupon that is certainly not there.
void Place(Coupon* places, unsigned lg, Coupon coupon) noexcept {
  for (std::size_t at = FirstPlace(coupon, lg);; at = (at + kLinePlaces) & ((std::size_t{1} << lg) - 1)) {
    const unsigned free = CouponLine(places + at).Free();
    if (free == 0) continue;
    places[at + static_cast<unsigned>(std::countr_zero(free))] = coupon;
    return;
  }
}

/// The lanes where a bit of the coupon is set.
__m256i WhereBit(unsigned bit, __m256i coupons) noexcept {
  return _mm256_srai_epi32(_mm256_sll_epi32(coupons, _mm_cvtsi32_si128(static_cast<int>(31 - bit))), 31);
}

/// Of the bits that choose a coupon's line in a set of 1 << lg, the highest.
constexpr unsigned LineBit(unsigned lg) noexcept {
  return lg + 1;
}

bool AreDistinct(__m256i coupons) noexcept {
  // Each is compared with the four that follow it, in a circle.
  __m256i equal = _mm256_setzero_si256();
  for (int distance = 1; distance <= 4; ++distance) {
    const __m256i lanes =
        _mm256_add_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(distance));
    const __m256i others = _mm256_permutevar8x32_epi32(coupons, lanes);  // lanes modulo 8
    equal = _mm256_or_si256(equal, _mm256_cmpeq_epi32(coupons, others));
  }
  return LanesOf(equal) == 0;
}

}  // namespace

bool Contains(const Coupon* places, unsigned lg, Coupon coupon) noexcept {
  for (std::size_t at = FirstPlace(coupon, lg);; at = (at + kLinePlaces) & ((std::size_t{1} << lg) - 1)) {
    const CouponLine line(places + at);
    if (line.Contains(coupon)) return true;
    if (line.Free() != 0) return false;
  }
}

bool PlaceIfNew(Coupon* places, unsigned lg, Coupon coupon) noexcept {
  for (std::size_t at = FirstPlace(coupon, lg);; at = (at + kLinePlaces) & ((std::size_t{1} << lg) - 1)) {
    const CouponLine line(places + at);
    if (line.Contains(coupon)) return false;
    const unsigned free = line.Free();
    if (free == 0) continue;
    places[at + static_cast<unsigned>(std::countr_zero(free))] = coupon;
    return true;
  }
}

std::uint32_t StartSet(__m256i coupons, Coupon* to) noexcept {
  static_assert(std::size_t{1} << kLgSmallestSet == 2 * kLinePlaces);
  constexpr std::uint32_t kCoupons = 8;
  if (!AreDistinct(coupons)) [[unlikely]] {
    std::array<Coupon, kCoupons> all;
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(all.data()), coupons);
    std::uint32_t count = 0;
    for (const Coupon coupon : all) count += PlaceIfNew(to, kLgSmallestSet, coupon);
    return count;
  }
  const __m256i goes_far = WhereBit(LineBit(kLgSmallestSet), coupons);
  PutChosen(to, coupons, _mm256_xor_si256(goes_far, _mm256_set1_epi32(-1)));
  PutChosen(to + kLinePlaces, coupons, goes_far);
  return kCoupons;
}

// One more bit of a coupon chooses its line, so the coupons of a line go to just two, its own and the one
// half the new set further on: eight are sorted out at a time. Those that stand behind their line, since it
// was full, are few and come last.
void SplitSet(const Coupon* from, unsigned lg, Coupon* to) noexcept {
  const std::size_t all = std::size_t{1} << lg;
  std::array<Coupon, std::size_t{1} << kLgLargestSet> strays;
  std::size_t stray_count = 0;
  const __m256i line_bits = _mm256_set1_epi32(static_cast<int>((all - kLinePlaces) * sizeof(Coupon)));
  for (std::size_t at = 0; at < all; at += kLinePlaces) {
    const __m256i line = _mm256_set1_epi32(static_cast<int>(at * sizeof(Coupon)));
    Coupon* const near = to + at;
    Coupon* const far = to + all + at;
    unsigned near_count = 0;
    unsigned far_count = 0;
    for (std::size_t half = 0; half < kLinePlaces; half += 8) {
      const __m256i coupons = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + at + half));
      const __m256i is_home = _mm256_cmpeq_epi32(_mm256_and_si256(coupons, line_bits), line);
      const __m256i goes_far = WhereBit(LineBit(lg + 1), coupons);
      near_count += PutChosen(near + near_count, coupons, _mm256_andnot_si256(goes_far, is_home));
      far_count += PutChosen(far + far_count, coupons, _mm256_and_si256(goes_far, is_home));
      const __m256i is_free = _mm256_cmpeq_epi32(coupons, _mm256_setzero_si256());
      for (unsigned stray = ~LanesOf(_mm256_or_si256(is_home, is_free)) & 0xffU; stray != 0;
           stray &= stray - 1) {
        strays[stray_count++] = from[at + half + static_cast<unsigned>(std::countr_zero(stray))];
      }
    }
  }
  for (std::size_t i = 0; i < stray_count; ++i) Place(to, lg + 1, strays[i]);
}

}  // namespace hostscope::aggregator
