#include "exporter/record_id.h"

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

char* PutHex(char* out, const std::uint8_t* bytes, std::size_t count) noexcept {
  constexpr char kHex[] = "0123456789abcdef";
  for (std::size_t i = 0; i < count; ++i) {
    *out++ = kHex[bytes[i] >> 4];
    *out++ = kHex[bytes[i] & 0xf];
  }
  return out;
}

}  // namespace

RecordIdMaker::RecordIdMaker(std::string_view observer) : key_(kObserverAt, '\0') {
  key_ += observer;
}

void RecordIdMaker::SetWindow(const aggregator::WindowSpan& span) noexcept {
  StoreBigEndian(&key_[kStartAt], span.start.ns);
  StoreBigEndian(&key_[kLengthAt], span.length_ns);
}

char* RecordIdMaker::Format(const aggregator::HostRecord& record, char* out) noexcept {
  const Address& address = record.other ? record.network.network : record.host;
  key_[kKindAt] = record.other ? 1 : 0;
  std::memcpy(&key_[kAddressAt], address.bytes.data(), address.bytes.size());
  key_[kBitsAt] = static_cast<char>(record.other ? record.network.length : 0);
  XXH128_canonical_t hash;
  XXH128_canonicalFromHash(&hash, XXH3_128bits(key_.data(), key_.size()));
  static_assert(2 * sizeof(hash.digest) == kTextLength);
  return PutHex(out, hash.digest, sizeof(hash.digest));
}

}  // namespace hostscope::exporter
