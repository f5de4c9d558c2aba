#pragma once

#include <immintrin.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "aggregator/mapped_memory.h"

namespace hostscope::aggregator {

/// Finds a host's slot number by its hash: open addressing over cache lines. A bucket is one line of eight
/// tags (32 bits of the hash, compared at once) and eight slot numbers; a full bucket continues in the next
/// one. Nothing is ever taken out, but for Clear(). At the load of 3/4 for which it is sized, about one
/// look-up in twenty needs a second line. The caller compares addresses: a tag is a hint, wrong once in some
/// hundred million look-ups. One thread.
class HostIndex {
 public:
  static constexpr std::uint32_t kAbsent = 0xffffffffU;
  static constexpr std::uint32_t kFree = 0;  ///< the tag of a place that is not taken

  explicit HostIndex(std::size_t max_hosts) : bucket_count_(BucketsFor(max_hosts)), buckets_(bucket_count_) {}

  /// What of a hash a look-up needs.
  struct Key {
    std::uint32_t tag;
    std::uint32_t bucket;
    bool is_none() const noexcept { return tag == kFree; }
    friend bool operator==(const Key&, const Key&) = default;
  };
  static constexpr Key kNoKey{0, 0};  ///< no hash has it, nor its tag
  // The tag comes from the low half and the bucket from the high half, so that hosts of one bucket differ in
  // the tag. Any number of buckets, not only powers of two: max_hosts costs what it says. (D. Lemire, "Fast
  // random integer generation in an interval", 2019.)
  Key KeyOf(std::uint64_t hash) const noexcept { return KeyOf(hash, bucket_count_); }
  static Key KeyOf(std::uint64_t hash, std::size_t bucket_count) noexcept {
    const auto tag = static_cast<std::uint32_t>(hash);
    return {tag + (tag == kFree), static_cast<std::uint32_t>(((hash >> 32) * bucket_count) >> 32)};
  }
  /// The same for a hash in each 64-bit lane: four keys as they lie in memory.
  static __m256i KeysOf(__m256i hashes, std::size_t bucket_count) noexcept {
    static_assert(sizeof(Key) == 8 && offsetof(Key, tag) == 0 && kFree == 0);
    const __m256i is_free = _mm256_cmpeq_epi32(hashes, _mm256_setzero_si256());  // -1 where it is
    const __m256i buckets = _mm256_mul_epu32(_mm256_srli_epi64(hashes, 32),
                                             _mm256_set1_epi64x(static_cast<long long>(bucket_count)));
    return _mm256_blend_epi32(_mm256_sub_epi32(hashes, is_free), buckets, 0b10101010);
  }

  void Prefetch(Key key) const noexcept { __builtin_prefetch(&buckets_[key.bucket], 1); }

  /// The slot of the first entry with this hash's tag, most likely the host's, or kAbsent: then it is
  /// certainly not there.
  std::uint32_t FindCandidate(Key key) const noexcept {
    const Bucket& home = buckets_[key.bucket];
    const unsigned hits = home.Places(key.tag);
    if (hits != 0) [[likely]]
      return home.slots[std::countr_zero(hits)];
    return Find(key, [](std::uint32_t) { return true; });
  }

  /// The slot for which `matches(slot)` is true, or kAbsent.
  template <typename Matches>
  std::uint32_t Find(Key key, Matches matches) const noexcept {
    for (std::size_t at = key.bucket;; at = Next(at)) {
      const Bucket& bucket = buckets_[at];
      for (unsigned hits = bucket.Places(key.tag); hits != 0; hits &= hits - 1) {
        const std::uint32_t slot = bucket.slots[std::countr_zero(hits)];
        if (matches(slot)) return slot;
      }
      if (bucket.Places(kFree) != 0) return kAbsent;
    }
  }

  /// The host must not be there yet, and fewer than max_hosts be.
  void Insert(Key key, std::uint32_t slot) noexcept {
    for (std::size_t at = key.bucket;; at = Next(at)) {
      Bucket& bucket = buckets_[at];
      const unsigned free = bucket.Places(kFree);
      if (free == 0) continue;
      const auto place = static_cast<unsigned>(std::countr_zero(free));
      bucket.tags[place] = key.tag;
      bucket.slots[place] = slot;
      return;
    }
  }

  void Clear() noexcept {
    std::memset(static_cast<void*>(buckets_.data()), 0, bucket_count_ * sizeof(Bucket));
  }
  /// Clears the buckets that a host with this key can be in. Done for each host, it leaves all clear.
  void ClearAround(Key key) noexcept {
    for (std::size_t at = key.bucket;; at = Next(at)) {
      Bucket& bucket = buckets_[at];
      const bool is_full = bucket.Places(kFree) == 0;
      bucket = Bucket{};
      if (!is_full) return;
    }
  }

  std::size_t bucket_count() const noexcept { return bucket_count_; }
  static std::size_t BytesFor(std::size_t max_hosts) noexcept {
    return BucketsFor(max_hosts) * sizeof(Bucket);
  }

 private:
  static constexpr std::size_t kPlaces = 8;

  struct alignas(64) Bucket {
    std::uint32_t tags[kPlaces];
    std::uint32_t slots[kPlaces];

    /// A bit for each place with this tag.
    unsigned Places(std::uint32_t tag) const noexcept {
      const __m256i all = _mm256_load_si256(reinterpret_cast<const __m256i*>(tags));
      const __m256i equal = _mm256_cmpeq_epi32(all, _mm256_set1_epi32(static_cast<int>(tag)));
      return static_cast<unsigned>(_mm256_movemask_ps(_mm256_castsi256_ps(equal)));
    }
  };
  static_assert(sizeof(Bucket) == 64, "a bucket is one cache line");

  static std::size_t BucketsFor(std::size_t max_hosts) noexcept { return max_hosts / (kPlaces * 3 / 4) + 2; }

  std::size_t Next(std::size_t at) const noexcept { return at + 1 == bucket_count_ ? 0 : at + 1; }

  std::size_t bucket_count_;
  MappedArray<Bucket> buckets_;
};

}  // namespace hostscope::aggregator
