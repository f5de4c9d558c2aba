#include "aggregator/sketch_bytes.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "aggregator/distinct-inl.h"

namespace hostscope::aggregator {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are copied as they are");

enum Mode : std::uint8_t { kListMode = 0, kSetMode = 1, kDenseMode = 2 };
constexpr std::uint8_t kVersionNumber = 1;
constexpr std::uint8_t kHllFamily = 7;
constexpr std::uint8_t kHll8 = 2;
constexpr unsigned kModeMask = 3;
constexpr unsigned kTypeShift = 2;

constexpr std::uint8_t kEmptyFlag = 4;
constexpr std::uint8_t kCompactFlag = 8;
constexpr std::uint8_t kOutOfOrderFlag = 16;
constexpr std::uint8_t kStaleSumsFlag = 32;
constexpr std::uint8_t kKnownFlags = kEmptyFlag | kCompactFlag | kOutOfOrderFlag | kStaleSumsFlag;

// Theirs becomes a set with the eighth member, ours with the ninth.
constexpr std::size_t kMaxListCoupons = 7;
constexpr std::uint8_t kLgListPlaces = 3;
constexpr std::size_t kMaxSetCoupons = std::size_t{3} << kLgLargestSet >> 2;

constexpr std::size_t kCommonBytes = 8;
constexpr std::size_t kListStart = 8;
constexpr std::size_t kSetStart = 12;
constexpr std::size_t kDenseStart = 40;
static_assert(kSetStart + kMaxSetCoupons * sizeof(Coupon) < kMaxSketchBytes);
static_assert(kDenseStart + kRegisters == kMaxSketchBytes);

/// The first eight bytes.
struct Preamble {
  std::uint8_t words;
  std::uint8_t version = kVersionNumber;
  std::uint8_t family = kHllFamily;
  std::uint8_t lg_k = kLgRegisters;
  std::uint8_t lg_places = 0;
  std::uint8_t flags = kCompactFlag;
  std::uint8_t list_count = 0;
  std::uint8_t mode;

  unsigned CurrentMode() const noexcept { return mode & kModeMask; }
};
static_assert(sizeof(Preamble) == kCommonBytes);

constexpr std::uint8_t ModeByte(Mode mode) noexcept {
  return static_cast<std::uint8_t>(mode | kHll8 << kTypeShift);
}

template <typename T>
void Store(std::uint8_t* at, const T& value) noexcept {
  std::memcpy(at, &value, sizeof(value));
}

unsigned LgPlacesFor(std::size_t coupons) noexcept {
  unsigned lg = kLgSmallestSet;
  while (IsCrowded(static_cast<std::uint32_t>(coupons), lg)) ++lg;
  return lg;
}

bool IsPossible(Coupon coupon) noexcept {
  const std::uint32_t value = coupon >> kCouponAddressBits;
  return value >= 1 && value <= kMaxCouponValue;
}

SketchBytes CheckPreamble(const Preamble& preamble) noexcept {
  if (preamble.version != kVersionNumber) return SketchBytes::kVersion;
  if (preamble.family != kHllFamily) return SketchBytes::kFamily;
  if (preamble.lg_k != kLgRegisters) return SketchBytes::kLgK;
  if (preamble.CurrentMode() > kDenseMode) return SketchBytes::kMode;
  if (preamble.mode >> kTypeShift != kHll8) return SketchBytes::kType;
  constexpr std::array<std::uint8_t, 3> kWords{2, 3, 10};
  if (preamble.words != kWords[preamble.CurrentMode()]) return SketchBytes::kPreamble;
  if ((preamble.flags & ~kKnownFlags) != 0) return SketchBytes::kFlags;
  // A dense sketch of this type is the same in both forms.
  const bool is_compact = (preamble.flags & kCompactFlag) != 0;
  return is_compact || preamble.CurrentMode() == kDenseMode ? SketchBytes::kGood : SketchBytes::kFlags;
}

SketchBytes CheckLength(std::size_t actual, std::size_t wanted) noexcept {
  if (actual == wanted) return SketchBytes::kGood;
  return actual < wanted ? SketchBytes::kTruncated : SketchBytes::kTooLong;
}

SketchBytes ReadCoupons(std::span<const std::uint8_t> bytes, std::size_t count, Sketch& sketch) {
  if (const SketchBytes wrong = CheckLength(bytes.size(), count * sizeof(Coupon));
      wrong != SketchBytes::kGood)
    return wrong;
  Sketch read;
  read.coupons.resize(count);
  if (count != 0) std::memcpy(read.coupons.data(), bytes.data(), bytes.size());
  if (!std::all_of(read.coupons.begin(), read.coupons.end(), IsPossible)) return SketchBytes::kCoupon;
  std::sort(read.coupons.begin(), read.coupons.end());
  if (std::adjacent_find(read.coupons.begin(), read.coupons.end()) != read.coupons.end())
    return SketchBytes::kRepeatedCoupon;
  sketch = std::move(read);
  return SketchBytes::kGood;
}

SketchBytes ReadDense(std::span<const std::uint8_t> bytes, Sketch& sketch) {
  if (const SketchBytes wrong = CheckLength(bytes.size(), kMaxSketchBytes); wrong != SketchBytes::kGood)
    return wrong;
  const std::span<const std::uint8_t> registers = bytes.subspan(kDenseStart);
  if (*std::max_element(registers.begin(), registers.end()) > kMaxCouponValue) return SketchBytes::kRegister;
  sketch = Sketch{};
  sketch.registers.assign(registers.begin(), registers.end());
  return SketchBytes::kGood;
}

}  // namespace

