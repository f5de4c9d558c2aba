#include "exporter/encoding/record_id.h"

#include <immintrin.h>

#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace hostscope::exporter {
namespace {

constexpr std::size_t kStartAt = 0;
constexpr std::size_t kLengthAt = 8;
constexpr std::size_t kKindAt = 16;
constexpr std::size_t kAddressAt = 17;
constexpr std::size_t kBitsAt = 33;
constexpr std::size_t kObserverAt = 34;

void StoreBigEndian(char* at, std::int64_t value) noexcept {
  const std::uint64_t swapped = __builtin_bswap64(static_cast<std::uint64_t>(value));
  std::memcpy(at, &swapped, sizeof(swapped));
}

// 16 bytes as 32 digits: each half-byte picks its digit, all at once.
char* PutHex(char* out, const std::uint8_t* bytes) noexcept {
  const __m128i digits =
      _mm_setr_epi8('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f');
  const __m128i half = _mm_set1_epi8(0x0f);
  const __m128i both = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  const __m128i high = _mm_shuffle_epi8(digits, _mm_and_si128(_mm_srli_epi16(both, 4), half));
  const __m128i low = _mm_shuffle_epi8(digits, _mm_and_si128(both, half));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_unpacklo_epi8(high, low));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 16), _mm_unpackhi_epi8(high, low));
  return out + 32;
}

}  // namespace

RecordIdMaker::RecordIdMaker(std::string_view observer) : key_(kObserverAt, '\0') {
  key_ += observer;
}

void RecordIdMaker::SetWindow(const aggregator::WindowSpan& span) noexcept {
  window_start_ = span.start;
  StoreBigEndian(&key_[kStartAt], span.start.ns);
  StoreBigEndian(&key_[kLengthAt], span.length_ns);
}

RecordIdMaker::Id RecordIdMaker::Make(const aggregator::HostRecord& record) noexcept {
  return record.other ? Make(Kind::kOther, record.network.network, record.network.length)
                      : Make(Kind::kHost, record.host, 0);
}

RecordIdMaker::Id RecordIdMaker::Make(const aggregator::NetworkRecord& record) noexcept {
  return Make(Kind::kNetwork, record.prefix.network, record.prefix.length);
}

RecordIdMaker::Id RecordIdMaker::Make(const aggregator::ProfileEvent& event) noexcept {
  return Make(Kind::kAnomaly, event.host, static_cast<std::uint8_t>(event.state));
}

RecordIdMaker::Id RecordIdMaker::MakeAnomaly(const aggregator::ProfileEvent& event) noexcept {
  StoreBigEndian(&key_[kStartAt], event.since.ns);
  const Id id = Make(Kind::kAnomaly, event.host, static_cast<std::uint8_t>(aggregator::EventState::kOpen));
  StoreBigEndian(&key_[kStartAt], window_start_.ns);
  return id;
}

RecordIdMaker::Id RecordIdMaker::Make(Kind kind, const Address& address, std::uint8_t length) noexcept {
  key_[kKindAt] = static_cast<char>(kind);
  std::memcpy(&key_[kAddressAt], address.bytes.data(), address.bytes.size());
  key_[kBitsAt] = static_cast<char>(length);
  XXH128_canonical_t hash;
  XXH128_canonicalFromHash(&hash, XXH3_128bits(key_.data(), key_.size()));
  return std::to_array(hash.digest);
}

char* RecordIdMaker::PutId(const Id& id, char* out) noexcept {
  return PutHex(out, id.data());
}
char* RecordIdMaker::FormatAnomaly(const aggregator::ProfileEvent& event, char* out) noexcept {
  return PutId(MakeAnomaly(event), out);
}
char* RecordIdMaker::FormatWindow(char* out) noexcept {
  return PutId(Make(Kind::kWindow, Address{}, 0), out);
}

}  // namespace hostscope::exporter
