#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "aggregator/hashing.h"
#include "ipfix/flow_record.h"

/// The hashes of hashing.h for two flow records at once: four addresses or four ports in the four 64-bit
/// lanes of a vector, which takes half the instructions or less. Results are in the order first record's
/// source, first record's destination, second record's source, second record's destination.
namespace hostscope::aggregator {

namespace lanes {

inline __m256i All(std::uint64_t value) noexcept {
  return _mm256_set1_epi64x(static_cast<long long>(value));
}

/// a * b modulo 2^64.
inline __m256i Multiply(__m256i a, std::uint64_t b) noexcept {
  const __m256i low = All(b);
  const __m256i cross =
      _mm256_add_epi64(_mm256_mul_epu32(_mm256_srli_epi64(a, 32), low), _mm256_mul_epu32(a, All(b >> 32)));
  return _mm256_add_epi64(_mm256_mul_epu32(a, low), _mm256_slli_epi64(cross, 32));
}

/// Upper and lower half of a * b, combined with xor.
inline __m256i MultiplyAndFold(__m256i a, __m256i b) noexcept {
  const __m256i low_half = All(0xffffffff);
  const __m256i a_high = _mm256_srli_epi64(a, 32);
  const __m256i b_high = _mm256_srli_epi64(b, 32);
  const __m256i first = _mm256_mul_epu32(a, b);
  // Neither sum can overflow: (2^32 - 1)^2 + 2^32 - 1 < 2^64.
  const __m256i second = _mm256_add_epi64(_mm256_mul_epu32(a_high, b), _mm256_srli_epi64(first, 32));
  const __m256i third = _mm256_add_epi64(_mm256_mul_epu32(a, b_high), _mm256_and_si256(second, low_half));
  const __m256i upper =
      _mm256_add_epi64(_mm256_add_epi64(_mm256_mul_epu32(a_high, b_high), _mm256_srli_epi64(second, 32)),
                       _mm256_srli_epi64(third, 32));
  const __m256i lower = _mm256_blend_epi32(first, _mm256_slli_epi64(third, 32), 0b10101010);
  return _mm256_xor_si256(upper, lower);
}

template <int shift>
inline __m256i XorShift(__m256i hash) noexcept {
  return _mm256_xor_si256(hash, _mm256_srli_epi64(hash, shift));
}

/// xxh3::Hash16().
inline __m256i Hash16(__m256i low, __m256i high, std::uint64_t seed) noexcept {
  const __m256i byte_swap = _mm256_setr_epi8(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4,
                                             3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8);
  low = _mm256_xor_si256(low, All(xxh3::kSecret24And32 + seed));
  high = _mm256_xor_si256(high, All(xxh3::kSecret40And48 - seed));
  __m256i hash = _mm256_add_epi64(_mm256_add_epi64(_mm256_shuffle_epi8(low, byte_swap), high), All(16));
  hash = _mm256_add_epi64(hash, MultiplyAndFold(low, high));
  hash = Multiply(XorShift<37>(hash), xxh3::kAvalanche);
  return XorShift<32>(hash);
}

/// xxh3::HashBe16() of what it combines, in the low half of each lane, the upper half 0. So what the seed
/// adds to the upper half is the same for all, up to the first product.
inline __m256i HashBe16(__m256i combined, std::uint64_t seed) noexcept {
  const std::uint64_t secret = xxh3::kSecret0And4 + seed;
  const std::uint64_t upper = secret >> 32;
  const __m256i first = _mm256_xor_si256(combined, All((secret & 0xffffffff) ^ upper >> 1));
  const __m256i cross = _mm256_slli_epi64(_mm256_mul_epu32(first, All(xxh3::kPrime2 >> 32)), 32);
  __m256i hash = _mm256_add_epi64(_mm256_mul_epu32(first, All(xxh3::kPrime2)), cross);
  hash = _mm256_add_epi64(hash, All(upper * xxh3::kPrime2 << 32));
  hash = Multiply(XorShift<29>(hash), xxh3::kPrime3);
  return XorShift<32>(hash);
}

/// CouponOf(), in the low half of each lane; the upper half is 0.
inline __m256i CouponsOf(__m256i hashes) noexcept {
  // A number below 2^52 becomes a double by putting it into the fraction of 2^52, and taking 2^52 away: its
  // exponent then says where its highest bit stands.
  constexpr std::uint64_t kTwoTo52 = 0x4330000000000000ULL;
  constexpr std::uint64_t kExponentBias = 1023;
  const __m256i stopped =
      _mm256_or_si256(_mm256_srli_epi64(hashes, kCouponAddressBits - 1), All(kTwoTo52 | 1));
  const __m256d number = _mm256_sub_pd(_mm256_castsi256_pd(stopped), _mm256_castsi256_pd(All(kTwoTo52)));
  const __m256i exponent = _mm256_srli_epi64(_mm256_castpd_si256(number), 52);
  const __m256i value = _mm256_sub_epi64(All(kExponentBias + kMaxCouponValue), exponent);
  const __m256i address = _mm256_and_si256(hashes, All((std::uint64_t{1} << kCouponAddressBits) - 1));
  return _mm256_or_si256(_mm256_slli_epi64(value, kCouponAddressBits), address);
}

/// Picks the low half of each lane, in an order of lanes.
inline __m128i LowHalves(__m256i all, int a, int b, int c, int d) noexcept {
  const __m256i order = _mm256_setr_epi32(2 * a, 2 * b, 2 * c, 2 * d, 0, 0, 0, 0);
  return _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(all, order));
}

}  // namespace lanes