std::size_t WriteCoupons(std::span<const Coupon> coupons, std::uint8_t* out) noexcept {
  const std::size_t count = coupons.size();
  const bool is_list = count <= kMaxListCoupons;
  Preamble preamble{.words = 2, .lg_places = kLgListPlaces, .mode = ModeByte(kListMode)};
  if (is_list) {
    preamble.list_count = static_cast<std::uint8_t>(count);
    if (count == 0) preamble.flags |= kEmptyFlag;
  } else {
    preamble.words = 3;
    preamble.lg_places = static_cast<std::uint8_t>(LgPlacesFor(count));
    preamble.mode = ModeByte(kSetMode);
    Store(out + kListStart, static_cast<std::uint32_t>(count));
  }
  Store(out, preamble);
  const std::size_t start = is_list ? kListStart : kSetStart;
  if (count != 0) std::memcpy(out + start, coupons.data(), coupons.size_bytes());
  return start + coupons.size_bytes();
}

std::size_t WriteRegisters(std::span<const std::uint8_t, kRegisters> registers, std::uint8_t* out) noexcept {
  // Exact: terms are powers of two from 2^-31 to 1, and 2^-39 to 2^-32, and there are 2^12 of them.
  constexpr unsigned kFirstOfSecondSum = 32;
  std::array<std::uint32_t, 64> counts{};
  for (const std::uint8_t value : registers) ++counts[value & 63U];
  double sums[2] = {0, 0};
  for (unsigned value = 0; value < counts.size(); ++value) {
    sums[value < kFirstOfSecondSum ? 0 : 1] += std::ldexp(counts[value], -static_cast<int>(value));
  }
  Store(out, Preamble{.words = 10, .flags = kOutOfOrderFlag, .mode = ModeByte(kDenseMode)});
  Store(out + 8, 0.0);
  Store(out + 16, sums[0]);
  Store(out + 24, sums[1]);
  Store(out + 32, counts[0]);
  Store(out + 36, std::uint32_t{0});
  std::memcpy(out + kDenseStart, registers.data(), registers.size());
  return kMaxSketchBytes;
}

SketchBytes ReadSketch(std::span<const std::uint8_t> bytes, Sketch& sketch) {
  if (bytes.size() < kCommonBytes) return SketchBytes::kTruncated;
  Preamble preamble;
  std::memcpy(&preamble, bytes.data(), sizeof(preamble));
  if (const SketchBytes wrong = CheckPreamble(preamble); wrong != SketchBytes::kGood) return wrong;
  const bool is_empty = (preamble.flags & kEmptyFlag) != 0;
  if (preamble.CurrentMode() == kDenseMode) return is_empty ? SketchBytes::kFlags : ReadDense(bytes, sketch);
  std::size_t count = preamble.list_count;
  std::size_t start = kListStart;
  std::size_t most = kMaxListCoupons;
  if (preamble.CurrentMode() == kSetMode) {
    start = kSetStart;
    most = kMaxSetCoupons;
    if (bytes.size() < start) return SketchBytes::kTruncated;
    std::uint32_t set_count = 0;
    std::memcpy(&set_count, &bytes[kListStart], sizeof(set_count));
    count = set_count;
  }
  if (count > most) return SketchBytes::kCount;
  if (is_empty != (count == 0)) return SketchBytes::kFlags;
  return ReadCoupons(bytes.subspan(start), count, sketch);
}

std::string_view NameOf(SketchBytes outcome) noexcept {
  static constexpr std::array<std::string_view, 14> kNames{
      "good",
      "shorter than it says",
      "longer than it says",
      "not the preamble's length of its mode",
      "not version 1 of the format",
      "not an HLL sketch",
      "not of lgK 12",
      "not of type HLL_8",
      "neither list, set nor dense",
      "flags that are unknown, contradict the content, or say that it is not compact",
      "more coupons than its mode holds",
      "a coupon that no 64-bit hash gives",
      "the same coupon twice",
      "a register value that no 64-bit hash gives",
  };
  static_assert(kNames.size() == static_cast<std::size_t>(SketchBytes::kRegister) + 1);
  return kNames[static_cast<std::size_t>(outcome)];
}

std::uint64_t Estimate(const Sketch& sketch) noexcept {
  if (sketch.registers.empty()) return sketch.coupons.size();
  const std::span<const std::uint8_t, kRegisters> registers(sketch.registers.data(), kRegisters);
  return static_cast<std::uint64_t>(std::llround(EstimateHll(registers)));
}

}  // namespace hostscope::aggregator