/// The addresses of two records, taken apart once for several hashes.
class AddressPairs {
 public:
  AddressPairs(const FlowRecord& first, const FlowRecord& second) noexcept {
    static_assert(offsetof(FlowRecord, source) == 0 && offsetof(FlowRecord, destination) == 16);
    const __m256i a = _mm256_load_si256(reinterpret_cast<const __m256i*>(&first));
    const __m256i b = _mm256_load_si256(reinterpret_cast<const __m256i*>(&second));
    high_ = _mm256_unpacklo_epi64(a, b);
    low_ = _mm256_unpackhi_epi64(a, b);
  }
  /// TableHash() of each.
  __m256i TableHashes(std::uint64_t key) const noexcept {
    return _mm256_permute4x64_epi64(lanes::Hash16(high_, low_, key), 0b11'01'10'00);
  }
  /// AddressCoupon() of each one's peer.
  __m128i PeerCoupons() const noexcept {
    return lanes::LowHalves(lanes::CouponsOf(lanes::Hash16(high_, low_, kSketchSeed)), 2, 0, 3, 1);
  }

 private:
  // First source, second source, first destination, second destination.
  __m256i high_;
  __m256i low_;
};

/// PortCoupon() of the first four of eight 16-bit ports.
inline __m128i PortCoupons(__m128i ports) noexcept {
  // As HashBe16() combines a port's bytes: the last one, the length, the first one, the last one.
  const __m256i spread = _mm256_setr_epi8(0, -1, 1, 0, -1, -1, -1, -1, 8, -1, 9, 8, -1, -1, -1, -1, 0, -1, 1,
                                          0, -1, -1, -1, -1, 8, -1, 9, 8, -1, -1, -1, -1);
  const __m256i bytes = _mm256_shuffle_epi8(_mm256_cvtepu16_epi64(ports), spread);
  const __m256i combined = _mm256_or_si256(bytes, lanes::All(2U << 8));
  return lanes::LowHalves(lanes::CouponsOf(lanes::HashBe16(combined, kSketchSeed)), 0, 1, 2, 3);
}

/// PortCoupon() of each port.
inline __m128i PortCoupons(const FlowRecord& first, const FlowRecord& second) noexcept {
  static_assert(offsetof(FlowRecord, destination_port) == offsetof(FlowRecord, source_port) + 2);
  const auto ports_of = [](const FlowRecord& record) {
    int ports;
    std::memcpy(&ports, &record.source_port, sizeof(ports));
    return ports;
  };
  return PortCoupons(_mm_insert_epi32(_mm_cvtsi32_si128(ports_of(first)), ports_of(second), 1));
}

}  // namespace hostscope::aggregator
